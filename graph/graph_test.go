package graph_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// tiny is a network with a residual sum and a batch norm: x (2, 3, 5, 5) to the
// logits (2, 4), with its loss.
func tiny(s *graph.Scope) {
	x := s.Input("x", 2, 3, 5, 5)
	a := s.Sub("a")
	h := a.Emit(op.Conv2d(x, a.Param("weight", graph.KaimingNormalFanOut, 4, 3, 3, 3), nil, op.Conv2dOptions{Padding: [2]int{1, 1}, NoInputGrad: s.IsData(x)}))
	b := s.Sub("b")
	scale, shift := b.ParamNoDecay("weight", graph.Ones, 4), b.ParamNoDecay("bias", graph.Zeros, 4)
	mean, variance := b.Buffer("running_mean", graph.Zeros, 4), b.Buffer("running_var", graph.Ones, 4)
	norm := op.BatchNormEval
	if s.Mode() == graph.Train {
		norm = op.BatchNormTrain
	}
	h = b.Emit(op.ReLU(b.Emit(norm(h, scale, shift, mean, variance, op.BatchNormOptions{}))))
	c := s.Sub("c")
	y := c.Emit(op.Conv2d(h, c.Param("weight", graph.KaimingNormalFanOut, 4, 4, 3, 3), nil, op.Conv2dOptions{Padding: [2]int{1, 1}}))
	logits := s.Emit(op.GlobalAvgPool(s.Emit(op.Add(y, h))))
	s.Output("logits", logits)
	s.Loss(s.Emit(op.CrossEntropy(logits, s.Labels("y", 2), op.CrossEntropyOptions{})))
}

func feed(t *testing.T, p *graph.Program) {
	t.Helper()
	x := make([]float32, 2*3*5*5)
	for i := range x {
		x[i] = float32(math.Sin(float64(i)))
	}
	if err := p.Let("x", tensor.New(tensor.WithShape(2, 3, 5, 5), tensor.WithBacking(x))); err != nil {
		t.Fatal(err)
	}
	if err := p.Let("y", tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 3}))); err != nil {
		t.Fatal(err)
	}
}

func program(t *testing.T, params *graph.Params, mode graph.Mode) *graph.Program {
	t.Helper()
	g, err := graph.Build(params, mode, tiny)
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	feed(t, p)
	return p
}

// TestGradient compares every gradient with the loss's differences.
func TestGradient(t *testing.T) {
	for _, mode := range []graph.Mode{graph.Train, graph.Eval} {
		params := graph.NewParams(1)
		p := program(t, params, mode)
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		loss := func() float64 {
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			return float64(p.Loss())
		}
		for _, vg := range p.Grads() {
			name := vg.(*G.Node).Name()
			v, err := vg.Grad()
			if err != nil {
				t.Fatal(err)
			}
			grad := slices.Clone(v.(*tensor.Dense).Float32s())
			e, _ := params.Get(name)
			w := e.Value.Float32s()
			for i := 0; i < len(w); i += 7 {
				const h = 1e-2
				keep := w[i]
				w[i] = keep + h
				up := loss()
				w[i] = keep - h
				down := loss()
				w[i] = keep
				if want := (up - down) / (2 * h); math.Abs(want-float64(grad[i])) > 2e-3 {
					t.Errorf("%v %s[%d]: gradient %g, differences give %g", mode, name, i, grad[i], want)
				}
			}
		}
	}
}

// TestModesShareParams trains with one graph and evaluates with another.
func TestModesShareParams(t *testing.T) {
	params := graph.NewParams(1)
	train, eval := program(t, params, graph.Train), program(t, params, graph.Eval)
	solver := G.NewVanillaSolver(G.WithLearnRate(0.1))
	if err := eval.Run(); err != nil {
		t.Fatal(err)
	}
	before := eval.Loss()
	for range 10 {
		if err := train.Step(solver); err != nil {
			t.Fatal(err)
		}
	}
	if err := eval.Run(); err != nil {
		t.Fatal(err)
	}
	if eval.Loss() >= before {
		t.Errorf("the eval loss went from %g to %g", before, eval.Loss())
	}
	mean, _ := params.Get("b.running_mean")
	if slices.Max(mean.Value.Float32s()) == 0 {
		t.Error("the running mean did not move")
	}
	if got := params.Count(); got != 4*3*9+4+4+4*4*9 {
		t.Errorf("%d trained parameters", got)
	}
}

// TestRunAgain wants equal bits from equal runs, and no tensors allocated.
func TestRunAgain(t *testing.T) {
	p := program(t, graph.NewParams(1), graph.Eval)
	run := func() {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
	}
	run()
	first := p.Loss()
	run()
	if p.Loss() != first {
		t.Errorf("the second run gave %g, the first %g", p.Loss(), first)
	}
	r := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			run()
		}
	})
	if n := r.AllocedBytesPerOp(); n > 8<<10 {
		t.Errorf("a run allocates %d bytes", n)
	}
}

func TestInitIsKeyedByName(t *testing.T) {
	a, b := graph.NewParams(7), graph.NewParams(7)
	emit := func(names ...string) func(*graph.Scope) {
		return func(s *graph.Scope) {
			for _, n := range names {
				s.Param(n, graph.Normal(0, 1), 3, 5)
			}
		}
	}
	if _, err := graph.Build(a, graph.Eval, emit("u", "v")); err != nil {
		t.Fatal(err)
	}
	if _, err := graph.Build(b, graph.Eval, emit("v", "u")); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"u", "v"} {
		x, _ := a.Get(n)
		y, _ := b.Get(n)
		if !slices.Equal(x.Value.Float32s(), y.Value.Float32s()) {
			t.Errorf("%s depends on the order", n)
		}
	}
	x, _ := a.Get("u")
	y, _ := a.Get("v")
	if slices.Equal(x.Value.Float32s(), y.Value.Float32s()) {
		t.Error("u and v began alike")
	}
}

// TestBuildErrors wants one line that names the place.
func TestBuildErrors(t *testing.T) {
	for _, c := range []struct {
		what string
		emit func(*graph.Scope)
		want string
	}{
		{"twice", func(s *graph.Scope) {
			s.Param("w", graph.Zeros, 2)
			s.Param("w", graph.Zeros, 2)
		}, "parameter w is defined twice"},
		{"input twice", func(s *graph.Scope) {
			s.Input("x", 2)
			s.Input("x", 2)
		}, `input "x": the name is taken`},
		{"output twice", func(s *graph.Scope) {
			x := s.Input("x", 2)
			s.Output("y", x)
			s.Output("y", x)
		}, `output "y" is defined twice`},
		{"size", func(s *graph.Scope) { s.Param("w", graph.Zeros, 2, 0) }, "want positive sizes"},
		{"operation", func(s *graph.Scope) {
			x := s.Input("x", 2, 3)
			s = s.Sub("layer1").Sub("conv1")
			y := s.Emit(op.Conv2d(x, x, nil, op.Conv2dOptions{}))
			s.Output("y", s.Emit(op.ReLU(y)))
		}, "layer1.conv1: Conv2d"},
		{"panic", func(s *graph.Scope) { panic("at the disco") }, "building the graph: at the disco"},
		{"loss", func(s *graph.Scope) { s.Loss(s.Input("x", 2)) }, "scalar"},
		{"own error", func(s *graph.Scope) { s.Sub("a").Fail(errors.New("no")) }, "a: no"},
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Eval, c.emit)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", c.what, err, c.want)
		}
	}
}

func TestParamsOfAnotherShape(t *testing.T) {
	p := graph.NewParams(1)
	for _, c := range []struct {
		size int
		want string
	}{{2, ""}, {3, "w: parameters have (2), model wants (3)"}} {
		_, err := graph.Build(p, graph.Eval, func(s *graph.Scope) { s.Param("w", graph.Zeros, c.size) })
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("size %d: got %v, want %q", c.size, err, c.want)
		}
	}
}

func TestProgramErrors(t *testing.T) {
	g, err := graph.Build(graph.NewParams(1), graph.Train, tiny)
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	want := func(what string, err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", what, err, text)
		}
	}
	want("no input yet", p.Run(), `input "x" has no value`)
	want("name", p.Let("z", tensor.New(tensor.WithShape(2), tensor.Of(tensor.Float32))), "it has x, y")
	want("shape", p.Let("x", tensor.New(tensor.WithShape(2, 3, 4, 5), tensor.Of(tensor.Float32))), "want float32 (2, 3, 5, 5)")
	want("type", p.Let("x", tensor.New(tensor.WithShape(2, 3, 5, 5), tensor.Of(tensor.Float64))), "want float32 (2, 3, 5, 5)")
	want("nil", p.Let("x", nil), "no tensor")
	_, err = p.Output("logits")
	want("output before a run", err, "before a run")
	_, err = p.Output("probabilities")
	want("unknown output", err, `no output "probabilities"`)
	want("update before a run", p.Update(G.NewVanillaSolver()), "run a training graph first")
	feed(t, p)
	if err := p.Let("y", tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 4}))); err != nil {
		t.Fatal(err)
	}
	want("label", p.Run(), "CrossEntropy")
	feed(t, p)
	if err := p.Run(); err != nil {
		t.Errorf("after a failed run: %v", err)
	}
	if l := p.Loss(); math.IsNaN(float64(l)) {
		t.Error("no loss after a run")
	}
}

// TestInputGrad asks for the gradient of the data.
func TestInputGrad(t *testing.T) {
	for _, on := range []bool{false, true} {
		var opts []graph.Option
		if on {
			opts = append(opts, graph.WithInputGrad())
		}
		g, err := graph.Build(graph.NewParams(1), graph.Eval, tiny, opts...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = G.Grad(g.Loss(), g.Input("x"))
		if on != (err == nil) {
			t.Errorf("with input gradients %v: %v", on, err)
		}
	}
}

// TestBuildSideBySide builds and runs in several goroutines at once.
func TestBuildSideBySide(t *testing.T) {
	var wg sync.WaitGroup
	losses := make([]float32, 4)
	for i := range losses {
		wg.Go(func() {
			p := program(t, graph.NewParams(3), graph.Train)
			if err := p.Run(); err != nil {
				t.Error(err)
			}
			losses[i] = p.Loss()
		})
	}
	wg.Wait()
	for _, l := range losses {
		if l != losses[0] {
			t.Errorf("losses %v, want all alike", losses)
		}
	}
}

func TestDot(t *testing.T) {
	g, err := graph.Build(graph.NewParams(1), graph.Train, tiny)
	if err != nil {
		t.Fatal(err)
	}
	var all, part strings.Builder
	if err := g.WriteDot(&all, ""); err != nil {
		t.Fatal(err)
	}
	if err := g.WriteDot(&part, "b"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`subgraph "cluster_a"`, "Conv2d", "GlobalAvgPool", "running_mean", "CrossEntropy"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the drawing has no %s", want)
		}
	}
	if s := part.String(); !strings.Contains(s, "ReLU") || strings.Contains(s, "CrossEntropy") || !strings.Contains(s, "style=dashed") {
		t.Errorf("drawing of b:\n%s", s)
	}
}
