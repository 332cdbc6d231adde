package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// The epochs are counted as Keras's EarlyStopping counts them.
func TestImpatient(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		task     zoo.Task
		patience int
		delta    float64
		values   []float64
		want     int // epochs of the run, 0 for all
	}{
		{zoo.Classification, 0, 0, []float64{0.5, 0.4, 0.4, 0.4}, 0},
		{zoo.Classification, 2, 0, []float64{0.5, 0.4, 0.6, 0.6, 0.6, 0.7}, 5},
		{zoo.Classification, 1, 0, []float64{0.5, 0.6, 0.7}, 0},
		{zoo.Classification, 2, 0.1, []float64{0.5, 0.55, 0.59, 0.8}, 3},
		{zoo.Classification, 2, 0.05, []float64{0.5, 0.53, 0.56, 0.57, 0.62}, 0},
		{zoo.Language, 2, 0, []float64{3, 2, 2.5, 2, 1}, 4},
		{zoo.Language, 2, 0.5, []float64{3, 2.6, 2.5, 1}, 3},
		{zoo.Language, 2, 0, []float64{3, nan, nan}, 3},
	} {
		got := 0
		var history []EpochResult
		config := Config{Patience: c.patience, MinDelta: c.delta}
		for i, v := range c.values {
			history = append(history, EpochResult{Task: c.task, ValTop1: v, ValLoss: v})
			if config.impatient(history) {
				got = i + 1
				break
			}
		}
		if got != c.want {
			t.Errorf("%+v: stopped after %d", c, got)
		}
	}
}

// A run stops where one stops that was interrupted, and is complete then.
func TestStoppedEarly(t *testing.T) {
	c := small(t)
	c.Epochs, c.Patience, c.MinDelta = 8, 2, 0.9
	whole := newRun(t, c, Options{})
	finish(t, whole)
	if n := len(whole.History()); n != 3 || !whole.StoppedEarly() || !whole.Done() {
		t.Fatalf("%d epochs, stopped early: %v", n, whole.StoppedEarly())
	}
	got := interrupted(t, c, func(p Progress) bool { return p.Epoch == 3 && p.Evaluating })
	same(t, "interrupted", got, outcomeOf(whole))
	again, err := Resume(whole.Dir(), Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Train(context.Background()); err != nil || len(again.History()) != 3 {
		t.Errorf("%d epochs after resuming what is complete, %v", len(again.History()), err)
	}
}

func TestPatienceRefuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"patience -1":                func(c *Config) { c.Patience = -1 },
		"min_delta without patience": func(c *Config) { c.MinDelta = 0.1 },
		"min_delta -1":               func(c *Config) { c.Patience, c.MinDelta = 1, -1 },
		"lr_base_batch -1":           func(c *Config) { c.LRBaseBatch = -1 },
		"patience 3: there is no measure by which epochs of gan": func(c *Config) {
			*c = tiny(t, others["gan"])
			c.Patience = 3
		},
	} {
		c := small(t)
		change(&c)
		oneClearLine(t, c.Validate(), want)
	}
}

// The learning rate goes with the number of images in a step, and the settings of the
// run give it again.
func TestScaledLR(t *testing.T) {
	c := small(t)
	c.Epochs, c.BatchSize, c.Accumulate, c.Optimizer.LR, c.LRBaseBatch = 1, 8, 2, 0.1, 64
	c.Schedule = DefaultSchedule("constant")
	if lr := c.ScaledLR(); lr != 0.025 {
		t.Errorf("%v, want 0.025", lr)
	}
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var seen []float64
	r := newRun(t, c, Options{Dir: dir, Report: &stopAt{func(p Progress) bool {
		seen = append(seen, p.LR)
		return p.Batch == 1
	}, cancel}})
	if err := r.Train(ctx); !errors.Is(err, ErrInterrupted) || !slices.Equal(seen, []float64{0.025}) {
		t.Errorf("%v with rates %v", err, seen)
	}
	again, err := ReadConfig(filepath.Join(dir, ConfigFile), Names{})
	if err != nil || again.ScaledLR() != 0.025 {
		t.Errorf("%v, %v", again.ScaledLR(), err)
	}
	if c.LRBaseBatch = 0; c.ScaledLR() != 0.1 {
		t.Errorf("%v, want 0.1", c.ScaledLR())
	}
}
