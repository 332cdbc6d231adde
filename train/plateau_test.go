package train

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
)

// TestPlateauAgainstPyTorch compares every epoch with ReduceLROnPlateau.
func TestPlateauAgainstPyTorch(t *testing.T) {
	var cases []struct {
		Options struct {
			Mode      string
			Factor    float64
			Patience  int
			Threshold float64
			MinLR     float64 `json:"min_lr"`
		}
		Measures, Rates []float64
	}
	readJSON(t, "plateau.json", &cases)
	for _, c := range cases {
		o := c.Options
		p := Plateau{Base: 0.1, Factor: o.Factor, Patience: o.Patience, Threshold: o.Threshold, Min: o.MinLR}
		for epoch, want := range c.Rates {
			if got := p.After(c.Measures[:epoch], o.Mode == "max").LR(0); math.Abs(got-want) > 1e-15 {
				t.Errorf("%+v: %v in epoch %d, want %v", o, got, epoch, want)
			}
		}
	}
	if len(cases) == 0 {
		t.Error("no cases")
	}
}

// A measure that is no number is no improvement, and those of a warm-up do not count.
func TestPlateauAfter(t *testing.T) {
	nan, p := math.NaN(), Plateau{Base: 1, Factor: 0.5, Patience: 1}
	skipping := p
	skipping.Skip = 2
	for _, c := range []struct {
		s        AdaptiveSchedule
		measures []float64
		step     int
		want     float64
	}{
		{p, []float64{3, nan, nan}, 0, 0.5},
		{p, []float64{nan, 3, nan, 2}, 0, 1},
		{skipping, []float64{1, 5}, 0, 1},
		{skipping, []float64{1, 5, 5, 5}, 0, 1},
		{skipping, []float64{1, 5, 5, 5, 5}, 0, 0.5},
		{Warmup{p, 4, 0.5}, nil, 2, 0.75},
		{Warmup{p, 4, 0.5}, []float64{1, 2, 3}, 9, 0.5},
		{Warmup{Constant{1}, 4, 0.5}, []float64{1, 2, 3}, 9, 1},
	} {
		if got := c.s.After(c.measures, false).LR(c.step); got != c.want {
			t.Errorf("%+v after %v: %v, want %v", c.s, c.measures, got, c.want)
		}
	}
}

// A run that is resumed has the rates of one that was not interrupted.
func TestPlateauResume(t *testing.T) {
	c := small(t)
	c.Epochs, c.Schedule = 5, DefaultSchedule("plateau")
	c.Schedule.Patience, c.Schedule.Threshold = 0, 0.5
	whole := newRun(t, c, Options{})
	finish(t, whole)
	if h := whole.History(); h[0].LR != c.Optimizer.LR || h[4].LR > 0.2*c.Optimizer.LR {
		t.Fatalf("the rate does not drop: %+v", h)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir := filepath.Join(t.TempDir(), "run")
	r := newRun(t, c, Options{Dir: dir, Report: &stopAt{func(p Progress) bool { return p.Epoch == 4 && p.Batch == 2 }, cancel}})
	if err := r.Train(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	r.Close()
	resumed, err := Resume(dir, Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer resumed.Close()
	finish(t, resumed)
	same(t, "resumed", outcomeOf(resumed), outcomeOf(whole))
}
