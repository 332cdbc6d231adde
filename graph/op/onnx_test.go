package op

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
)

// onnxOps are the operators of ONNX that this package has an operation for.
// Every test case of the ONNX project that has one of them is run or is listed
// in notApplicable. Dropout and Reshape have no node case of their own in the
// data: Reshape is part of test_PixelShuffle and, as Dropout, of light models.
// The "_expanded" forms of cases, the same functions written as graphs of
// primitive operators, are not in the data either.
var onnxOps = []string{
	"Add", "AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "Dropout", "Flatten", "Gelu", "Gemm",
	"GlobalAveragePool", "LeakyRelu", "LogSoftmax", "MatMul", "MaxPool", "NegativeLogLikelihoodLoss", "Relu",
	"Reshape", "Sigmoid", "Softmax", "SoftmaxCrossEntropyLoss", "Tanh",
}

// notApplicable lists the cases that cannot be run, and why.
var notApplicable = map[string]string{
	"node/test_add_int8":         "int8: the operations are float32",
	"node/test_add_int16":        "int16: the operations are float32",
	"node/test_add_uint8":        "uint8: the operations are float32",
	"node/test_add_uint16":       "uint16: the operations are float32",
	"node/test_add_uint32":       "uint32: the operations are float32",
	"node/test_add_uint64":       "uint64: the operations are float32",
	"node/test_maxpool_2d_uint8": "uint8: the operations are float32",
	"node/test_convtranspose_3d": "three spatial dimensions, which unlike those of a pooling do not come apart",
}

// onnxTolerance is the relative tolerance; the ONNX project's own runner takes
// 1e-3. Both allow 1e-7 besides.
const onnxTolerance = 1e-5

// onnxLoose are the cases that need more than onnxTolerance, and why.
var onnxLoose = map[string]float64{
	"node/test_averagepool_2d_ceil_last_window_starts_on_pad": 5e-4, // wanted in four decimals
}

// onnxFolder is where the ONNX project's cases lie.
func onnxFolder(t *testing.T) string {
	data := os.Getenv("ZOO_DATA")
	if data == "" {
		t.Skip("ZOO_DATA is not set")
	}
	return filepath.Join(data, "onnx-node-tests")
}

func TestONNXCases(t *testing.T) {
	folder := onnxFolder(t)
	seen := map[string]bool{}
	for _, kind := range []string{"node", "pytorch-converted"} {
		dirs, err := filepath.Glob(filepath.Join(folder, kind, "test_*"))
		if err != nil || len(dirs) == 0 {
			t.Fatalf("no cases in %s, error %v", filepath.Join(folder, kind), err)
		}
		for _, dir := range dirs {
			c, err := onnxtest.LoadCase(dir)
			if err != nil {
				t.Error(err)
				continue
			}
			name := kind + "/" + c.Name
			if !concerns(c.Model) {
				continue
			}
			seen[name] = true
			if _, listed := notApplicable[name]; listed {
				continue
			}
			onEachTier(t, name, func(t *testing.T) { runCase(t, c, name) })
		}
	}
	for name := range notApplicable {
		if !seen[name] {
			t.Errorf("%s is listed as not applicable, but there is no such case", name)
		}
	}
	for name := range onnxLoose {
		if !seen[name] {
			t.Errorf("%s has a tolerance of its own, but there is no such case", name)
		}
	}
}

func concerns(m *onnxtest.Model) bool {
	return slices.ContainsFunc(m.Nodes, func(n onnxtest.Node) bool { return slices.Contains(onnxOps, n.OpType) })
}

// runCase builds the case's model, runs it and compares all outputs.
func runCase(t *testing.T, c *onnxtest.Case, name string) {
	m, err := importONNX(c.Model, c.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.run(c.Model.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(c.Outputs) {
		t.Fatalf("%d outputs, want %d", len(got), len(c.Outputs))
	}
	tol := onnxTolerance
	if loose, ok := onnxLoose[name]; ok {
		tol = loose
	}
	for i, want := range c.Outputs {
		compareONNX(t, c.Model.Outputs[i], got[i], want, tol)
	}
}

// compareONNX wants shape and integers equal and numbers as numpy's
// assert_allclose has it.
func compareONNX(t *testing.T, name string, got, want *onnxtest.Tensor, tol float64) {
	t.Helper()
	if !slices.Equal(got.Shape, want.Shape) {
		t.Errorf("%s has shape %v, want %v", name, got.Shape, want.Shape)
		return
	}
	if !slices.Equal(got.Ints, want.Ints) {
		t.Errorf("%s is %v, want %v", name, got.Ints, want.Ints)
	}
	if len(got.Floats) != len(want.Floats) {
		t.Errorf("%s has %d numbers, want %d", name, len(got.Floats), len(want.Floats))
		return
	}
	for i, w := range want.Floats {
		g, w := float64(got.Floats[i]), float64(w)
		if g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) <= 1e-7+tol*math.Abs(w)) {
			t.Errorf("%s[%d] is %v, want %v", name, i, g, w)
			return
		}
	}
}

// The light models are whole networks for images of 224x224, their weights
// constants; the input is made as the ONNX project's runner makes it.
func TestONNXLightModels(t *testing.T) {
	if testing.Short() || kernel.CurrentTier() == kernel.Generic {
		t.Skip("28 billion multiply-adds are nothing for a short test or plain Go")
	}
	folder := filepath.Join(onnxFolder(t), "light")
	files, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no models in %s, error %v", folder, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		t.Run(name, func(t *testing.T) {
			model, err := onnxtest.LoadModel(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := onnxtest.LoadTensor(filepath.Join(folder, name+"_output_0.pb"))
			if err != nil {
				t.Fatal(err)
			}
			in := model.Inputs[0]
			ramp := &onnxtest.Tensor{Name: in.Name, Type: in.Type, Shape: in.Shape}
			for i := range ramp.Len() {
				ramp.Floats = append(ramp.Floats, float32(float64(i)/float64(ramp.Len())))
			}
			runCase(t, &onnxtest.Case{Name: name, Model: model, Inputs: []*onnxtest.Tensor{ramp}, Outputs: []*onnxtest.Tensor{want}}, "light/"+name)
		})
	}
}
