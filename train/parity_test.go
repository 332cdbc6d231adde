package train_test

import (
	"math"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestTenSteps trains as PyTorch does, from the same weights with the same
// batches, and compares the loss of every step and the state at the end.
func TestTenSteps(t *testing.T) {
	const tolerance = 1e-3
	names, err := parity.RunNames()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && !strings.HasSuffix(name, "resnet20") {
				t.Skip("the small networks are enough for -short")
			}
			run, err := parity.LoadRun(name)
			if err != nil {
				t.Fatal(err)
			}
			program := start(t, run)
			defer program.Close()
			tuning := train.FineTuning{Freeze: run.Freeze, LRScale: run.LRScale}
			solver := solver(t, run.Optimizer, tuning.Scale(program.Graph().Params()))
			for i, want := range run.Losses {
				give(t, program, run.Batches[i%len(run.Batches)])
				if err := program.Step(solver); err != nil {
					t.Fatal(err)
				}
				if off := math.Abs(float64(program.Loss())/float64(want) - 1); !(off <= tolerance) {
					t.Errorf("loss of step %d is %.7g, PyTorch has %.7g (off by %.2g)", i+1, program.Loss(), want, off)
				}
			}
			for _, want := range run.After {
				p, ok := program.Graph().Params().Get(want.Name)
				if !ok {
					t.Fatalf("no parameter %s", want.Name)
				}
				if err := want.Check(p.Value.Float32s(), tolerance); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// start is the training program of a run, with the run's weights.
func start(t *testing.T, run *parity.Run) *graph.Program {
	t.Helper()
	shape := run.Batches[0].X.Shape
	opts := []zoo.Option{zoo.WithInput(shape[1], shape[2], shape[3])}
	if n := run.Options.NumClasses; n > 0 {
		opts = append(opts, zoo.WithClasses(n))
	}
	m, err := zoo.New(run.Model, opts...)
	if err != nil {
		t.Fatal(err)
	}
	params := graph.NewParams(1)
	tuning := train.FineTuning{Freeze: run.Freeze}
	g, err := m.LossGraph(params, graph.Train, shape[0], zoo.Loss{}, append(tuning.GraphOptions(), graph.WithoutInit())...)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range run.State {
		if err := params.Set(s.Name, s.Shape, s.Data()); err != nil {
			t.Fatal(err)
		}
	}
	if params.Len() != len(run.State) {
		t.Fatalf("%d entries in the state, PyTorch has %d", params.Len(), len(run.State))
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func give(t *testing.T, program *graph.Program, b parity.Batch) {
	t.Helper()
	x := tensor.New(tensor.WithShape(b.X.Shape...), tensor.WithBacking(b.X.Data()))
	y := tensor.New(tensor.WithShape(len(b.Labels)), tensor.WithBacking(b.Labels))
	for name, v := range map[string]*tensor.Dense{"x": x, "y": y} {
		if err := program.Let(name, v); err != nil {
			t.Fatal(err)
		}
	}
}

// solver is PyTorch's optimiser of that name.
func solver(t *testing.T, o parity.Optimizer, scale func(name string) float64) train.Solver {
	t.Helper()
	options := train.SolverOptions{Scale: scale}
	switch o.Name {
	case "SGD":
		return &train.SGD{LR: o.LR, Momentum: o.Momentum, Nesterov: o.Nesterov, WeightDecay: o.WeightDecay, SolverOptions: options}
	case "Adam", "AdamW":
		s := train.NewAdam(o.LR)
		s.WeightDecay, s.Decoupled = o.WeightDecay, o.Name == "AdamW"
		s.SolverOptions = options
		return s
	case "RMSprop":
		s := train.NewRMSProp(o.LR)
		s.Momentum, s.WeightDecay, s.Eps = o.Momentum, o.WeightDecay, o.Eps
		s.SolverOptions = options
		return s
	}
	t.Fatalf("no solver for %s", o.Name)
	return nil
}
