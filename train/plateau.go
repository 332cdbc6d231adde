package train

import (
	"math"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// AdaptiveSchedule is a Schedule that depends on what the epochs so far came to,
// besides the step. After returns the schedule of the epoch that follows them, and
// of those after it as long as there is nothing new. It is a pure function, so a run
// that has its history may go on anywhere.
type AdaptiveSchedule interface {
	Schedule
	// After is given a measure of each epoch. Larger ones are better if larger says so.
	After(measures []float64, larger bool) Schedule
}

// Plateau lowers the learning rate when the measure of the epochs gets no better:
// torch.optim.lr_scheduler.ReduceLROnPlateau with its relative threshold.
type Plateau struct {
	Base      float64
	Factor    float64 // of a drop; PyTorch's default is 0.1
	Patience  int     // epochs without improvement that are borne; PyTorch's default is 10
	Threshold float64 // part of the measure that counts as improvement; PyTorch's default is 1e-4
	Min       float64 // the least learning rate
	// Skip is the number of epochs at the beginning whose measures do not count, those
	// of a warm-up.
	Skip int
}

// plateauEps is the least change of the learning rate that PyTorch makes.
const plateauEps = 1e-8

// LR returns Base, the rate as long as there are no measures.
func (p Plateau) LR(int) float64 { return p.Base }

// After returns the rate after epochs of those measures: larger is PyTorch's mode
// "max".
func (p Plateau) After(measures []float64, larger bool) Schedule {
	lr, w := p.Base, p.watch(larger)
	for _, m := range measures[min(p.Skip, len(measures)):] {
		w.see(m)
		if w.bad <= p.Patience {
			continue
		}
		w.bad = 0
		if lower := max(lr*p.Factor, p.Min); lr-lower > plateauEps {
			lr = lower
		}
	}
	return Constant{lr}
}

func (p Plateau) watch(larger bool) *watch {
	return newWatch(larger, func(best float64) float64 {
		if larger {
			return best * (1 + p.Threshold)
		}
		return best * (1 - p.Threshold)
	})
}

// After begins the schedule that Next is by then.
func (w Warmup) After(measures []float64, larger bool) Schedule {
	if a, ok := w.Next.(AdaptiveSchedule); ok {
		w.Next = a.After(measures, larger)
	}
	return w
}

// watch counts the measures since the best one.
type watch struct {
	larger bool
	bar    func(best float64) float64 // what a measure must be better than
	best   float64
	bad    int
}

func newWatch(larger bool, bar func(best float64) float64) *watch {
	w := &watch{larger: larger, bar: bar, best: math.Inf(1)}
	if larger {
		w.best = math.Inf(-1)
	}
	return w
}

// see takes the measure of an epoch, which is no better if it is NaN.
func (w *watch) see(m float64) {
	bar := w.best
	if !math.IsInf(bar, 0) {
		bar = w.bar(bar)
	}
	if w.larger && m > bar || !w.larger && m < bar {
		w.best, w.bad = m, 0
		return
	}
	w.bad++
}

// larger reports whether the larger measure of a task's epochs is the better one.
func larger(t zoo.Task) bool { return t == zoo.Classification }

// measures are what tells which epochs of a run were better: top-1 of a classifier,
// the loss on the validation text of a language model.
func measures(history []EpochResult) []float64 {
	list := make([]float64, len(history))
	for i, r := range history {
		list[i] = r.ValLoss
		if larger(r.Task) {
			list[i] = r.ValTop1
		}
	}
	return list
}

// rates returns the schedule of the epoch that the run is in.
func (r *Run) rates() Schedule {
	if a, ok := r.schedule.(AdaptiveSchedule); ok {
		return a.After(measures(r.progress.History), larger(r.model.Task()))
	}
	return r.schedule
}

func (c ScheduleConfig) validatePlateau() error {
	switch {
	case !(c.Factor > 0 && c.Factor < 1):
		return errors.Errorf("factor %g, want more than 0 and less than 1", c.Factor)
	case c.Patience < 0:
		return errors.Errorf("patience %d, want at least 0", c.Patience)
	}
	return atLeast0(option{"threshold", c.Threshold})
}

// needsMeasure reports settings that ask whether an epoch was better, of which no
// GAN can tell.
func (c *Config) needsMeasure() error {
	if t, err := taskOf(c.Model); err != nil || t != zoo.Generation {
		return err
	}
	const none = "there is no measure by which epochs of %s, a GAN, get better"
	switch {
	case c.Schedule.Name == "plateau":
		return errors.Errorf("schedule plateau: "+none, c.Model)
	case c.Patience > 0:
		return errors.Errorf("patience %d: "+none, c.Patience, c.Model)
	}
	return nil
}
