package train

import "math"

// Schedule gives the learning rate of every step of a run. It is a pure function
// of the step, counted from 0, so that a run may go on anywhere.
type Schedule interface {
	LR(step int) float64
}

// MomentumSchedule is a Schedule that moves the momentum too.
type MomentumSchedule interface {
	Schedule
	Momentum(step int) float64
}

// Constant is a learning rate that stays.
type Constant struct {
	Base float64
}

// LR returns Base.
func (c Constant) LR(int) float64 { return c.Base }

// StepDecay multiplies the learning rate by Gamma every Size steps
// (torch.optim.lr_scheduler.StepLR), or at Milestones (MultiStepLR).
type StepDecay struct {
	Base       float64
	Size       int   // 0: at the milestones only
	Milestones []int // the steps that are the first at a lower rate
	Gamma      float64
}

// LR returns Base times Gamma to the number of drops up to the step.
func (s StepDecay) LR(step int) float64 {
	drops := 0
	if s.Size > 0 {
		drops = step / s.Size
	}
	for _, m := range s.Milestones {
		if step >= m {
			drops++
		}
	}
	return s.Base * math.Pow(s.Gamma, float64(drops))
}

// Cosine lowers the learning rate from Base to Min along half a cosine of Steps
// steps, and stays there: torch.optim.lr_scheduler.CosineAnnealingLR with T_max
// of Steps, which would rise again (Loshchilov and Hutter 2017, "SGDR").
type Cosine struct {
	Base, Min float64
	Steps     int
}

// LR returns the rate of the step.
func (c Cosine) LR(step int) float64 {
	return anneal(c.Base, c.Min, passed(step, 0, float64(c.Steps)))
}

// Polynomial lowers the learning rate to 0 in Steps steps, as a power of the part of
// them that is left: torch.optim.lr_scheduler.PolynomialLR.
type Polynomial struct {
	Base  float64
	Steps int
	Power float64 // PyTorch's default is 1
}

// LR returns the rate of the step.
func (p Polynomial) LR(step int) float64 {
	return p.Base * math.Pow(1-passed(step, 0, float64(p.Steps)), p.Power)
}

// OneCycle is torch.optim.lr_scheduler.OneCycleLR with its cosine annealing and
// two phases (Smith and Topin 2018, "Super-convergence"): the learning rate
// climbs from Max/DivFactor to Max and then falls to
// Max/DivFactor/FinalDivFactor, while the momentum goes from MaxMomentum down to
// BaseMomentum and back.
type OneCycle struct {
	Max            float64
	Steps          int
	PctStart       float64 // part of the steps that climb; PyTorch's default is 0.3
	DivFactor      float64 // PyTorch's default is 25
	FinalDivFactor float64 // PyTorch's default is 1e4
	BaseMomentum   float64 // PyTorch's default is 0.85
	MaxMomentum    float64 // PyTorch's default is 0.95
}

// LR returns the rate of the step.
func (c OneCycle) LR(step int) float64 {
	first := c.Max / c.DivFactor
	return c.cycle(step, first, c.Max, first/c.FinalDivFactor)
}

// Momentum returns the momentum of the step.
func (c OneCycle) Momentum(step int) float64 {
	return c.cycle(step, c.MaxMomentum, c.BaseMomentum, c.MaxMomentum)
}

// cycle goes from first to peak and on to last.
func (c OneCycle) cycle(step int, first, peak, last float64) float64 {
	top := c.PctStart*float64(c.Steps) - 1
	if float64(step) <= top {
		return anneal(first, peak, passed(step, 0, top))
	}
	return anneal(peak, last, passed(step, top, float64(c.Steps-1)))
}

// FixedMomentum hides the momentum of a schedule: OneCycleLR with
// cycle_momentum=False.
type FixedMomentum struct {
	Schedule
}

// Warmup raises the learning rate linearly from Factor times the first rate of
// Next to that rate in Steps steps, and then begins Next: LinearLR followed by
// Next in a torch.optim.lr_scheduler.SequentialLR (Goyal et al. 2017, "Accurate,
// large minibatch SGD").
type Warmup struct {
	Next   Schedule
	Steps  int
	Factor float64
}

// LR returns the rate of the step.
func (w Warmup) LR(step int) float64 {
	if step >= w.Steps {
		return w.Next.LR(step - w.Steps)
	}
	return w.Next.LR(0) * (w.Factor + (1-w.Factor)*float64(step)/float64(w.Steps))
}

// anneal goes from a to b along half a cosine while at goes from 0 to 1.
func anneal(a, b, at float64) float64 {
	return b + (a-b)*(1+math.Cos(math.Pi*at))/2
}

// passed returns how much of the way from one step to another is done, in
// [0, 1].
func passed(step int, from, to float64) float64 {
	if to <= from {
		return 1
	}
	return min(max((float64(step)-from)/(to-from), 0), 1)
}
