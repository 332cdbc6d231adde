package main

import (
	"context"
	"runtime"
	"time"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// ours is this module. The program made last is kept.
type ours struct {
	workload workload
	program  *graph.Program
	solver   train.Solver
}

// Name is the module's, with the version of Go.
func (o *ours) Name() string { return "modelzoo, " + runtime.Version() }

// Variants is one for each kind.
func (o *ours) Variants(kind) []string { return []string{"program"} }

// Time times runs of the workload.
func (o *ours) Time(ctx context.Context, w workload, _ string, n int) ([]float64, error) {
	if o.program == nil || o.workload != w {
		if err := o.build(w); err != nil {
			return nil, err
		}
	}
	var ms []float64
	for i := range n + 1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		if err := o.once(); err != nil {
			return nil, err
		}
		if i > 0 {
			ms = append(ms, float64(time.Since(start).Nanoseconds())/1e6)
		}
	}
	return ms, nil
}

func (o *ours) once() error {
	if o.workload.Kind == training {
		return o.program.Step(o.solver)
	}
	return o.program.Run()
}

// warmUp is the number of runs after building, as in the peers.
const warmUp = 3

func (o *ours) build(w workload) error {
	if o.program != nil {
		if err := o.program.Close(); err != nil {
			return err
		}
		*o = ours{}
		runtime.GC()
	}
	m, err := zoo.New(w.Model, zoo.WithInput(3, w.Size, w.Size))
	if err != nil {
		return err
	}
	g, err := o.graph(m, w)
	if err != nil {
		return err
	}
	if o.program, err = graph.NewProgram(g); err != nil {
		return err
	}
	o.workload = w
	o.solver = &train.SGD{LR: 0.01, Momentum: 0.9, WeightDecay: 1e-4, SolverOptions: train.SolverOptions{KeepGrads: true}}
	if err := o.feed(g, w); err != nil {
		return err
	}
	for range warmUp {
		if err := o.once(); err != nil {
			return err
		}
	}
	return nil
}

func (o *ours) graph(m *zoo.Model, w workload) (*graph.Graph, error) {
	params := graph.NewParams(1)
	if w.Kind == training {
		return m.LossGraph(params, graph.Train, w.Batch, zoo.Loss{})
	}
	return m.Graph(params, graph.Infer, w.Batch)
}

// feed gives the program an image of a fixed pattern and labels.
func (o *ours) feed(g *graph.Graph, w workload) error {
	x := tensor.New(tensor.WithShape(w.Batch, 3, w.Size, w.Size), tensor.Of(tensor.Float32))
	for i, v := 0, x.Float32s(); i < len(v); i++ {
		v[i] = float32(i*7919%2048)/512 - 2
	}
	if err := o.program.Let("x", x); err != nil || g.Input("y") == nil {
		return err
	}
	y := tensor.New(tensor.WithShape(w.Batch), tensor.Of(tensor.Int))
	for i, v := 0, y.Ints(); i < len(v); i++ {
		v[i] = i % 10
	}
	return o.program.Let("y", y)
}
