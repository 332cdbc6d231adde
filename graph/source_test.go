package graph_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// folded is a network with weights that its inference graph keeps in forms of its
// own, those of the convolutions, and others.
func folded(s *graph.Scope) {
	x := s.Input("x", 2, 16, 8, 8)
	var err error
	for _, name := range []string{"a", "b"} {
		c := s.Sub(name)
		w := c.Param("weight", graph.KaimingNormalFanIn, 16, 16, 3, 3)
		n := &op.Norm{
			Weight: c.ParamNoDecay("scale", graph.Ones, 16), Bias: c.ParamNoDecay("shift", graph.Zeros, 16),
			RunningMean: c.Buffer("mean", graph.Normal(0, 1), 16), RunningVar: c.Buffer("var", graph.Uniform(1, 2), 16),
		}
		o := op.Conv2dOptions{Padding: [2]int{1, 1}, Blocked: true}
		if s.Mode() == graph.Infer {
			x = c.Emit(op.Conv2dInfer(x, w, nil, op.Conv2dInferOptions{Conv2dOptions: o, Norm: n, ReLU: true}))
			continue
		}
		x = c.Emit(op.Conv2d(x, w, nil, o))
		x = c.Emit(op.BatchNormEval(x, n.Weight, n.Bias, n.RunningMean, n.RunningVar, op.BatchNormOptions{}))
		x = c.Emit(op.ReLU(x))
	}
	x = s.Emit(op.GlobalAvgPool(x))
	x, err = op.Linear(x, s.Param("fc.weight", graph.KaimingNormalFanIn, 3, 16), nil)
	s.Output("logits", s.Emit(x, err))
}

var (
	stored = []string{"a.weight", "b.weight"}
	direct = []string{"a.scale", "a.shift", "a.mean", "a.var", "b.scale", "b.shift", "b.mean", "b.var", "fc.weight"}
)

// answer is what a new program gives.
func answer(t *testing.T, p *graph.Params, mode graph.Mode) ([]float32, *graph.Program, error) {
	t.Helper()
	program, err := ready(t, p, mode)
	if err != nil {
		return nil, nil, err
	}
	y, err := again(t, program)
	return y, program, err
}

// ready is a program that has its input.
func ready(t *testing.T, p *graph.Params, mode graph.Mode, opts ...graph.Option) (*graph.Program, error) {
	t.Helper()
	g, err := graph.Build(p, mode, folded, opts...)
	if err != nil {
		return nil, err
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	x := tensor.New(tensor.WithShape(2, 16, 8, 8), tensor.Of(tensor.Float32))
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i%17) - 8
	}
	if err := program.Let("x", x); err != nil {
		t.Fatal(err)
	}
	return program, nil
}

// again runs a program.
func again(t *testing.T, program *graph.Program) ([]float32, error) {
	t.Helper()
	if err := program.Run(); err != nil {
		return nil, err
	}
	y, err := program.Output("logits")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(y.Float32s()), nil
}

func complete(t *testing.T) *graph.Params {
	t.Helper()
	p := graph.NewParams(3)
	if _, err := graph.Build(p, graph.Eval, folded); err != nil {
		t.Fatal(err)
	}
	return p
}

// deferred has the values of p given by sources, and counts in reads how often
// they are asked for.
func deferred(t *testing.T, p *graph.Params, reads map[string]int) *graph.Params {
	t.Helper()
	d := p.Clone()
	for e := range p.All() {
		err := d.Defer(e.Name, e.Value.Shape(), func(dst []float32) error {
			reads[e.Name]++
			copy(dst, e.Value.Float32s())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func wantInMemory(t *testing.T, p *graph.Params, want bool, names ...string) {
	t.Helper()
	for _, name := range names {
		if e, ok := p.Get(name); !ok || e.InMemory() != want {
			t.Errorf("%s: in memory: %t, want %t", name, !want, want)
		}
	}
}

// TestDeferred wants the bits of parameters in memory from deferred ones, with
// each read once, in every order of deferring, building and running.
func TestDeferred(t *testing.T) {
	full := complete(t)
	for _, mode := range []graph.Mode{graph.Infer, graph.Eval} {
		want, _, err := answer(t, full, mode)
		if err != nil {
			t.Fatal(err)
		}
		reads := map[string]int{}
		p := deferred(t, full, reads)
		wantInMemory(t, p, false, append(stored, direct...)...)
		got, program, err := answer(t, p, mode)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", mode, got, want)
		}
		wantInMemory(t, p, true, direct...)
		wantInMemory(t, p, mode == graph.Eval, stored...)
		for e := range p.All() {
			if reads[e.Name] != 1 {
				t.Errorf("%v: %s was read %d times", mode, e.Name, reads[e.Name])
			}
		}
		// A second program reads weights for itself, and so does the first once
		// something has changed.
		if _, _, err = answer(t, p, mode); err != nil {
			t.Fatal(err)
		}
		if err := p.Set("fc.weight", tensor.Shape{3, 16}, make([]float32, 48)); err != nil {
			t.Fatal(err)
		}
		if got, err = again(t, program); err != nil || !slices.Equal(got, make([]float32, 6)) {
			t.Errorf("%v, fc.weight is zero: got %v, %v", mode, got, err)
		}
		wantReads := 1
		if mode == graph.Infer {
			wantReads = 3
		}
		if reads["b.weight"] != wantReads || reads["fc.weight"] != 1 {
			t.Errorf("%v: reads in the end: %v", mode, reads)
		}
	}
}

// TestDeferAfterTheRun replaces values that a program has by others.
func TestDeferAfterTheRun(t *testing.T) {
	p, other := complete(t), graph.NewParams(4)
	if _, err := graph.Build(other, graph.Eval, folded); err != nil {
		t.Fatal(err)
	}
	want, _, err := answer(t, other, graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	_, program, err := answer(t, p, graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	for e := range other.All() {
		err := p.Defer(e.Name, e.Value.Shape(), func(dst []float32) error { copy(dst, e.Value.Float32s()); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, err := again(t, program); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestDeferredToMemory(t *testing.T) {
	full := complete(t)
	name := "a.weight"
	shape := tensor.Shape{16, 16, 3, 3}
	want := value(full, name)
	p := deferred(t, full, map[string]int{})
	node := valueOf(p, name)
	clone := p.Clone()
	wantInMemory(t, clone, false, name)
	if err := clone.Fetch(); err != nil {
		t.Fatal(err)
	}
	wantInMemory(t, p, false, name)
	if !slices.Equal(value(clone, name), want) {
		t.Error("the clone has other values")
	}
	blank := complete(t)
	if err := blank.Set(name, shape, make([]float32, len(want))); err != nil {
		t.Fatal(err)
	}
	if err := blank.CopyFrom(p); err != nil || !slices.Equal(value(blank, name), want) {
		t.Errorf("copied: %v, or other values", err)
	}
	if valueOf(p, name) != node || !slices.Equal(node.Float32s(), want) {
		t.Error("the tensor that graphs hold is another, or has other values")
	}

	p = deferred(t, full, map[string]int{})
	v := slices.Repeat([]float32{5}, len(want))
	if err := p.Set(name, shape, v); err != nil {
		t.Fatal(err)
	}
	wantInMemory(t, p, true, name)
	if v[0] = 6; value(p, name)[0] != 5 {
		t.Error("Set keeps the caller's slice")
	}
	m, err := p.Overwrite("b.weight", shape)
	if err != nil {
		t.Fatal(err)
	}
	if m[7] = 9; len(m) != len(want) || value(p, "b.weight")[7] != 9 {
		t.Error("Overwrite gives other memory than the values'")
	}
	for _, err := range []error{
		p.Defer("none", shape, nil),
		p.Defer(name, tensor.Shape{1}, nil),
		func() error { _, err := p.Overwrite(name, tensor.Shape{1}); return err }(),
	} {
		if err == nil {
			t.Error("no error for a wrong name or shape")
		}
	}
}

func valueOf(p *graph.Params, name string) *tensor.Dense {
	e, _ := p.Get(name)
	return e.Value
}

func value(p *graph.Params, name string) []float32 { return valueOf(p, name).Float32s() }

// TestSourceFails wants the source's error with the parameter's name, and a run
// that works once the source does.
func TestSourceFails(t *testing.T) {
	full := complete(t)
	for _, name := range []string{"b.weight", "fc.weight"} {
		p := full.Clone()
		broken := true
		e, _ := full.Get(name)
		err := p.Defer(name, e.Value.Shape(), func(dst []float32) error {
			if broken {
				return errors.New("the disk is gone")
			}
			copy(dst, e.Value.Float32s())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, program, err := answer(t, p, graph.Infer)
		if err == nil || err.Error() != name+": the disk is gone" {
			t.Errorf("run: got %v", err)
		}
		if _, err := graph.Build(p, graph.Eval, folded); err == nil || err.Error() != name+": the disk is gone" {
			t.Errorf("build: got %v", err)
		}
		if err := p.Fetch(); err == nil {
			t.Error("fetch: no error")
		}
		broken = false
		want, _, _ := answer(t, full, graph.Infer)
		if got, err := again(t, program); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
}

// TestWithoutValues wants an error of what needs values that are not there, and
// the model's after they were loaded.
func TestWithoutValues(t *testing.T) {
	full := complete(t)
	for _, mode := range []graph.Mode{graph.Infer, graph.Eval} {
		want, _, err := answer(t, full, mode)
		if err != nil {
			t.Fatal(err)
		}
		p := graph.NewParams(0)
		program, err := ready(t, p, mode, graph.WithoutValues())
		if err != nil {
			t.Fatal(err)
		}
		wantInMemory(t, p, false, append(stored, direct...)...)
		if m := program.Memory(); m.Params != 0 {
			t.Errorf("%v: %d bytes of parameters", mode, m.Params)
		}
		if _, err := again(t, program); err == nil || !strings.HasSuffix(err.Error(), ": its values have not been loaded yet") {
			t.Errorf("%v: got %v", mode, err)
		}
		if err := p.CopyFrom(full); err != nil {
			t.Fatal(err)
		}
		if got, err := again(t, program); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: got %v, %v, want %v", mode, got, err, want)
		}
	}
}

func TestRelease(t *testing.T) {
	p := complete(t)
	want, program, err := answer(t, p, graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	before := program.Memory()
	if err := program.Release(); err != nil {
		t.Fatal(err)
	}
	wantInMemory(t, p, false, stored...)
	wantInMemory(t, p, true, direct...)
	if got := before.Params - program.Memory().Params; got != 4*2*16*16*9 || before.Weights < got {
		t.Errorf("%d bytes of parameters released, %d stored", got, before.Weights)
	}
	if got, err := again(t, program); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if err := program.Release(); err != nil {
		t.Errorf("released again: %v", err)
	}

	gone := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.HasPrefix(err.Error(), "a.weight: its values were released") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	_, err = graph.Build(p, graph.Train, folded)
	gone("building another graph", err)
	_, _, err = answer(t, p, graph.Infer)
	gone("running another program", err)
	gone("fetching", p.Fetch())
	gone("copying", complete(t).CopyFrom(p))
	p.Changed()
	_, err = again(t, program)
	gone("running after a change", err)

	if err := p.CopyFrom(complete(t)); err != nil {
		t.Fatal(err)
	}
	wantInMemory(t, p, true, stored...)
	if got, err := again(t, program); err != nil || !slices.Equal(got, want) {
		t.Errorf("loaded again: got %v, %v, want %v", got, err, want)
	}
}

// TestReleaseBeforeRun stores the weights first.
func TestReleaseBeforeRun(t *testing.T) {
	p := complete(t)
	want, _, err := answer(t, p, graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	program, err := ready(t, p, graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Release(); err != nil {
		t.Fatal(err)
	}
	wantInMemory(t, p, false, stored...)
	if got, err := again(t, program); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// TestFirstRunsSideBySide shares deferred parameters among programs that read
// them at the same time.
func TestFirstRunsSideBySide(t *testing.T) {
	full := complete(t)
	want, _, err := answer(t, full, graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	p := deferred(t, full, map[string]int{})
	const n = 4
	var programs [n]*graph.Program
	for i := range programs {
		if programs[i], err = ready(t, p, graph.Infer); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for _, program := range programs {
		wg.Go(func() {
			if err := program.Run(); err != nil {
				t.Error(err)
				return
			}
			y, err := program.Output("logits")
			if err != nil || !slices.Equal(y.Float32s(), want) {
				t.Errorf("got %v, %v, want %v", y, err, want)
			}
		})
	}
	wg.Wait()
}

// TestRunsAgainWithoutAllocating has nothing allocated for reading parameters
// that have been read.
func TestRunsAgainWithoutAllocating(t *testing.T) {
	p := deferred(t, complete(t), map[string]int{})
	_, program, err := answer(t, p, graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	least := math.Inf(1)
	for range 5 {
		least = min(least, testing.AllocsPerRun(10, func() {
			if err := program.Run(); err != nil {
				t.Fatal(err)
			}
		}))
	}
	_, plain, err := answer(t, complete(t), graph.Infer)
	if err != nil {
		t.Fatal(err)
	}
	if want := testing.AllocsPerRun(10, func() { plain.Run() }); least > want+2 {
		t.Errorf("%v allocations a run, %v with parameters in memory", least, want)
	}
}
