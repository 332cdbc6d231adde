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
	// Programs are those of a run, in their order; none for generation.
	Programs []*graph.Program
	Build    time.Duration // making the graph, parameters included
	Compile  time.Duration // differentiating it and making the machine

	once   func() error
	update func() error // the solver's part; nil if there is no solver
	close  func() error
}

// Make builds and compiles the workload, whose graph is made with the options,
// and feeds it a fixed pattern. Nothing has run yet.
func Make(w Workload, opts ...graph.Option) (*Run, error) {
	m, err := w.model()
	if err != nil {
		return nil, err
	}
	switch {
	case w.Kind == Generation:
		return makeText(m, w)
	case m.Task() == zoo.Generation && w.Kind == Training:
		return makeDuel(m, w)
	}
	var r Run
	p, err := r.program(m, w, opts)
	if err != nil {
		return nil, err
	}
	if m.Task() == zoo.Language {
		err = r.readText(m, p)
	} else {
		err = r.seeImages(w, p)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return &r, nil
}

// program makes the program of a workload that has only one.
func (r *Run) program(m *zoo.Model, w Workload, opts []graph.Option) (*graph.Program, error) {
	start := time.Now()
	g, err := build(m, w, opts)
	if err != nil {
		return nil, err
	}
	r.Build = time.Since(start)
	start = time.Now()
	p, err := graph.NewProgram(g)
	if err != nil {
		return nil, err
	}
	r.Compile = time.Since(start)
	r.Programs, r.once, r.close = []*graph.Program{p}, p.Run, p.Close
	return p, nil
}

func build(m *zoo.Model, w Workload, opts []graph.Option) (*graph.Graph, error) {
	params := graph.NewParams(1)
	switch w.Kind {
	case Inference:
		return m.Graph(params, graph.Infer, w.Batch, opts...)
	case Training:
		return m.LossGraph(params, graph.Train, w.Batch, zoo.Loss{}, opts...)
	}
	return nil, errors.Errorf("a workload of kind %q, want %s, %s or %s", w.Kind, Inference, Training, Generation)
}

// seeImages gives the program images of a fixed pattern and labels.
func (r *Run) seeImages(w Workload, p *graph.Program) error {
	if err := p.Let("x", pattern.Images(w.Batch, w.Size)); err != nil || w.Kind != Training {
		return err
	}
	y := tensor.New(tensor.WithShape(w.Batch), tensor.Of(tensor.Int))
	for i, v := 0, y.Ints(); i < len(v); i++ {
		v[i] = i % 10
	}
	solver := &train.SGD{LR: 0.01, Momentum: 0.9, WeightDecay: 1e-4, SolverOptions: train.SolverOptions{KeepGrads: true}}
	r.once = func() error { return p.Step(solver) }
	r.update = func() error { return p.Update(solver) }
	return p.Let("y", y)
}

// Once runs the workload.
func (r *Run) Once() error { return r.once() }

// Update is the solver's part of a step alone, with the gradients of the last
// run.
func (r *Run) Update() error {
	if r.update == nil {
		return nil
	}
	return r.update()
}

// Time runs the workload once and returns the milliseconds that it took.
func (r *Run) Time() (ms float64, err error) {
	start := time.Now()
	err = r.Once()
	return float64(time.Since(start).Nanoseconds()) / 1e6, err
}

// Profile tells where the time of the programs goes, one after the other.
func (r *Run) Profile(runs int) (*graph.Profile, error) {
	var all graph.Profile
	for _, p := range r.Programs {
		one, err := p.Profile(runs)
		if err != nil {
			return nil, err
		}
		all.Run += one.Run
		all.Rest += one.Rest
		all.Ops = append(all.Ops, one.Ops...)
	}
	return &all, nil
}

// Close frees the programs.
func (r *Run) Close() error { return r.close() }
