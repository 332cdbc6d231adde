package train

import (
	"fmt"
	"log/slog"
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// What OnNaN may be.
const (
	StopOnNaN = "stop"
	SkipOnNaN = "skip"
)

// Faults are settings that say what a run puts up with.
type Faults struct {
	// OnNaN says what becomes of a step whose loss or gradient is not finite: StopOnNaN
	// ends the run; SkipOnNaN leaves the step out, which then moves neither parameters
	// and their statistics nor what the solver remembers, until there are more than
	// MaxSkipped of them in the run.
	OnNaN      string `yaml:"on_nan"`
	MaxSkipped int    `yaml:"max_skipped"`
	// MaxCorrupt is the part of an epoch's training images that may be ones that cannot
	// be decoded, for each of which another is taken; 0 for none.
	MaxCorrupt float64 `yaml:"max_corrupt"`
}

// defaultFaults are those for a model.
func defaultFaults(model string) Faults {
	f := Faults{OnNaN: StopOnNaN, MaxSkipped: 100, MaxCorrupt: 0.01}
	if t, _ := taskOf(model); t == zoo.Language {
		f.MaxCorrupt = 0
	}
	return f
}

func (c *Config) validateFaults() error {
	t, err := taskOf(c.Model)
	switch {
	case err != nil:
		return err
	case c.OnNaN != StopOnNaN && c.OnNaN != SkipOnNaN:
		return unknown("on_nan", c.OnNaN, []string{StopOnNaN, SkipOnNaN})
	case c.MaxSkipped < 1:
		return errors.Errorf("max_skipped %d, want at least 1; to skip no step there is on_nan %s", c.MaxSkipped, StopOnNaN)
	case c.OnNaN == StopOnNaN && c.MaxSkipped != defaultFaults(c.Model).MaxSkipped:
		return errors.Errorf("max_skipped is for on_nan %s: with %s no step is skipped", SkipOnNaN, StopOnNaN)
	case !(c.MaxCorrupt >= 0 && c.MaxCorrupt <= 1):
		return errors.Errorf("max_corrupt %g, want a part from 0 to 1", c.MaxCorrupt)
	case t == zoo.Language && c.MaxCorrupt != 0:
		return errors.Errorf("max_corrupt is for images: %s reads text", c.Model)
	}
	return nil
}

// statistics are the buffers of the model, which a forward pass changes, as they were
// before a step.
type statistics struct {
	of     []*graph.Param
	before [][]float32
}

// keep takes a copy.
func (s *statistics) keep(p *graph.Params) {
	if s.of == nil {
		for e := range p.All() {
			if e.Buffer {
				s.of = append(s.of, e)
				s.before = append(s.before, make([]float32, len(e.Value.Float32s())))
			}
		}
	}
	for i, e := range s.of {
		copy(s.before[i], e.Value.Float32s())
	}
}

// bringBack undoes what was changed since.
func (s *statistics) bringBack(p *graph.Params) {
	for i, e := range s.of {
		copy(e.Value.Float32s(), s.before[i])
	}
	p.Changed()
}

// finiteGrads checks the gradients, unless clipping does so anyway.
func (c *Config) finiteGrads(model []G.ValueGrad, check check) error {
	if c.ClipNorm > 0 {
		return nil
	}
	squares := 0.0
	for i, p := range model {
		g, err := gradOf(i, p)
		if err != nil {
			return err
		}
		squares += kernel.SumSquares(g)
	}
	return check("the norm of the gradient", math.Sqrt(squares))
}

// attempt makes a step, or skips it if the settings say so of one that is not finite.
func (s *session) attempt(step func() error) (skipped bool, err error) {
	if s.config.OnNaN != SkipOnNaN {
		return false, step()
	}
	s.statistics.keep(s.params)
	before := s.progress.tally
	err = step()
	var d *DivergedError
	if !errors.As(err, &d) {
		return false, err
	}
	s.statistics.bringBack(s.params)
	before.Wait = s.progress.Wait
	s.progress.tally = before
	s.progress.SkippedSteps++
	if n := s.skippedSteps(); n > s.config.MaxSkipped {
		return false, s.diverged(fmt.Sprintf("%d steps were skipped, more than max_skipped, and %s", n-1, d.What), d.Step)
	}
	s.log.Warn("a step is skipped", slog.String("reason", d.What), slog.Int("step", d.Step), slog.Int("epoch", d.Epoch))
	return true, nil
}

// resync lets the task go on with the next step after one that was skipped, of whose
// batches some may not have been read.
func (s *session) resync() error {
	if s.progress.Step == s.stepsPerEpoch && s.config.Accumulate == 1 {
		return nil // finish takes the end of the epoch
	}
	return s.task.seek(s.progress.Epoch, s.progress.Step)
}

// skippedSteps counts those of the run.
func (r *Run) skippedSteps() int {
	n := r.progress.SkippedSteps
	for _, e := range r.progress.History {
		n += e.SkippedSteps
	}
	return n
}

// checkCorrupt ends the run if too many of the images of the epoch are corrupt, in the
// state in which it is.
func (s *session) checkCorrupt() error {
	n, images := s.progress.SkippedImages, s.stepsPerEpoch*s.task.perStep()
	if float64(n) <= math.Ceil(s.config.MaxCorrupt*float64(images)) {
		return nil
	}
	if err := s.save(); err != nil {
		return err
	}
	return errors.Errorf("%d of the %d training images of epoch %d could not be decoded so far, more than max_corrupt %g: training stops; %s names them, and %s has the state",
		n, images, s.progress.Epoch+1, s.config.MaxCorrupt, s.dir.path(LogFile), s.dir.path(LastFile))
}
