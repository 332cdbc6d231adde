package train

import "github.com/pkg/errors"

// StoppedEarly reports whether the run has ended before all epochs because as many
// as its patience were no better than the best one before them.
func (r *Run) StoppedEarly() bool {
	return r.progress.Epoch < r.config.Epochs && r.config.impatient(r.progress.History)
}

// impatient reports whether the settings end a run after those epochs. It depends on
// nothing else, so a run that is resumed ends where it would have.
func (c *Config) impatient(history []EpochResult) bool {
	if c.Patience == 0 || len(history) == 0 {
		return false
	}
	better := larger(history[0].Task)
	w := newWatch(better, func(best float64) float64 {
		if better {
			return best + c.MinDelta
		}
		return best - c.MinDelta
	})
	for _, m := range measures(history) {
		if w.see(m); w.bad >= c.Patience {
			return true
		}
	}
	return false
}

func (c *Config) validatePatience() error {
	switch {
	case c.Patience < 0:
		return errors.Errorf("patience %d, want at least 1, or 0 for all epochs", c.Patience)
	case c.MinDelta != 0 && c.Patience == 0:
		return errors.New("min_delta without patience: the run is not stopped early")
	}
	return atLeast0(option{"min_delta", c.MinDelta})
}
