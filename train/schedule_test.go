package train

import (
	"math"
	"testing"
)

// TestSchedulesAgainstPyTorch compares every step with torch.optim.lr_scheduler.
func TestSchedulesAgainstPyTorch(t *testing.T) {
	want := make(map[string][][2]float64) // learning rate and momentum
	readJSON(t, "schedules.json", &want)
	one := OneCycle{Max: 0.1, Steps: 25, PctStart: 0.3, DivFactor: 25, FinalDivFactor: 1e4, BaseMomentum: 0.85, MaxMomentum: 0.95}
	nine := one
	nine.Steps = 9
	got := map[string]Schedule{
		"constant":         Constant{0.1},
		"step":             StepDecay{Base: 0.1, Size: 4, Gamma: 0.3},
		"multistep":        StepDecay{Base: 0.1, Milestones: []int{3, 4, 9}, Gamma: 0.2},
		"cosine":           Cosine{Base: 0.1, Steps: 20},
		"cosine_min":       Cosine{Base: 0.1, Min: 0.01, Steps: 7},
		"polynomial":       Polynomial{Base: 0.1, Steps: 12, Power: 1},
		"polynomial_power": Polynomial{Base: 0.1, Steps: 9, Power: 2.5},
		"onecycle":         one,
		"onecycle_options": OneCycle{Max: 0.5, Steps: 40, PctStart: 0.2, DivFactor: 10, FinalDivFactor: 100,
			BaseMomentum: 0.8, MaxMomentum: 0.9},
		"onecycle_fixed_momentum": FixedMomentum{nine},
		"warmup_cosine":           Warmup{Cosine{Base: 0.1, Min: 0.001, Steps: 16}, 4, 0.01},
		"warmup_step":             Warmup{StepDecay{Base: 0.1, Size: 3, Gamma: 0.5}, 5, 0.25},
	}
	for name, rates := range want {
		s, ok := got[name]
		if !ok {
			t.Errorf("no schedule for %s", name)
			continue
		}
		for step, r := range rates {
			if lr := s.LR(step); math.Abs(lr-r[0]) > 1e-12 {
				t.Errorf("%s: learning rate %v at step %d, want %v", name, lr, step, r[0])
			}
			momentum := 0.9 // the fixture's, where the schedule leaves it
			if m, ok := s.(MomentumSchedule); ok {
				momentum = m.Momentum(step)
			}
			if math.Abs(momentum-r[1]) > 1e-12 {
				t.Errorf("%s: momentum %v at step %d, want %v", name, momentum, step, r[1])
			}
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d schedules, %d expectations", len(got), len(want))
	}
}

// Schedules of few steps, and steps after the end.
func TestScheduleEnds(t *testing.T) {
	for _, c := range []struct {
		s    Schedule
		step int
		want float64
	}{
		{Cosine{Base: 1, Min: 0.5, Steps: 10}, 10, 0.5},
		{Cosine{Base: 1, Min: 0.5, Steps: 10}, 25, 0.5},
		{OneCycle{Max: 1, Steps: 10, PctStart: 0.3, DivFactor: 10, FinalDivFactor: 10}, 9, 0.01},
		{OneCycle{Max: 1, Steps: 10, PctStart: 0.3, DivFactor: 10, FinalDivFactor: 10}, 30, 0.01},
		{OneCycle{Max: 1, Steps: 1, PctStart: 0.3, DivFactor: 10, FinalDivFactor: 10}, 0, 0.01},
		{OneCycle{Max: 1, Steps: 4, PctStart: 0, DivFactor: 10, FinalDivFactor: 10}, 3, 0.01},
		{OneCycle{Max: 1, Steps: 4, PctStart: 1, DivFactor: 10, FinalDivFactor: 10}, 3, 1},
		{Warmup{Constant{2}, 0, 0.1}, 0, 2},
		{Warmup{Constant{2}, 4, 0.5}, 0, 1},
		{Warmup{Constant{2}, 4, 0.5}, 4, 2},
	} {
		if got := c.s.LR(c.step); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v at %d: %v, want %v", c.s, c.step, got, c.want)
		}
	}
}
