package train

import (
	"context"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// accumulator averages the gradients of the batches of a step.
type accumulator struct {
	sums [][]float32
}

// add takes the gradients of batch k of n. Those of the last become the mean of all.
func (a *accumulator) add(model []G.ValueGrad, k, n int) error {
	if n == 1 {
		return nil
	}
	for i, p := range model {
		g, err := gradOf(i, p)
		if err != nil {
			return err
		}
		if len(a.sums) == i {
			a.sums = append(a.sums, make([]float32, len(g)))
		}
		switch sum := a.sums[i]; k {
		case 0:
			copy(sum, g)
		case n - 1:
			kernel.Add(g, g, sum)
			kernel.Scale(g, g, 1/float32(n))
		default:
			kernel.Add(sum, sum, g)
		}
	}
	return nil
}

// batches trains on the batches of a step, which only the last of them ends: an
// interruption waits for it, so that no checkpoint is in the middle of a step.
func (r *Run) batches(ctx context.Context, check check) (loss float64, err error) {
	n := r.config.Accumulate
	defer func() { r.batch = 0 }()
	for r.batch = range n {
		one, err := r.task.step(ctx, &r.progress.tally, check)
		if err != nil {
			return 0, err
		}
		loss += one / float64(n)
		ctx = context.WithoutCancel(ctx)
	}
	return loss, nil
}

// move takes the gradients of the program's last run and, if that was the last batch
// of the step, has the solver move the parameters.
func (r *Run) move(p *graph.Program, check check) error {
	n := r.config.Accumulate
	if err := r.gradients.add(p.Grads(), r.batch, n); err != nil {
		return err
	}
	if r.batch < n-1 {
		return nil
	}
	return r.config.move(p, r.solver, check)
}

// batchNumber counts the batches of the run so far, of which a step has
// Config.Accumulate.
func (r *Run) batchNumber() int { return r.steps()*r.config.Accumulate + r.batch }

// countSteps sets the number of steps of an epoch.
func (r *Run) countSteps() error {
	if r.stepsPerEpoch = r.task.epochSteps(); r.stepsPerEpoch < 1 {
		return errors.Errorf("accumulate %d: an epoch has fewer batches than one step", r.config.Accumulate)
	}
	return nil
}

func (c *Config) validateAccumulate() error {
	if c.Accumulate < 1 {
		return errors.Errorf("accumulate %d, want at least 1", c.Accumulate)
	}
	if t, err := taskOf(c.Model); err != nil || t != zoo.Generation || c.Accumulate == 1 {
		return err
	}
	return errors.Errorf("accumulate %d: the two networks of %s, a GAN, take turns on every batch", c.Accumulate, c.Model)
}
