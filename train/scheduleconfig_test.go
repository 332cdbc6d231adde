package train

import (
	"math"
	"testing"
)

// TestScheduleConfig checks that times in epochs become steps: runs of 10 epochs
// of 8 steps.
func TestScheduleConfig(t *testing.T) {
	with := func(name string, change func(*ScheduleConfig)) ScheduleConfig {
		c := DefaultSchedule(name)
		change(&c)
		return c
	}
	none := func(*ScheduleConfig) {}
	for _, c := range []struct {
		name string
		c    ScheduleConfig
		want map[int]float64 // rates by step
	}{
		{"constant", with("constant", none), map[int]float64{0: 0.5, 79: 0.5}},
		{"constant with warm-up", with("constant", func(c *ScheduleConfig) { c.Warmup = 0.5 }), map[int]float64{0: 0.005, 2: 0.2525, 4: 0.5}},
		{"step", with("step", func(c *ScheduleConfig) { c.StepSize = 4 }), map[int]float64{31: 0.5, 32: 0.05, 64: 0.005}},
		{"milestones", with("step", func(c *ScheduleConfig) { c.Milestones, c.StepSize = []float64{2.5, 5}, 1 }), map[int]float64{19: 0.5, 20: 0.05, 39: 0.05, 40: 0.005}},
		{"step after warm-up", with("step", func(c *ScheduleConfig) { c.StepSize, c.Warmup = 4, 1 }), map[int]float64{39: 0.5, 40: 0.05}},
		{"cosine", with("cosine", func(c *ScheduleConfig) { c.MinLR = 0.1 }), map[int]float64{0: 0.5, 40: 0.3, 80: 0.1}},
		{"cosine after warm-up", with("cosine", func(c *ScheduleConfig) { c.Warmup = 2 }), map[int]float64{16: 0.5, 48: 0.25, 80: 0}},
		{"polynomial", with("polynomial", func(c *ScheduleConfig) { c.Power, c.Warmup = 2, 2 }), map[int]float64{16: 0.5, 48: 0.125, 80: 0}},
		{"plateau", with("plateau", none), map[int]float64{0: 0.5, 79: 0.5}},
		{"onecycle", with("onecycle", none), map[int]float64{0: 0.02, 23: 0.5, 79: 0.02 / 1e4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := c.c.Schedule(0.5, 10, 8)
			if err != nil {
				t.Fatal(err)
			}
			for step, want := range c.want {
				if got := s.LR(step); math.Abs(got-want) > 1e-12 {
					t.Errorf("step %d: %v, want %v", step, got, want)
				}
			}
			if _, ok := s.(MomentumSchedule); ok {
				t.Error("the momentum is cycled without having been asked to")
			}
		})
	}
	t.Run("momentum", func(t *testing.T) {
		s, err := with("onecycle", func(c *ScheduleConfig) { c.CycleMomentum = true }).Schedule(0.5, 10, 8)
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := s.(MomentumSchedule); !ok || m.Momentum(0) != 0.95 || math.Abs(m.Momentum(23)-0.85) > 1e-12 {
			t.Errorf("%+v", s)
		}
	})
}

func TestScheduleConfigRefuses(t *testing.T) {
	for want, change := range map[string]func(*ScheduleConfig){
		"no schedule":                  func(c *ScheduleConfig) { c.Name = "" },
		"warmup -1":                    func(c *ScheduleConfig) { c.Name, c.Warmup = "cosine", -1 },
		"warmup_factor 2, want 0 to 1": func(c *ScheduleConfig) { c.WarmupFactor = 2 },
		"power -1":                     func(c *ScheduleConfig) { c.Power = -1 },
		"factor 1, want more than 0":   func(c *ScheduleConfig) { *c = DefaultSchedule("plateau"); c.Factor = 1 },
		"patience -1, want at least 0": func(c *ScheduleConfig) { *c = DefaultSchedule("plateau"); c.Patience = -1 },
		"threshold NaN":                func(c *ScheduleConfig) { *c = DefaultSchedule("plateau"); c.Threshold = math.NaN() },
		"gamma NaN":                    func(c *ScheduleConfig) { c.Gamma = math.NaN() },
		"milestone -2":                 func(c *ScheduleConfig) { c.Milestones = []float64{1, -2} },
		"pct_start 1.5, want 0 to 1":   func(c *ScheduleConfig) { c.PctStart = 1.5 },
		"div_factor 0":                 func(c *ScheduleConfig) { c.DivFactor = 0 },
		"max_momentum 1":               func(c *ScheduleConfig) { c.MaxMomentum = 1 },
	} {
		c := DefaultSchedule("onecycle")
		change(&c)
		_, err := c.Schedule(0.1, 2, 3)
		oneClearLine(t, err, want)
	}
}
