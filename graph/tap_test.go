package graph_test

import (
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// runTaps returns the values of taps of a small residual network, and the program.
func runTaps(t *testing.T, params *graph.Params, mode graph.Mode, model string, taps ...string) (map[string]*tensor.Dense, *graph.Program) {
	t.Helper()
	m, err := zoo.New(model, zoo.WithInput(3, 16, 16))
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(params, mode, 2, graph.WithTaps(taps...))
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	x := make([]float32, 2*3*16*16)
	for i := range x {
		x[i] = float32(i*i%23)/11 - 1
	}
	if err := p.Let("x", tensor.New(tensor.WithShape(2, 3, 16, 16), tensor.WithBacking(x))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	values := make(map[string]*tensor.Dense)
	for _, name := range taps {
		if values[name], err = p.Output(name); err != nil {
			t.Fatal(err)
		}
	}
	return values, p
}

// A tap has the same value in graphs for evaluation and inference, whatever else is
// tapped, in the planar layout.
func TestTaps(t *testing.T) {
	for model, taps := range map[string][]string{
		"resnet20": {"bn1", "layer1", "layer1.2", "layer2.0", "layer2.0.bn1", "layer2.0.shortcut", "layer3", "avgpool", "fc", "logits"},
		"convnet":  {"conv1", "pool1", "conv2", "pool2", "fc1", "fc2", "logits"},
		"resnet50": {"maxpool", "layer1.0.downsample", "layer4.2", "layer4"},
	} {
		t.Run(model, func(t *testing.T) {
			params := graph.NewParams(1)
			eval, _ := runTaps(t, params, graph.Eval, model, taps...)
			infer, _ := runTaps(t, params, graph.Infer, model, taps...)
			for _, name := range taps {
				alone, _ := runTaps(t, params, graph.Infer, model, name)
				a, b, c := eval[name], infer[name], alone[name]
				if !a.Shape().Eq(b.Shape()) || !a.Shape().Eq(c.Shape()) || a.Shape()[0] != 2 {
					t.Fatalf("%s: shapes %v, %v and %v", name, a.Shape(), b.Shape(), c.Shape())
				}
				if !slices.Equal(b.Float32s(), c.Float32s()) {
					t.Errorf("%s: the value depends on the other taps", name)
				}
				var worst, scale float64
				for i, v := range a.Float32s() {
					worst = max(worst, abs(float64(v-b.Float32s()[i])))
					scale = max(scale, abs(float64(v)))
				}
				if worst > 1e-4*scale || scale == 0 {
					t.Errorf("%s: evaluation and inference differ by %g of %g", name, worst, scale)
				}
			}
		})
	}
}

func abs(v float64) float64 { return max(v, -v) }

// A scope and the last one in it share a value; a convolution is apart from its
// norm where that is possible.
func TestTapScopes(t *testing.T) {
	params := graph.NewParams(1)
	v, _ := runTaps(t, params, graph.Eval, "resnet20", "layer3", "layer3.2", "layer3.2.bn2", "layer3.2.conv2")
	if !slices.Equal(v["layer3"].Float32s(), v["layer3.2.bn2"].Float32s()) {
		t.Error("layer3 is not what its last norm gives")
	}
	if slices.Equal(v["layer3.2.conv2"].Float32s(), v["layer3.2.bn2"].Float32s()) {
		t.Error("the convolution has the value of its norm")
	}
}

// What is after a tap is neither computed nor kept in a form for inference.
func TestTapLeavesTheRestOut(t *testing.T) {
	params := graph.NewParams(1)
	_, first := runTaps(t, params, graph.Infer, "resnet20", "layer1")
	_, all := runTaps(t, params, graph.Infer, "resnet20", "logits")
	a, b := first.Memory(), all.Memory()
	if a.Weights == 0 || a.Weights*4 > b.Weights {
		t.Errorf("weights of %d bytes for layer1, %d for all", a.Weights, b.Weights)
	}
}

func TestTapErrors(t *testing.T) {
	for _, c := range []struct {
		mode graph.Mode
		tap  string
		want string
	}{
		{graph.Infer, "conv1", `"conv1" has no value of its own in a graph for infer`},
		{graph.Infer, "layer1.0.conv2", `"layer1.0.conv2" has no value of its own`},
		{graph.Eval, "layer5", `the model has no part "layer5"; the nearest names are layer1, layer2, layer3`},
		{graph.Eval, "logit", `the nearest names are logits`},
		{graph.Eval, "transformer", `there are avgpool, bn1, conv1, fc, layer1, layer2, layer3, logits`},
		{graph.Eval, "", `the model has no part ""`},
		{graph.Eval, "fc.weight", `the model has no part "fc.weight"`},
	} {
		m, err := zoo.New("resnet20")
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Graph(graph.NewParams(1), c.mode, 1, graph.WithTaps(c.tap))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.tap, err, c.want)
		}
	}
}

// Every part that a model of the registry says it has can be tapped, and has the
// shape that is said.
func TestTapsOfAllModels(t *testing.T) {
	entries, err := zoo.List("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name, func(t *testing.T) {
			m, err := zoo.New(e.Name)
			if err != nil {
				t.Fatal(err)
			}
			build := func(mode graph.Mode, taps ...string) *graph.Graph {
				g, err := m.Graph(graph.NewParams(0), mode, 2, graph.WithoutInit(), graph.WithTaps(taps...))
				if err != nil {
					t.Fatal(err)
				}
				return g
			}
			for _, mode := range []graph.Mode{graph.Eval, graph.Infer} {
				var names []string
				said := build(mode).Taps()
				for _, tap := range said {
					names = append(names, tap.Name)
				}
				if len(said) < 3 {
					t.Errorf("%v: parts %q", mode, names)
				}
				g := build(mode, names...)
				for _, tap := range said {
					if s := g.Output(tap.Name).Shape(); !s.Eq(tap.Shape) {
						t.Errorf("%v: %s has shape %v, Taps says %v", mode, tap.Name, s, tap.Shape)
					}
				}
			}
		})
	}
}
