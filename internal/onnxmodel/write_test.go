package onnxmodel_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gorgonia-zoo/modelzoo/internal/onnxmodel"
	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
)

// counting is a weight whose values are their places.
func counting(name string, shape ...int) onnxmodel.Initializer {
	return onnxmodel.Initializer{Name: name, Shape: shape, Values: func(dst []float32, from int) {
		for i := range dst {
			dst[i] = float32(from + i)
		}
	}}
}

func model() *onnxmodel.Model {
	return &onnxmodel.Model{
		Name: "m",
		Nodes: []onnxmodel.Node{{
			Op: "Conv", Name: "first", Inputs: []string{"x", "w", ""}, Outputs: []string{"y"},
			Attrs: []onnxmodel.Attr{
				{Name: "pads", Value: []int{1, -2, 0}}, {Name: "group", Value: 4}, {Name: "alpha", Value: float32(0.25)}, {Name: "mode", Value: "same"},
				{Name: "floats", Value: onnxmodel.Tensor{Shape: []int{2}, Floats: []float32{6, float32(math.Inf(-1))}}},
				{Name: "ints", Value: onnxmodel.Tensor{Ints: []int{-3}}},
				{Name: "none", Value: onnxmodel.Tensor{Shape: []int{0}, Ints: []int{}}},
			},
		}},
		Initializers: []onnxmodel.Initializer{counting("w", 3, 20000), counting("scalar"), counting("empty", 0)},
		Inputs:       []onnxmodel.Value{{Name: "x", Type: onnxmodel.Int64, Shape: []onnxmodel.Dim{{Name: "batch"}, {Size: 300}}}},
		Outputs:      []onnxmodel.Value{{Name: "y", Type: onnxmodel.Float, Shape: []onnxmodel.Dim{{Name: "batch"}}}},
		Props:        map[string]string{"a": "1"},
	}
}

// TestWrite reads back what was written.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := model().Write(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	got, err := onnxtest.LoadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	want := &onnxtest.Model{
		Nodes: []onnxtest.Node{{
			OpType: "Conv", Name: "first", Inputs: []string{"x", "w", ""}, Outputs: []string{"y"},
			Attrs: map[string]onnxtest.Attr{
				"pads": {Ints: []int{1, -2, 0}}, "group": {Int: 4}, "alpha": {Float: 0.25}, "mode": {String: "same"},
				"floats": {Tensor: &onnxtest.Tensor{Type: onnxtest.Float, Shape: []int{2}, Floats: []float32{6, float32(math.Inf(-1))}}},
				"ints":   {Tensor: &onnxtest.Tensor{Type: onnxtest.Int64, Ints: []int{-3}}},
				"none":   {Tensor: &onnxtest.Tensor{Type: onnxtest.Int64, Shape: []int{0}}},
			},
		}},
		Initializers: make(map[string]*onnxtest.Tensor),
		Inputs:       []onnxtest.Input{{Name: "x", Type: onnxtest.Int64, Shape: []int{-1, 300}}},
		Outputs:      []string{"y"},
		Opset:        17,
	}
	for name, shape := range map[string][]int{"w": {3, 20000}, "scalar": nil, "empty": {0}} {
		v := &onnxtest.Tensor{Name: name, Type: onnxtest.Float, Shape: shape}
		for i := range v.Len() {
			v.Floats = append(v.Floats, float32(i))
		}
		want.Initializers[name] = v
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// full is a writer that has room for n bytes.
type full struct{ n int }

func (f *full) Write(b []byte) (int, error) {
	if f.n -= len(b); f.n < 0 {
		return 0, errors.New("no room")
	}
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	for _, room := range []int{0, 100, 400, 100000, 240200} {
		if err := model().Write(&full{room}); err == nil || err.Error() != "no room" {
			t.Errorf("room for %d bytes: error is %v", room, err)
		}
	}
	large := model()
	large.Initializers[0].Shape = []int{1 << 30}
	if err := large.Write(&full{1 << 40}); err == nil || !strings.Contains(err.Error(), "2 GiB at most") {
		t.Errorf("error is %v", err)
	}
}
