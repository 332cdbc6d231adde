package workload

import (
	"math"
	"time"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// makeDuel has a generator and its discriminator make their alternating step on
// images of a fixed pattern.
func makeDuel(m *zoo.Model, w Workload) (*Run, error) {
	o := train.DefaultOptimizer("adam")
	o.LR, o.Betas = 2e-4, [2]float64{0.5, 0.999}
	start := time.Now()
	d, err := train.NewDuel(m, graph.NewParams(1), &train.Config{BatchSize: w.Batch, Optimizer: o})
	if err != nil {
		return nil, err
	}
	c, height, width := m.Picture()
	real := tensor.New(tensor.WithShape(w.Batch, c, height, width), tensor.Of(tensor.Float32))
	for i, v := 0, real.Float32s(); i < len(v); i++ {
		v[i] = float32(i*7919%2048)/1024 - 1
	}
	step := uint64(0)
	return &Run{
		Programs: d.Runs(), Compile: time.Since(start), update: d.Update, close: d.Close,
		once: func() error {
			step++
			_, err := d.Step(step, real, finite)
			return err
		},
	}, nil
}

// finite reports a measure that is no number, with which nothing would be timed
// that is worth it.
func finite(what string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return errors.Errorf("%s is %v", what, v)
	}
	return nil
}
