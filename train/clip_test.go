package train

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
)

// Gradients are scaled together, and only if their norm is too large.
func TestClipGradNorm(t *testing.T) {
	for _, c := range []struct {
		max    float64
		factor float64
	}{{13, 1}, {26, 1}, {6.5, 6.5 / (13 + 1e-6)}, {1, 1 / (13 + 1e-6)}} {
		a, b := vector(3, 0, -4), vector(12)
		norm, err := ClipGradNorm([]G.ValueGrad{parameter{"a", vector(0, 0, 0), a}, parameter{"b", vector(0), b}}, c.max)
		if err != nil || norm != 13 {
			t.Errorf("norm %v, %v, want 13", norm, err)
		}
		for i, want := range []float64{3, 0, -4} {
			if got := float64(a.Float32s()[i]); math.Abs(got-want*c.factor) > 1e-6 {
				t.Errorf("largest norm %v: %v, want %v", c.max, got, want*c.factor)
			}
		}
		if got := float64(b.Float32s()[0]); math.Abs(got-12*c.factor) > 1e-6 {
			t.Errorf("largest norm %v: %v, want %v", c.max, got, 12*c.factor)
		}
	}
	nan := vector(float32(math.NaN()))
	if norm, err := ClipGradNorm([]G.ValueGrad{parameter{"a", vector(0), nan}}, 1); err != nil || norm == norm {
		t.Errorf("the norm of NaN is %v, %v", norm, err)
	}
}

// Every number is brought to the limit by itself, as torch.clamp does.
func TestClipGradValue(t *testing.T) {
	nan := float32(math.NaN())
	g := vector(3, -0.5, float32(math.Inf(-1)), nan, 0.25, -4)
	if err := ClipGradValue([]G.ValueGrad{parameter{"a", vector(0, 0, 0, 0, 0, 0), g}}, 0.5); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{0.5, -0.5, -0.5, nan, 0.25, -0.5} {
		if got := g.Float32s()[i]; got != want && !(got != got && want != want) {
			t.Errorf("number %d: %v, want %v", i, got, want)
		}
	}
	for want, change := range map[string]func(*Config){
		"clip_value -1":            func(c *Config) { c.ClipValue = -1 },
		"clip_norm and clip_value": func(c *Config) { c.ClipNorm, c.ClipValue = 1, 1 },
	} {
		c := small(t)
		change(&c)
		oneClearLine(t, c.Validate(), want)
	}
}
