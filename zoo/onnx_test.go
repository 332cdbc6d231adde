package zoo_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// exported are models that TestONNX writes: the small ones of every family, and
// what makes a difference to the graph.
var exported = []struct {
	name, model string
	options     []zoo.Option
	keepNorms   bool
}{
	{"resnet18", "resnet18", imageSize(10, 3, 64), false},
	{"resnet18 with norms", "resnet18", imageSize(10, 3, 64), true},
	{"resnet50", "resnet50", imageSize(10, 3, 64), false},
	{"resnet20", "resnet20", nil, false},
	{"resnet20 with norms", "resnet20", nil, true},
	{"resnext50_32x4d", "resnext50_32x4d", imageSize(10, 3, 64), false},
	{"dilated", "resnet50", append(imageSize(10, 3, 64), func(a zoo.Architecture) error {
		a.(*zoo.ResNet).StrideToDilation = []bool{false, true, true}
		return nil
	}), false},
	{"convnet", "convnet", nil, false},
	{"gan", "gan", nil, false},
	{"gan-generator", "gan-generator", nil, false},
	{"gan-discriminator", "gan-discriminator", nil, false},
	{"dcgan-generator", "dcgan-generator", nil, false},
	{"dcgan-generator with norms", "dcgan-generator", nil, true},
	{"dcgan-discriminator", "dcgan-discriminator", nil, false},
	{"lstm", "lstm-lm", nil, false},
	{"lstm tied", "lstm-lm", lstm(func(l *zoo.LSTMLM) { l.TieWeights, l.Layers = true, 3 }), false},
	{"transformer", "transformer-lm", nil, false},
	{"transformer gelu, norm first", "transformer-lm", transformer(func(l *zoo.TransformerLM) { l.NormFirst, l.Activation = true, "gelu" }), false},
	{"transformer sinusoidal", "transformer-lm", transformer(func(l *zoo.TransformerLM) { l.Positions = "sinusoidal" }), false},
	{"transformer tied, no positions", "transformer-lm", transformer(func(l *zoo.TransformerLM) { l.Positions, l.TieWeights = "none", true }), false},
	{"transformer not causal", "transformer-lm", transformer(func(l *zoo.TransformerLM) { l.Causal = false }), false},
}

func imageSize(classes, channels, size int) []zoo.Option {
	return []zoo.Option{zoo.WithClasses(classes), zoo.WithInput(channels, size, size)}
}

func lstm(change func(*zoo.LSTMLM)) []zoo.Option {
	return []zoo.Option{func(a zoo.Architecture) error { change(a.(*zoo.LSTMLM)); return nil }}
}

func transformer(change func(*zoo.TransformerLM)) []zoo.Option {
	return []zoo.Option{func(a zoo.Architecture) error { change(a.(*zoo.TransformerLM)); return nil }}
}

// TestONNX writes models and compares what ONNX Runtime makes of them with what the
// graph for inference does, for batches of several sizes and, of language models,
// sequences of several lengths.
func TestONNX(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds large networks")
	}
	for _, c := range exported {
		t.Run(c.name, func(t *testing.T) {
			m, p := trained(t, c.model, c.options...)
			path := filepath.Join(t.TempDir(), "model.onnx")
			if err := m.SaveONNX(path, p, weights.Meta{}, c.keepNorms); err != nil {
				t.Fatal(err)
			}
			var feeds, want []map[string]*onnxtest.Tensor
			for _, size := range []struct{ batch, tokens int }{{1, 64}, {3, 64}, {2, 17}} {
				if size.tokens != 64 && m.Task() != zoo.Language {
					continue
				}
				in, out := answer(t, m, c.model, p, size.batch, size.tokens)
				feeds, want = append(feeds, in), append(want, out)
			}
			for i, got := range onnxtest.ORT(t, path, feeds...) {
				if len(got) != len(want[i]) {
					t.Fatalf("run %d: %d outputs, want %d", i, len(got), len(want[i]))
				}
				for name, w := range want[i] {
					compare(t, name, got[name], w)
				}
			}
		})
	}
}

// trained is a model whose norms are not those it begins with.
func trained(t *testing.T, name string, options ...zoo.Option) (*zoo.Model, *graph.Params) {
	t.Helper()
	m, err := zoo.New(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	for e := range p.All() {
		f := parity.Tensor{Name: e.Name, Shape: e.Value.Shape()}
		switch {
		case strings.HasSuffix(e.Name, "running_var"):
			f.Offset, f.Scale = 1.25, 0.5
		case len(f.Shape) == 1 && strings.HasSuffix(e.Name, "weight"):
			f.Offset, f.Scale = 1, 0.25
		case len(f.Shape) == 1:
			f.Scale = 0.125
		default:
			continue
		}
		f.Fill(e.Value.Float32s())
	}
	return m, p
}

// answer runs the graph for inference on inputs of the formula.
func answer(t *testing.T, m *zoo.Model, name string, p *graph.Params, batch, tokens int) (in, out map[string]*onnxtest.Tensor) {
	t.Helper()
	if m.Task() == zoo.Language {
		p = shortened(t, m, p, tokens)
		m = ofContext(t, m, name, tokens)
	}
	g, err := m.Graph(p, graph.Infer, batch)
	if err != nil {
		t.Fatal(err)
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	in, out = make(map[string]*onnxtest.Tensor), make(map[string]*onnxtest.Tensor)
	for _, n := range g.Inputs() {
		f := parity.Tensor{Name: n.Name(), Shape: n.Shape(), Scale: 1}
		v := &onnxtest.Tensor{Type: onnxtest.Float, Shape: n.Shape(), Floats: f.Data()}
		value := tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(v.Floats))
		if n.Dtype() == tensor.Int {
			v.Type = onnxtest.Int64
			for _, u := range v.Floats {
				v.Ints = append(v.Ints, int((u+1)/2*float32(m.Text().Vocabulary)))
			}
			value = tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(v.Ints))
			v.Floats = nil
		}
		in[n.Name()] = v
		if err := program.Let(n.Name(), value); err != nil {
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

// ofContext is a language model for shorter sequences.
func ofContext(t *testing.T, m *zoo.Model, name string, tokens int) *zoo.Model {
	t.Helper()
	a := m.Config()
	a.(zoo.LanguageModel).Text().Context = tokens
	short, err := zoo.NewModel(name, a)
	if err != nil {
		t.Fatal(err)
	}
	return short
}

// shortened are the parameters with positions for shorter sequences.
func shortened(t *testing.T, m *zoo.Model, p *graph.Params, tokens int) *graph.Params {
	t.Helper()
	a := weights.FromParams(p)
	for i := range a.Tensors {
		if e := &a.Tensors[i]; e.Name == "pos_encoder.weight" {
			e.Shape = []int{tokens, e.Shape[1]}
			e.Values = e.Values.([]float32)[:tokens*e.Shape[1]]
		}
	}
	short := graph.NewParams(1)
	if _, err := ofContext(t, m, m.Name(), tokens).Graph(short, graph.Eval, 1, graph.WithoutInit()); err != nil {
		t.Fatal(err)
	}
	if err := a.Into(short); err != nil {
		t.Fatal(err)
	}
	return short
}

// compare wants values that differ by no more than 1e-4 of the largest.
func compare(t *testing.T, name string, got, want *onnxtest.Tensor) {
	t.Helper()
	if got == nil || !slices.Equal(got.Shape, want.Shape) {
		t.Fatalf("%s: got %+v, want shape %v", name, got, want.Shape)
	}
	largest, off := 0.0, 0.0
	for i, w := range want.Floats {
		largest = max(largest, math.Abs(float64(w)))
		off = max(off, math.Abs(float64(w-got.Floats[i])))
	}
	if !(off <= 1e-4*largest) || largest == 0 {
		t.Errorf("%s %v: off by %v, the largest value is %v", name, want.Shape, off, largest)
	}
}
