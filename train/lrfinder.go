package train

import (
	"context"
	"math"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// LRSearch says how FindLR goes through learning rates.
type LRSearch struct {
	From, To float64 // the first and the last
	Steps    int
}

// DefaultLRSearch goes from 1e-6 to 10 in 100 steps.
var DefaultLRSearch = LRSearch{From: 1e-6, To: 10, Steps: 100}

func (s LRSearch) validate() error {
	switch {
	case !(s.From > 0) || !(s.To > s.From) || math.IsInf(s.To, 0):
		return errors.Errorf("learning rates from %g to %g, want the first above 0 and the last above it", s.From, s.To)
	case s.Steps < 10:
		return errors.Errorf("%d steps, want at least 10", s.Steps)
	}
	return nil
}

// at is the learning rate of a step: it rises exponentially.
func (s LRSearch) at(step int) float64 {
	return s.From * math.Pow(s.To/s.From, float64(step)/float64(s.Steps-1))
}

// LRPoint is a step of a search.
type LRPoint struct {
	LR, Loss float64
	Smoothed float64 // the running mean of the losses
}

// LRCurve is what a search has found.
type LRCurve struct {
	Points []LRPoint
	// Scale is what the run multiplies the optimiser's learning rate by, see
	// Config.LRBaseBatch. Those of the points are multiplied already.
	Scale float64
	// Diverged says that the loss has grown so much that the search ended before its
	// last step.
	Diverged bool
}

const (
	lrSmoothing  = 0.9  // what the mean of the losses before counts
	lrDivergence = 4    // times the least mean so far is too much, as in fastai
	lrPeak       = 1.25 // times the least mean so far is no noise
	lrCertain    = 3    // times its standard error is a fall that is no noise
)

// FindLR trains a fresh model while the learning rate rises exponentially from step
// to step (Smith 2017, "Cyclical learning rates for training neural networks"), and
// reports the losses. It ends when they diverge. Of the settings, epochs, schedule and
// averages do not count; nothing is written.
func FindLR(ctx context.Context, c Config, s LRSearch, o Options) (*LRCurve, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	if t, err := taskOf(c.Model); err == nil && t == zoo.Generation {
		return nil, errors.Errorf("%s is a GAN, whose losses do not say how well it learns: there is no learning rate to be found by them", c.Model)
	}
	c.EMADecay, c.EMAWarmup = 0, false
	r, err := fresh(c, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := r.loadInitial(); err != nil {
		return nil, err
	}
	curve := &LRCurve{Scale: c.ScaledLR() / c.Optimizer.LR}
	return curve, curve.search(ctx, r, s)
}

// errNotFinite ends a search.
var errNotFinite = errors.New("a loss that is not finite")

func (c *LRCurve) search(ctx context.Context, r *Run, s LRSearch) error {
	mean, least := 0.0, math.Inf(1)
	for i := range s.Steps {
		lr := s.at(i)
		loss, err := r.stepAt(ctx, lr)
		if errors.Is(err, errNotFinite) {
			c.Diverged = true
			return nil
		}
		if err != nil {
			return err
		}
		mean = lrSmoothing*mean + (1-lrSmoothing)*loss
		smoothed := mean / (1 - math.Pow(lrSmoothing, float64(i+1)))
		c.Points = append(c.Points, LRPoint{lr, loss, smoothed})
		if least = min(least, smoothed); i > 0 && smoothed > lrDivergence*least {
			c.Diverged = true
			return nil
		}
		r.reportSearch(i+1, s.Steps, lr, loss)
	}
	return nil
}

// stepAt makes the next step of the run with a learning rate.
func (r *Run) stepAt(ctx context.Context, lr float64) (loss float64, err error) {
	p := &r.progress
	if p.Step == r.stepsPerEpoch {
		if err := r.task.finish(ctx); err != nil {
			return 0, err
		}
		p.Epoch, p.Step = p.Epoch+1, 0
	}
	if p.Step == 0 {
		if err := r.task.seek(p.Epoch, 0); err != nil {
			return 0, err
		}
	}
	r.solver.SetLR(lr)
	loss, err = r.batches(ctx, func(_ string, v float64) error {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errNotFinite
		}
		return nil
	})
	p.Step++
	return loss, err
}

func (r *Run) reportSearch(done, steps int, lr, loss float64) {
	if r.options.Report == nil {
		return
	}
	each := r.task.perStep()
	r.options.Report.Progress(Progress{
		Epoch: 1, Epochs: 1, Batch: done, Batches: steps, Loss: loss, LR: lr,
		Done: done * each, Total: steps * each, Unit: r.Unit(),
	})
}

// Suggestion is the learning rate at which the loss falls most steeply before the
// mean of the losses is least: the middle of the fifth of the steps through which the
// line with the least squares falls most, by more than noise alone would make it. There
// is none if it does not fall so.
func (c *LRCurve) Suggestion() (p LRPoint, ok bool) {
	end, width := c.least()+1, max(3, len(c.Points)/5)
	most := 0.0
	for i := 0; i+width <= end; i++ {
		if fall, off := descent(c.Points[i : i+width]); fall > most && fall > lrCertain*off {
			most, p, ok = fall, c.Points[i+width/2], true
		}
	}
	return p, ok
}

// least returns the index of the least mean before the losses rise out of bounds: what
// falls again after a peak is no descent.
func (c *LRCurve) least() (least int) {
	for i, p := range c.Points {
		switch best := c.Points[least].Smoothed; {
		case p.Smoothed > lrPeak*best:
			return least
		case p.Smoothed < best:
			least = i
		}
	}
	return least
}

// descent is how much the line with the least squares through the losses of consecutive
// steps falls in a step, and the standard error of that.
func descent(points []LRPoint) (fall, off float64) {
	n := float64(len(points))
	mean, over, under := 0.0, 0.0, 0.0
	for i, p := range points {
		x := float64(i) - (n-1)/2
		mean += p.Loss / n
		over += x * p.Loss
		under += x * x
	}
	fall = -over / under
	rest := 0.0 // what the line leaves
	for i, p := range points {
		d := p.Loss - mean + fall*(float64(i)-(n-1)/2)
		rest += d * d
	}
	return fall, math.Sqrt(rest / (n - 2) / under)
}
