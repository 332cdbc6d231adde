package train

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// ScheduleConfig chooses a Schedule. Times are in epochs, of which fractions are
// possible; settings of other schedules are zero.
type ScheduleConfig struct {
	Name string `yaml:"name"` // constant, step, cosine, polynomial, onecycle or plateau

	// Warmup is how long the learning rate rises, from WarmupFactor of its first
	// value, before the schedule begins. A one-cycle schedule has a rise of its own.
	Warmup       float64 `yaml:"warmup"`
	WarmupFactor float64 `yaml:"warmup_factor"`

	// A step schedule multiplies the rate by Gamma at each of the Milestones or, if
	// there are none, every StepSize epochs.
	StepSize   float64   `yaml:"step_size"`
	Milestones []float64 `yaml:"milestones,flow"`
	Gamma      float64   `yaml:"gamma"`

	// MinLR is where a cosine ends, and below which a plateau schedule does not go.
	MinLR float64 `yaml:"min_lr"`

	// Power is that of a polynomial.
	Power float64 `yaml:"power"`

	// A plateau schedule multiplies the rate by Factor after more than Patience epochs
	// that were not better by the part Threshold than the best one.
	Factor    float64 `yaml:"factor"`
	Patience  int     `yaml:"patience"`
	Threshold float64 `yaml:"threshold"`

	// These are the settings of OneCycle. CycleMomentum is false by default, unlike
	// PyTorch's: the momentum stays at the optimiser's.
	PctStart       float64 `yaml:"pct_start"`
	DivFactor      float64 `yaml:"div_factor"`
	FinalDivFactor float64 `yaml:"final_div_factor"`
	CycleMomentum  bool    `yaml:"cycle_momentum"`
	BaseMomentum   float64 `yaml:"base_momentum"`
	MaxMomentum    float64 `yaml:"max_momentum"`
}

// Schedules returns the names of the schedules.
func Schedules() []string {
	return []string{"constant", "step", "cosine", "polynomial", "onecycle", "plateau"}
}

// DefaultSchedule returns a schedule with PyTorch's defaults, except that the
// momentum is not cycled. A step schedule drops every 30 epochs to a tenth, as
// in torchvision's references.
func DefaultSchedule(name string) ScheduleConfig {
	c := ScheduleConfig{Name: name, WarmupFactor: 0.01}
	switch name {
	case "step":
		c.StepSize, c.Gamma = 30, 0.1
	case "polynomial":
		c.Power = 1
	case "plateau":
		c.Factor, c.Patience, c.Threshold = 0.1, 10, 1e-4
	case "onecycle":
		c.PctStart, c.DivFactor, c.FinalDivFactor = 0.3, 25, 1e4
		c.BaseMomentum, c.MaxMomentum = 0.85, 0.95
	}
	return c
}

// Schedule returns the schedule for a run of that many epochs of so many steps,
// whose largest learning rate is lr.
func (c ScheduleConfig) Schedule(lr float64, epochs, stepsPerEpoch int) (Schedule, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	steps := func(epochs float64) int { return int(math.Round(epochs * float64(stepsPerEpoch))) }
	warmup := steps(c.Warmup)
	total := epochs*stepsPerEpoch - warmup
	if total < 1 {
		return nil, errors.Errorf("a warm-up of %g epochs in a run of %d", c.Warmup, epochs)
	}
	s := c.main(lr, total, steps)
	if warmup > 0 {
		s = Warmup{s, warmup, c.WarmupFactor}
	}
	return s, nil
}

func (c ScheduleConfig) main(lr float64, total int, steps func(float64) int) Schedule {
	switch c.Name {
	case "step":
		s := StepDecay{Base: lr, Gamma: c.Gamma}
		for _, m := range c.Milestones {
			s.Milestones = append(s.Milestones, steps(m))
		}
		if len(s.Milestones) == 0 {
			s.Size = steps(c.StepSize)
		}
		return s
	case "cosine":
		return Cosine{Base: lr, Min: c.MinLR, Steps: total}
	case "polynomial":
		return Polynomial{Base: lr, Steps: total, Power: c.Power}
	case "plateau":
		return Plateau{Base: lr, Factor: c.Factor, Patience: c.Patience, Threshold: c.Threshold, Min: c.MinLR,
			Skip: int(math.Ceil(c.Warmup))}
	case "onecycle":
		s := OneCycle{Max: lr, Steps: total, PctStart: c.PctStart, DivFactor: c.DivFactor,
			FinalDivFactor: c.FinalDivFactor, BaseMomentum: c.BaseMomentum, MaxMomentum: c.MaxMomentum}
		if c.CycleMomentum {
			return s
		}
		return FixedMomentum{s}
	}
	return Constant{lr}
}

func (c ScheduleConfig) validate() error {
	if !slices.Contains(Schedules(), c.Name) {
		return unknown("schedule", c.Name, Schedules())
	}
	err := atLeast0(option{"warmup", c.Warmup}, option{"step_size", c.StepSize}, option{"gamma", c.Gamma}, option{"min_lr", c.MinLR}, option{"power", c.Power})
	if err != nil {
		return err
	}
	for _, m := range c.Milestones {
		if err := atLeast0(option{"milestone", m}); err != nil {
			return err
		}
	}
	if err := c.foreign(); err != nil {
		return err
	}
	switch {
	case !(c.WarmupFactor >= 0 && c.WarmupFactor <= 1):
		return errors.Errorf("warmup_factor %g, want 0 to 1", c.WarmupFactor)
	case c.Name == "onecycle" && c.Warmup > 0:
		return errors.New("warmup with onecycle, which begins with a rise of its own (pct_start)")
	case c.Name == "onecycle":
		return c.validateCycle()
	case c.Name == "plateau":
		return c.validatePlateau()
	}
	return nil
}

func (c ScheduleConfig) validateCycle() error {
	if !(c.PctStart >= 0 && c.PctStart <= 1) {
		return errors.Errorf("pct_start %g, want 0 to 1", c.PctStart)
	}
	if !(c.DivFactor > 0 && c.FinalDivFactor > 0) {
		return errors.Errorf("div_factor %g and final_div_factor %g, want more than 0", c.DivFactor, c.FinalDivFactor)
	}
	return below1(option{"base_momentum", c.BaseMomentum}, option{"max_momentum", c.MaxMomentum})
}
