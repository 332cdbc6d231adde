package graph_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// twoLayers has a convolution with a norm, "first", and a linear layer, "last".
func twoLayers(s *graph.Scope) {
	x := s.Input("x", 2, 3, 6, 6)
	unit := blocks.ConvNormAct{ConvName: "first", NormName: "norm", Conv: blocks.Conv{Out: 16, Kernel: 3}, ReLU: true}
	y := blocks.Linear(s.Sub("last"), blocks.GlobalAvgPool(s, unit.Emit(s, x)), 4)
	s.Output("y", y)
	s.Loss(s.Emit(op.CrossEntropy(y, s.Labels("labels", 2), op.CrossEntropyOptions{})))
}

func runTwoLayers(t *testing.T, params *graph.Params, opts ...graph.Option) *graph.Program {
	t.Helper()
	return runTwoLayersFor(t, graph.Train, params, opts...)
}

func runTwoLayersFor(t *testing.T, mode graph.Mode, params *graph.Params, opts ...graph.Option) *graph.Program {
	t.Helper()
	g, err := graph.Build(params, mode, twoLayers, opts...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	x := make([]float32, 2*3*36)
	for i := range x {
		x[i] = float32(i*i%13) / 13
	}
	p.Let("x", tensor.New(tensor.WithShape(2, 3, 6, 6), tensor.WithBacking(x)))
	p.Let("labels", tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 3})))
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return p
}

// gradsOf returns the gradients by the names of their parameters.
func gradsOf(t *testing.T, p *graph.Program) map[string][]float32 {
	t.Helper()
	grads := make(map[string][]float32)
	for i, n := range p.Graph().Trainable() {
		g, err := p.Grads()[i].Grad()
		if err != nil {
			t.Fatal(err)
		}
		grads[n.Name()] = slices.Clone(g.Data().([]float32))
	}
	return grads
}

// What is frozen has no gradient and costs nothing; the other gradients are what
// they are otherwise.
func TestWithFrozen(t *testing.T) {
	whole := runTwoLayers(t, graph.NewParams(1))
	want := gradsOf(t, whole)
	for _, c := range []struct {
		frozen   string
		backward []string
	}{
		{"first", []string{"CrossEntropyGrad", "LinearGrad", "LinearGrad", "SumTo", "GlobalAvgPoolGrad", "BatchNormTrainReduce", "Row", "Row"}},
		{"last", []string{"CrossEntropyGrad", "LinearGrad", "GlobalAvgPoolGrad", "BatchNormTrainReduce", "BatchNormTrainInputGrad", "Row", "Row", "Conv2dWeightGrad"}},
	} {
		p := runTwoLayers(t, graph.NewParams(1), graph.WithFrozen(func(name string) bool { return strings.HasPrefix(name, c.frozen) }))
		got := gradsOf(t, p)
		for name, w := range want {
			g, ok := got[name]
			if ok == strings.HasPrefix(name, c.frozen) || ok && !slices.Equal(g, w) {
				t.Errorf("%s frozen: gradient of %s is %v, want %v", c.frozen, name, g, w)
			}
		}
		if p.Loss() != whole.Loss() {
			t.Errorf("%s frozen: loss %v, want %v", c.frozen, p.Loss(), whole.Loss())
		}
		profile, err := p.Profile(1)
		if err != nil {
			t.Fatal(err)
		}
		var backward []string
		for _, o := range profile.Ops {
			if o.Backward {
				backward = append(backward, o.Op)
			}
		}
		if !slices.Equal(backward, c.backward) {
			t.Errorf("%s frozen: the gradient is computed by %v, want %v", c.frozen, backward, c.backward)
		}
	}
}

// Norms that are to keep their running statistics normalise as others do.
func TestWithFixedStatistics(t *testing.T) {
	moved, fixed := graph.NewParams(1), graph.NewParams(1)
	a := runTwoLayers(t, moved)
	b := runTwoLayers(t, fixed, graph.WithFixedStatistics())
	if a.Loss() != b.Loss() {
		t.Errorf("loss %v, want %v", b.Loss(), a.Loss())
	}
	for _, name := range []string{"norm.running_mean", "norm.running_var"} {
		m, _ := moved.Get(name)
		f, _ := fixed.Get(name)
		start := float32(0)
		if strings.HasSuffix(name, "var") {
			start = 1
		}
		if slices.Contains(m.Value.Float32s(), start) || slices.ContainsFunc(f.Value.Float32s(), func(v float32) bool { return v != start }) {
			t.Errorf("%s: %v with statistics that move, %v with fixed ones", name, m.Value.Float32s(), f.Value.Float32s())
		}
	}
}

// A norm with anything frozen computes and differentiates what it does in an Eval
// graph, and its running statistics stay.
func TestWithFrozenNorms(t *testing.T) {
	training := runTwoLayers(t, graph.NewParams(1))
	evaluation := runTwoLayersFor(t, graph.Eval, graph.NewParams(1))
	for name, frozen := range map[string]bool{
		"norm.weight": true, "norm.bias": true, "norm.running_mean": true, "norm.running_var": true,
		"first.weight": false, "weight": false,
	} {
		params := graph.NewParams(1)
		p := runTwoLayers(t, params, graph.WithFrozenNorms(func(n string) bool { return n == name }))
		want := training
		if frozen {
			want = evaluation
		}
		if p.Loss() != want.Loss() {
			t.Errorf("%s frozen: loss %v, want %v", name, p.Loss(), want.Loss())
		}
		if got := gradsOf(t, p); !reflect.DeepEqual(got, gradsOf(t, want)) {
			t.Errorf("%s frozen: gradients %v, want %v", name, got, gradsOf(t, want))
		}
		mean, _ := params.Get("norm.running_mean")
		if moves := slices.ContainsFunc(mean.Value.Float32s(), func(v float32) bool { return v != 0 }); moves == frozen {
			t.Errorf("%s frozen: the running mean moves: %v, want %v", name, moves, !frozen)
		}
	}
}
