package train

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// belonging is a setting that only some optimisers or schedules have.
type belonging struct {
	setting string
	given   bool
	to      []string
}

// foreign reports a setting that is given, but means nothing for the optimiser or the
// schedule of that name.
func foreign(name string, list []belonging) error {
	for _, b := range list {
		if b.given && !slices.Contains(b.to, name) {
			return errors.Errorf("%s is for %s, it means nothing for %s", b.setting, strings.Join(b.to, ", "), name)
		}
	}
	return nil
}

func (c OptimizerConfig) foreign() error {
	moments, adaptive := []string{"adam", "adamw"}, []string{"adam", "adamw", "rmsprop"}
	return foreign(c.Name, []belonging{
		{"momentum", c.Momentum != 0, []string{"sgd", "rmsprop"}},
		{"dampening", c.Dampening != 0, []string{"sgd"}},
		{"nesterov", c.Nesterov, []string{"sgd"}},
		{"betas", c.Betas != [2]float64{}, moments},
		{"amsgrad", c.AMSGrad, moments},
		{"alpha", c.Alpha != 0, []string{"rmsprop"}},
		{"centered", c.Centered, []string{"rmsprop"}},
		{"eps", c.Eps != 0, adaptive},
	})
}

func (c ScheduleConfig) foreign() error {
	step, plateau, cycle := []string{"step"}, []string{"plateau"}, []string{"onecycle"}
	return foreign(c.Name, []belonging{
		{"step_size", c.StepSize != 0, step},
		{"milestones", len(c.Milestones) > 0, step},
		{"gamma", c.Gamma != 0, step},
		{"min_lr", c.MinLR != 0, []string{"cosine", "plateau"}},
		{"power", c.Power != 0, []string{"polynomial"}},
		{"factor", c.Factor != 0, plateau},
		{"patience", c.Patience != 0, plateau},
		{"threshold", c.Threshold != 0, plateau},
		{"pct_start", c.PctStart != 0, cycle},
		{"div_factor", c.DivFactor != 0, cycle},
		{"final_div_factor", c.FinalDivFactor != 0, cycle},
		{"cycle_momentum", c.CycleMomentum, cycle},
		{"base_momentum", c.BaseMomentum != 0, cycle},
		{"max_momentum", c.MaxMomentum != 0, cycle},
	})
}
