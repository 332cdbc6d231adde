package workload

import (
	"time"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/pattern"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Run is a workload that is ready to be run.
type Run struct {
	Program *graph.Program
	Build   time.Duration // making the graph, parameters included
	Compile time.Duration // differentiating it and making the machine
	solver  train.Solver  // nil for inference
}

// Make builds and compiles the workload, whose graph is made with the options,
// and feeds it a fixed pattern. Nothing has run yet.
func Make(w Workload, opts ...graph.Option) (*Run, error) {
	m, err := zoo.New(w.Model, zoo.WithInput(3, w.Size, w.Size))
	if err != nil {
		return nil, err
	}
	var r Run
	start := time.Now()
	g, err := build(m, w, opts)
	if err != nil {
		return nil, err
	}
	r.Build = time.Since(start)
	start = time.Now()
	if r.Program, err = graph.NewProgram(g); err != nil {
		return nil, err
	}
	r.Compile = time.Since(start)
	if w.Kind == Training {
		r.solver = &train.SGD{LR: 0.01, Momentum: 0.9, WeightDecay: 1e-4, SolverOptions: train.SolverOptions{KeepGrads: true}}
	}
	return &r, r.feed(w)
}

func build(m *zoo.Model, w Workload, opts []graph.Option) (*graph.Graph, error) {
	params := graph.NewParams(1)
	switch w.Kind {
	case Inference:
		return m.Graph(params, graph.Infer, w.Batch, opts...)
	case Training:
		return m.LossGraph(params, graph.Train, w.Batch, zoo.Loss{}, opts...)
	}
	return nil, errors.Errorf("a workload of kind %q, want %s or %s", w.Kind, Inference, Training)
}

// feed gives the program images of a fixed pattern and labels.
func (r *Run) feed(w Workload) error {
	if err := r.Program.Let("x", pattern.Images(w.Batch, w.Size)); err != nil || w.Kind != Training {
		return err
	}
	y := tensor.New(tensor.WithShape(w.Batch), tensor.Of(tensor.Int))
	for i, v := 0, y.Ints(); i < len(v); i++ {
		v[i] = i % 10
	}
	return r.Program.Let("y", y)
}

// Once runs the workload.
func (r *Run) Once() error {
	if r.solver != nil {
		return r.Program.Step(r.solver)
	}
	return r.Program.Run()
}

// Update is the solver's part of a step alone, with the gradients of the last
// run.
func (r *Run) Update() error {
	if r.solver == nil {
		return nil
	}
	return r.Program.Update(r.solver)
}

// Time runs the workload once and returns the milliseconds that it took.
func (r *Run) Time() (ms float64, err error) {
	start := time.Now()
	err = r.Once()
	return float64(time.Since(start).Nanoseconds()) / 1e6, err
}

// Close frees the program.
func (r *Run) Close() error { return r.Program.Close() }
