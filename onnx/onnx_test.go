package onnx_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/onnx"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// network emits a graph for batches of n, with the output "y".
type network func(s *graph.Scope, n int) *G.Node

func image(s *graph.Scope, n, c, size int) *G.Node { return s.Input("x", n, c, size, size) }

func param(s *graph.Scope, name string, shape ...int) *G.Node {
	return s.Param(name, graph.Uniform(-1, 1), shape...)
}

// norm has a variance of its own for each channel.
func norm(s *graph.Scope, x *G.Node, c int, weighted bool, o op.BatchNormOptions) *G.Node {
	var w, b *G.Node
	if weighted {
		w, b = param(s, "norm.weight", c), param(s, "norm.bias", c)
	}
	mean, variance := s.Buffer("norm.running_mean", graph.Uniform(-1, 1), c), s.Buffer("norm.running_var", graph.Uniform(0.5, 2), c)
	return s.Emit(op.BatchNormEval(x, w, b, mean, variance, o))
}

// operations are one network for every operation, with what it can be asked for.
var operations = []struct {
	name string
	emit network
}{
	{"conv with all options", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.Conv2d(image(s, n, 4, 11), param(s, "weight", 6, 2, 3, 2), param(s, "bias", 6), op.Conv2dOptions{
			Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, PaddingEnd: &[2]int{2, 3}, Dilation: [2]int{1, 2}, Groups: 2}))
	}},
	{"norm folded into a conv with a bias", func(s *graph.Scope, n int) *G.Node {
		y := s.Emit(op.Conv2d(image(s, n, 3, 6), param(s, "weight", 16, 3, 3, 3), param(s, "bias", 16), op.Conv2dOptions{Blocked: true}))
		return norm(s, y, 16, true, op.BatchNormOptions{Eps: 0.01, ReLU: true})
	}},
	{"norm without weight, residual", func(s *graph.Scope, n int) *G.Node {
		x := image(s, n, 16, 6)
		y := s.Emit(op.Conv2d(x, param(s, "weight", 16, 16, 1, 1), nil, op.Conv2dOptions{}))
		return norm(s, y, 16, false, op.BatchNormOptions{Residual: x, ReLU: true})
	}},
	{"norm of a conv that is read twice", func(s *graph.Scope, n int) *G.Node {
		y := s.Emit(op.Conv2d(image(s, n, 3, 6), param(s, "weight", 4, 3, 3, 3), nil, op.Conv2dOptions{}))
		return s.Emit(op.Add(y, norm(s, y, 4, false, op.BatchNormOptions{})))
	}},
	{"norm of rows, which is folded nowhere", func(s *graph.Scope, n int) *G.Node {
		return norm(s, s.Input("x", n, 5), 5, true, op.BatchNormOptions{})
	}},
	{"transposed conv with groups and norm", func(s *graph.Scope, n int) *G.Node {
		y := s.Emit(op.ConvTranspose2d(image(s, n, 4, 5), param(s, "weight", 4, 3, 3, 4), nil, op.ConvTranspose2dOptions{
			Stride: [2]int{2, 3}, Padding: [2]int{1, 0}, PaddingEnd: &[2]int{0, 2}, OutputPadding: [2]int{1, 2}, Groups: 2}))
		return norm(s, y, 6, true, op.BatchNormOptions{})
	}},
	{"transposed conv beyond its last tap", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.ConvTranspose2d(image(s, n, 2, 4), param(s, "weight", 2, 3, 2, 2), param(s, "bias", 3), op.ConvTranspose2dOptions{
			OutputPadding: [2]int{1, 1}, Dilation: [2]int{2, 2}}))
	}},
	{"max pool", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.MaxPool2d(image(s, n, 2, 10), op.Pool2dOptions{
			Kernel: [2]int{3, 2}, Stride: [2]int{2, 3}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 2}, CeilMode: true}))
	}},
	{"average pool", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.AvgPool2d(image(s, n, 2, 9), op.Pool2dOptions{Kernel: [2]int{3, 3}, Padding: [2]int{1, 1}, Stride: [2]int{2, 2}}))
	}},
	{"average pool without padding, rounded up", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.AvgPool2d(image(s, n, 2, 10), op.Pool2dOptions{Kernel: [2]int{3, 3}, Padding: [2]int{1, 1}, Stride: [2]int{2, 2}, ExcludePad: true, CeilMode: true}))
	}},
	{"global average pool", func(s *graph.Scope, n int) *G.Node { return s.Emit(op.GlobalAvgPool(image(s, n, 16, 3))) }},
	{"shortcut", func(s *graph.Scope, n int) *G.Node { return s.Emit(op.ShortcutA(image(s, n, 3, 5), 8, 2)) }},
	{"layouts", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.ReLU(s.Emit(op.ToPlanar(s.Emit(op.Sigmoid(s.Emit(op.ToBlocked(image(s, n, 32, 3)))))))))
	}},
	{"bias of channels", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.AddBias(image(s, n, 3, 4), param(s, "bias", 3)))
	}},
	{"activations", func(s *graph.Scope, n int) *G.Node {
		x := s.Input("x", n, 7)
		y := s.Emit(op.LeakyReLU(x, 0.1))
		for _, more := range []func(*G.Node) (*G.Node, error){op.Tanh, op.Sigmoid, op.ReLU} {
			y = s.Emit(op.Add(y, s.Emit(more(x))))
		}
		for _, approximate := range []string{"none", "tanh"} {
			y = s.Emit(op.Add(y, s.Emit(op.GELU(x, approximate))))
		}
		return s.Emit(op.AddReLU(y, x))
	}},
	{"softmax", func(s *graph.Scope, n int) *G.Node {
		return s.Emit(op.LogSoftmax(s.Emit(op.Softmax(s.Input("x", n, 4, 5), 1)), -1))
	}},
	{"products", func(s *graph.Scope, n int) *G.Node {
		x := s.Input("x", n, 4, 5)
		y := s.Emit(op.MatMul(x, param(s, "a", 5, 6)))
		y = s.Emit(op.MatMul(param(s, "b", 3, 4), y))
		y = s.Emit(op.Linear(y, param(s, "weight", 2, 6), param(s, "bias", 2)))
		y = s.Emit(op.Flatten(y, 1))
		y = s.Emit(op.Linear(y, param(s, "weight2", 3, 6), nil))
		return s.Emit(op.Gemm(y, param(s, "c", 4, 3), param(s, "d", 4), op.GemmOptions{TransB: true, Alpha: 0.5, Beta: 2}))
	}},
	{"product of a transposed matrix with a vector", func(s *graph.Scope, n int) *G.Node {
		y := s.Emit(op.Gemm(param(s, "a", 5, 4), s.Input("x", n, 5), nil, op.GemmOptions{TransA: true, TransB: true}))
		return s.Emit(op.MatMul(param(s, "v", 4), y))
	}},
	{"reshapes", func(s *graph.Scope, n int) *G.Node {
		y := s.Emit(op.Reshape(s.Input("x", n, 6, 2), n*3, 4))
		y = s.Emit(op.Reshape(y, n, 3, 2, 2))
		return s.Emit(op.Reshape(y, -1))
	}},
	{"parts", func(s *graph.Scope, n int) *G.Node {
		x := s.Input("x", n, 3)
		y := s.Emit(op.Stack(x, s.Emit(op.Tanh(x))))
		return s.Emit(op.Select(y, 1))
	}},
	{"normalised rows", func(s *graph.Scope, n int) *G.Node {
		x := s.Input("x", n, 3, 8)
		y := s.Emit(op.LayerNorm(x, nil, nil, op.LayerNormOptions{Eps: 0.1, Residual: x}))
		y = s.Emit(op.LayerNorm(y, param(s, "weight", 8), nil, op.LayerNormOptions{}))
		return s.Emit(op.LayerNorm(y, param(s, "weight2", 8), param(s, "bias2", 8), op.LayerNormOptions{Residual: x}))
	}},
	{"attention with a mask", func(s *graph.Scope, n int) *G.Node {
		q := s.Input("x", n, 5, 8)
		k, v := s.Emit(op.Tanh(s.Input("k", n, 3, 8))), s.Emit(op.Sigmoid(s.Input("v", n, 3, 4)))
		return s.Emit(op.Attention(q, k, v, op.AttentionOptions{Heads: 2, Scale: 0.3, Causal: true, Mask: param(s, "mask", 5, 3)}))
	}},
	{"LSTM without biases", func(s *graph.Scope, n int) *G.Node {
		x, h, c := s.Input("x", n, 4, 3), s.Input("h", n, 5), s.Input("c", n, 5)
		y, hn, cn, err := op.LSTM(x, h, c, op.LSTMWeights{IH: param(s, "ih", 20, 3), HH: param(s, "hh", 20, 5)}, op.LSTMOptions{})
		s.Output("hn", s.Emit(hn, err))
		s.Output("cn", s.Emit(cn, err))
		return s.Emit(y, err)
	}},
	{"an output twice, and an input as one", func(s *graph.Scope, n int) *G.Node {
		x := s.Input("x", n, 2)
		s.Output("x2", x)
		y := s.Emit(op.Tanh(x))
		s.Output("again", y)
		return y
	}},
}

func build(t *testing.T, p *graph.Params, emit network, n int) *graph.Graph {
	t.Helper()
	g, err := graph.Build(p, graph.Eval, func(s *graph.Scope) { s.Output("y", emit(s, n)) })
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestOperations compares what ONNX Runtime makes of each operation with what the
// graph does, for batches of other sizes than that which was written.
func TestOperations(t *testing.T) {
	for _, c := range operations {
		for _, keep := range []bool{false, true}[:1+strings.Count(c.name, "norm")] {
			t.Run(c.name, func(t *testing.T) {
				p := graph.NewParams(1)
				path := filepath.Join(t.TempDir(), "model.onnx")
				if err := onnx.Save(path, build(t, p, c.emit, onnx.Batch), weights.Meta{}, onnx.Options{KeepNorms: keep}); err != nil {
					t.Fatal(err)
				}
				var feeds, want []map[string]*onnxtest.Tensor
				for _, n := range []int{1, 4} {
					in, out := run(t, build(t, p, c.emit, n))
					feeds, want = append(feeds, in), append(want, out)
				}
				for i, got := range onnxtest.ORT(t, path, feeds...) {
					compare(t, got, want[i])
				}
			})
		}
	}
}

// run runs a graph on inputs of the formula.
func run(t *testing.T, g *graph.Graph) (in, out map[string]*onnxtest.Tensor) {
	t.Helper()
	program, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	in, out = make(map[string]*onnxtest.Tensor), make(map[string]*onnxtest.Tensor)
	for _, n := range g.Inputs() {
		f := parity.Tensor{Name: n.Name(), Shape: n.Shape(), Scale: 2}
		v := &onnxtest.Tensor{Type: onnxtest.Float, Shape: n.Shape(), Floats: f.Data()}
		in[n.Name()] = v
		if err := program.Let(n.Name(), tensor.New(tensor.WithShape(v.Shape...), tensor.WithBacking(v.Floats))); err != nil {
			t.Fatal(err)
		}
	}
	if err := program.Run(); err != nil {
		t.Fatal(err)
	}
	for _, name := range g.Outputs() {
		v, err := program.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &onnxtest.Tensor{Shape: v.Shape().Clone(), Floats: slices.Clone(v.Float32s())}
	}
	return in, out
}

func compare(t *testing.T, got, want map[string]*onnxtest.Tensor) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d outputs, want %d", len(got), len(want))
	}
	for name, w := range want {
		g := got[name]
		if g == nil || !slices.Equal(g.Shape, w.Shape) {
			t.Fatalf("%s: got %+v, want shape %v", name, g, w.Shape)
		}
		for i, v := range w.Floats {
			if off := math.Abs(float64(v - g.Floats[i])); !(off <= 1e-5*(1+math.Abs(float64(v)))) {
				t.Fatalf("%s: %v at %d, want %v", name, g.Floats[i], i, v)
			}
		}
	}
}

// TestInitializers compares names, shapes and values with the parameters, and the
// inputs and outputs with the graph's.
func TestInitializers(t *testing.T) {
	emit := operations[1].emit // a convolution with a bias, and a norm
	for _, c := range []struct {
		keep  bool
		names []string
		nodes []string
	}{
		{false, []string{"bias", "weight"}, []string{"Conv", "Relu"}},
		{true, []string{"bias", "norm.bias", "norm.running_mean", "norm.running_var", "norm.weight", "weight"}, []string{"Conv", "BatchNormalization", "Relu"}},
	} {
		p := graph.NewParams(1)
		path := filepath.Join(t.TempDir(), "model.onnx")
		meta := weights.Meta{Model: "mine", Classes: []string{"a", "b"}}
		if err := onnx.Save(path, build(t, p, emit, 2), meta, onnx.Options{KeepNorms: c.keep}); err != nil {
			t.Fatal(err)
		}
		m, err := onnxtest.LoadModel(path)
		if err != nil {
			t.Fatal(err)
		}
		var names, nodes []string
		for name, v := range m.Initializers {
			names = append(names, name)
			e, _ := p.Get(name)
			if !slices.Equal(v.Shape, e.Value.Shape()) || c.keep && !slices.Equal(v.Floats, e.Value.Float32s()) {
				t.Errorf("%s is not the parameter", name)
			}
		}
		for _, n := range m.Nodes {
			nodes = append(nodes, n.OpType)
		}
		slices.Sort(names)
		if d := cmp.Diff(c.names, names) + cmp.Diff(c.nodes, nodes); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]onnxtest.Input{{Name: "x", Type: onnxtest.Float, Shape: []int{-1, 3, 6, 6}}}, m.Inputs); d != "" {
			t.Error(d)
		}
		if !slices.Equal(m.Outputs, []string{"y"}) || m.Opset != 17 {
			t.Errorf("outputs %v, operator set %d", m.Outputs, m.Opset)
		}
		a, err := weights.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(meta, a.Meta); d != "" {
			t.Error(d)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		emit    network
		options onnx.Options
		want    string
	}{
		{"unknown operation", func(s *graph.Scope, n int) *G.Node {
			return s.Sub("part").Emit(G.Square(s.Input("x", n, 2)))
		}, onnx.Options{}, "part: operation"},
		{"dropout", func(s *graph.Scope, n int) *G.Node {
			return s.Emit(op.Dropout(s.Input("x", n, 2), 0.5, 1))
		}, onnx.Options{}, "operation DropoutMask cannot be written as ONNX"},
		{"blocked images flattened", func(s *graph.Scope, n int) *G.Node {
			return s.Emit(op.Flatten(s.Emit(op.ToBlocked(image(s, n, 16, 2))), 1))
		}, onnx.Options{}, "Flatten: its input or result of shape (2, 1, 2, 2, 16) is blocked images"},
		{"average over dilated windows", func(s *graph.Scope, n int) *G.Node {
			return s.Emit(op.AvgPool2d(image(s, n, 2, 9), op.Pool2dOptions{Kernel: [2]int{2, 2}, Dilation: [2]int{2, 2}}))
		}, onnx.Options{}, "AvgPool2d: an average over windows with dilation"},
		{"average with counted padding, rounded up", func(s *graph.Scope, n int) *G.Node {
			return s.Emit(op.AvgPool2d(image(s, n, 2, 10), op.Pool2dOptions{Kernel: [2]int{3, 3}, Padding: [2]int{1, 1}, Stride: [2]int{2, 2}, CeilMode: true}))
		}, onnx.Options{}, "AvgPool2d: an average that counts padding but not"},
		{"images of any height", func(s *graph.Scope, n int) *G.Node {
			return s.Emit(op.MaxPool2d(image(s, n, 2, 4), op.Pool2dOptions{Kernel: [2]int{2, 2}}))
		}, onnx.Options{Axes: map[string][]string{"x": {"batch", "", "height", ""}}}, "height is not known"},
		{"axis of two sizes", func(s *graph.Scope, n int) *G.Node { return s.Emit(op.Tanh(s.Input("x", n, 3))) },
			onnx.Options{Axes: map[string][]string{"x": {"n", "n"}}}, `axis "n" has size 2 in one input and 3 in x`},
		{"too many axes", func(s *graph.Scope, n int) *G.Node { return s.Emit(op.Tanh(s.Input("x", n, 3))) },
			onnx.Options{Axes: map[string][]string{"x": {"n"}}}, "input x has 2 axes"},
		{"open axis taken apart", func(s *graph.Scope, n int) *G.Node {
			return s.Emit(op.Reshape(s.Input("x", 6, n), 3, 2*n))
		}, onnx.Options{Axes: map[string][]string{"x": {"n", ""}}}, "takes n apart"},
		{"position", func(s *graph.Scope, n int) *G.Node {
			return s.Emit(op.AddSinusoids(s.Input("x", n, 2, 4), 8, s.Labels("position", 1)))
		}, onnx.Options{Axes: map[string][]string{"position": {""}}}, "AddSinusoids: it begins at a position that is an input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			err := onnx.Encode(&b, build(t, graph.NewParams(1), c.emit, 2), weights.Meta{}, c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || b.Len() > 0 {
				t.Errorf("error is %v, want %q; %d bytes were written", err, c.want, b.Len())
			}
		})
	}
}

// TestMode wants a graph for evaluation.
func TestMode(t *testing.T) {
	for _, mode := range []graph.Mode{graph.Train, graph.Infer} {
		g, err := graph.Build(graph.NewParams(1), mode, func(s *graph.Scope) { s.Output("y", s.Input("x", 2, 2)) })
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := onnx.Save(path, g, weights.Meta{}, onnx.Options{}); err == nil || !strings.Contains(err.Error(), "want one for eval") {
			t.Errorf("%v: error is %v", mode, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%v: a file was written", mode)
		}
	}
}

// TestSameBytes writes a model twice.
func TestSameBytes(t *testing.T) {
	var files [2]bytes.Buffer
	for i := range files {
		g := build(t, graph.NewParams(1), operations[0].emit, 2)
		if err := onnx.Encode(&files[i], g, weights.Meta{Model: "m", Source: "s"}, onnx.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("the files differ")
	}
}
