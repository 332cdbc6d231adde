package train

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// parameter is a G.ValueGrad of its own.
type parameter struct {
	name string
	w, g G.Value
}

func (p parameter) Value() G.Value         { return p.w }
func (p parameter) Grad() (G.Value, error) { return p.g, nil }
func (p parameter) Name() string           { return p.name }

func vector(v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithBacking(v), tensor.WithShape(len(v)))
}

// optimizerFixture is testdata/optimizers.json.
type optimizerFixture struct {
	Shapes map[string][]int
	Start  map[string][]float32
	Grads  []map[string][]float32
	Cases  []optimizerCase
}

type optimizerCase struct {
	Optimizer string
	Options   map[string]any
	Exempt    bool
	LR        float64
	After     []struct {
		Step   int
		Params map[string][]float32
	}
}

func (c optimizerCase) String() string { return fmt.Sprint(c.Optimizer, c.Options, c.Exempt) }

// solver returns the solver of a case with PyTorch's defaults for what its
// options do not name.
func (c optimizerCase) solver(t *testing.T) Solver {
	var s Solver
	fields := map[string]any{"lr": nil} // set at each step
	var o *SolverOptions
	switch c.Optimizer {
	case "sgd":
		x := NewSGD(0)
		s, o = x, &x.SolverOptions
		fields["momentum"], fields["dampening"] = &x.Momentum, &x.Dampening
		fields["weight_decay"], fields["nesterov"] = &x.WeightDecay, &x.Nesterov
	case "adam", "adamw":
		x := map[string]func(float64) *Adam{"adam": NewAdam, "adamw": NewAdamW}[c.Optimizer](0)
		s, o = x, &x.SolverOptions
		fields["betas"], fields["eps"] = [2]*float64{&x.Beta1, &x.Beta2}, &x.Eps
		fields["weight_decay"], fields["amsgrad"] = &x.WeightDecay, &x.AMSGrad
	case "rmsprop":
		x := NewRMSProp(0)
		s, o = x, &x.SolverOptions
		fields["alpha"], fields["eps"] = &x.Alpha, &x.Eps
		fields["weight_decay"], fields["momentum"], fields["centered"] = &x.WeightDecay, &x.Momentum, &x.Centered
	}
	for k, v := range c.Options {
		switch f := fields[k].(type) {
		case nil:
			if k != "lr" {
				t.Fatalf("the solver has no option %s", k)
			}
		case *float64:
			*f = v.(float64)
		case *bool:
			*f = v.(bool)
		case [2]*float64:
			*f[0], *f[1] = v.([]any)[0].(float64), v.([]any)[1].(float64)
		}
	}
	if c.Exempt {
		o.Exempt = func(name string) bool { return name == "norm.weight" }
	}
	return s
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// model returns fresh parameters, as G.ValueGrads in map order: the solver tells
// them apart by their names.
func (f *optimizerFixture) model() (map[string]*tensor.Dense, func(step int) []G.ValueGrad) {
	params := make(map[string]*tensor.Dense)
	for name, v := range f.Start {
		params[name] = tensor.New(tensor.WithShape(f.Shapes[name]...), tensor.WithBacking(append([]float32{}, v...)))
	}
	return params, func(step int) []G.ValueGrad {
		var model []G.ValueGrad
		for name, w := range params {
			g := tensor.New(tensor.WithShape(f.Shapes[name]...), tensor.WithBacking(append([]float32{}, f.Grads[step][name]...)))
			model = append(model, parameter{name, w, g})
		}
		return model
	}
}

// TestSolversAgainstPyTorch makes ten steps with a learning rate that falls at
// each.
func TestSolversAgainstPyTorch(t *testing.T) {
	var f optimizerFixture
	readJSON(t, "optimizers.json", &f)
	for _, c := range f.Cases {
		t.Run(c.String(), func(t *testing.T) {
			solver := c.solver(t)
			params, model := f.model()
			kept := c.After
			for step := range f.Grads {
				solver.SetLR(c.LR * math.Pow(0.9, float64(step)))
				if err := solver.Step(model(step)); err != nil {
					t.Fatal(err)
				}
				if kept[0].Step != step+1 {
					continue
				}
				for name, want := range kept[0].Params {
					near(t, fmt.Sprintf("step %d, %s", step+1, name), params[name].Float32s(), want, 2e-6)
				}
				kept = kept[1:]
			}
			if len(kept) != 0 {
				t.Errorf("%d expectations were not looked at", len(kept))
			}
		})
	}
}

// near compares elements, relative to the larger of the element and 1.
func near(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if !(d <= tol*max(1, math.Abs(float64(want[i])))) {
			t.Errorf("%s: element %d is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

// TestSolverResumes stops after three steps and goes on with a new solver.
func TestSolverResumes(t *testing.T) {
	var f optimizerFixture
	readJSON(t, "optimizers.json", &f)
	for _, c := range f.Cases {
		t.Run(c.String(), func(t *testing.T) {
			run := func(stop int) map[string]*tensor.Dense {
				solver := c.solver(t)
				params, model := f.model()
				for step := range f.Grads {
					if step == stop {
						old := solver
						solver = c.solver(t)
						if err := solver.Restore(old.State()); err != nil {
							t.Fatal(err)
						}
						if !reflect.DeepEqual(solver.State(), old.State()) {
							t.Fatalf("state %v after restoring %v", solver.State(), old.State())
						}
					}
					solver.SetLR(c.LR)
					if err := solver.Step(model(step)); err != nil {
						t.Fatal(err)
					}
				}
				return params
			}
			whole, resumed := run(-1), run(3)
			for name := range whole {
				if !reflect.DeepEqual(whole[name].Float32s(), resumed[name].Float32s()) {
					t.Errorf("%s: %v, want %v", name, resumed[name], whole[name])
				}
			}
		})
	}
}

func TestRestoreRefuses(t *testing.T) {
	two := []float32{1, 2}
	for _, c := range []struct {
		state []ParamState
		want  string
	}{
		{[]ParamState{{Name: "w", Buffers: map[string][]float32{"exp_avg": two}}}, "another solver"},
		{[]ParamState{{Name: "w"}, {Name: "w"}}, "w is there twice"},
	} {
		s := NewSGD(1)
		s.Momentum = 0.9
		if err := s.Restore(c.state); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	s := NewAdam(1)
	err := s.Restore([]ParamState{{Name: "w", Buffers: map[string][]float32{"exp_avg": two, "exp_avg_sq": two[:1]}}})
	if err == nil || !strings.Contains(err.Error(), "exp_avg_sq has 1 values, want 2") {
		t.Errorf("got %v", err)
	}
	if err := s.Restore([]ParamState{{Name: "w", Buffers: map[string][]float32{"exp_avg": two, "exp_avg_sq": two}}}); err != nil {
		t.Error(err)
	}
	if err := s.Step([]G.ValueGrad{parameter{"w", vector(1), vector(1)}}); err == nil || !strings.Contains(err.Error(), "1 values, but 2 in earlier steps") {
		t.Errorf("got %v", err)
	}
}

// TestStepRefuses checks the errors, and that nothing moved before them.
func TestStepRefuses(t *testing.T) {
	view, err := tensor.New(tensor.WithShape(3, 3), tensor.Of(tensor.Float32)).Slice(nil, G.S(1))
	if err != nil {
		t.Fatal(err)
	}
	doubles := tensor.New(tensor.WithBacking([]float64{1}), tensor.WithShape(1))
	one := G.NewF32(1)
	for _, c := range []struct {
		solver Solver
		bad    parameter
		want   string
	}{
		{NewSGD(0.1), parameter{"b", doubles, doubles}, "sgd: parameter b: values of float64, want float32"},
		{NewSGD(0.1), parameter{"b", view.(*tensor.Dense), vector(1, 2, 3)}, "want a whole tensor, not a view"},
		{NewSGD(0.1), parameter{"b", vector(1), nil}, "gradient of b: it has no value"},
		{NewSGD(0.1), parameter{"b", vector(1), vector(1, 2)}, "gradient of b: 2 values, want 1"},
		{NewSGD(0.1), parameter{"", doubles, doubles}, "parameter #1: "},
		{NewSGD(0.1), parameter{"b", one, G.NewF64(1)}, "gradient of b: a value of type *gorgonia.F64"},
		{NewSGD(0.1), parameter{"a", vector(1), vector(1)}, "two parameters are called a"},
		{NewSGD(-0.1), parameter{"b", one, one}, "sgd: lr -0.1, want at least 0"},
		{NewSGD(math.NaN()), parameter{"b", one, one}, "lr NaN, want at least 0"},
		{&SGD{LR: 1, Nesterov: true}, parameter{"b", one, one}, "nesterov with momentum 0"},
		{&Adam{LR: 1, Beta1: 1}, parameter{"b", one, one}, "adam: beta1 1, want at least 0 and less than 1"},
		{&Adam{LR: 1, Eps: -1, Decoupled: true}, parameter{"b", one, one}, "adamw: eps -1"},
		{&RMSProp{LR: 1, Alpha: -1}, parameter{"b", one, one}, "rmsprop: alpha -1"},
	} {
		w := vector(1)
		err := c.solver.Step([]G.ValueGrad{parameter{"a", w, vector(1)}, c.bad})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if w.Float32s()[0] != 1 {
			t.Errorf("%s: a parameter moved", c.want)
		}
	}
}

func TestSolverAllocatesNothing(t *testing.T) {
	w, g := vector(make([]float32, 1000)...), vector(make([]float32, 1000)...)
	model := []G.ValueGrad{parameter{"w", w, g}, parameter{"b", G.NewF32(1), G.NewF32(2)}}
	for _, s := range []Solver{&SGD{LR: 0.1, Momentum: 0.9}, NewAdam(0.1), NewAdamW(0.1), NewRMSProp(0.1)} {
		if n := testing.AllocsPerRun(10, func() {
			if err := s.Step(model); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%T: %v allocations a step", s, n)
		}
	}
}

// TestSolverThreads checks that the number of threads does not show in the bits.
func TestSolverThreads(t *testing.T) {
	run := func(threads int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		w := vector(make([]float32, 100_003)...)
		s := NewAdam(0.1)
		for step := range 3 {
			g := vector(make([]float32, w.DataSize())...)
			for i := range g.Float32s() {
				g.Float32s()[i] = float32(i%97-40) / float32(step+1)
			}
			if err := s.Step([]G.ValueGrad{parameter{"w", w, g}}); err != nil {
				t.Fatal(err)
			}
		}
		return w.Float32s()
	}
	if !reflect.DeepEqual(run(1), run(4)) {
		t.Error("one thread and four differ")
	}
}

// TestSolverOnStockMachine fits a line with Gorgonia's own operations, once with
// gradients that the machine overwrites, once with those that it adds up.
func TestSolverOnStockMachine(t *testing.T) {
	for _, c := range []struct {
		name string
		bind bool
	}{{"derivatives", false}, {"dual values", true}} {
		t.Run(c.name, func(t *testing.T) {
			g := G.NewGraph()
			x := G.NewVector(g, tensor.Float32, G.WithName("x"), G.WithShape(4), G.WithValue(vector(0, 1, 2, 3)))
			y := G.NewVector(g, tensor.Float32, G.WithName("y"), G.WithShape(4), G.WithValue(vector(1, 3, 5, 7)))
			a := G.NewScalar(g, tensor.Float32, G.WithName("a"), G.WithValue(float32(0)))
			b := G.NewScalar(g, tensor.Float32, G.WithName("b"), G.WithValue(float32(0)))
			loss := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(G.Must(G.Add(G.Must(G.Mul(x, a)), b)), y))))))
			if _, err := G.Grad(loss, a, b); err != nil {
				t.Fatal(err)
			}
			var opts []G.VMOpt
			if c.bind {
				opts = append(opts, G.BindDualValues(a, b))
			}
			m := G.NewTapeMachine(g, opts...)
			defer m.Close()
			solver := &SGD{LR: 0.05, Momentum: 0.9, Nesterov: true}
			for range 300 {
				if err := m.RunAll(); err != nil {
					t.Fatal(err)
				}
				if err := solver.Step(G.NodesToValueGrads(G.Nodes{a, b})); err != nil {
					t.Fatal(err)
				}
				m.Reset()
			}
			va, vb := a.Value().Data().(float32), b.Value().Data().(float32)
			near(t, "a and b", []float32{va, vb}, []float32{2, 1}, 1e-3)
		})
	}
}

func TestGradientsAreClearedOrKept(t *testing.T) {
	for _, keep := range []bool{false, true} {
		g := vector(3)
		s := NewSGD(1)
		s.KeepGrads = keep
		if err := s.Step([]G.ValueGrad{parameter{"w", vector(1), g}}); err != nil {
			t.Fatal(err)
		}
		if kept := g.Float32s()[0] == 3; kept != keep {
			t.Errorf("KeepGrads %v: gradient is %v", keep, g)
		}
	}
}

func TestNormsAndBiases(t *testing.T) {
	p := graph.NewParams(1)
	for _, e := range []graph.Param{{Name: "fc.weight"}, {Name: "fc.bias", NoDecay: true}} {
		e.Value = vector(1)
		if err := p.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	exempt := NormsAndBiases(p)
	for name, want := range map[string]bool{"fc.weight": false, "fc.bias": true, "other": false} {
		if exempt(name) != want {
			t.Errorf("%s: exempt %v, want %v", name, !want, want)
		}
	}
}
