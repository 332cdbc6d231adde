package train

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// faulty is a task of which some steps come to no number with their first batch, after
// everything has been computed that is computed before the parameters move.
type faulty struct {
	task
	run *Run
	at  map[int]bool // steps of the run
}

func (t *faulty) step(ctx context.Context, sums *tally, c check) (float64, error) {
	bad := t.at[t.run.steps()] && t.run.batch == 0
	return t.task.step(ctx, sums, func(what string, v float64) error {
		if bad {
			v = math.NaN()
		}
		return c(what, v)
	})
}

// spoil makes steps of a run faulty.
func spoil(r *Run, steps ...int) *Run {
	f := &faulty{task: r.task, run: r, at: make(map[int]bool)}
	for _, step := range steps {
		f.at[step] = true
	}
	r.task = f
	return r
}

func skipping(t *testing.T, text string) Config {
	c := small(t)
	if text != "" {
		c = tiny(t, text)
	}
	c.OnNaN = SkipOnNaN
	return c
}

func TestStepsAreSkipped(t *testing.T) {
	for name, text := range map[string]string{"classifier": "", "lstm": others["lstm"], "transformer": others["transformer"], "gan": others["gan"]} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "classifier" {
				t.Skip("one task is enough for -short")
			}
			c := skipping(t, text)
			log, user := told()
			r := spoil(newRun(t, c, Options{Log: log}), 0, 1, 2, 7)
			finish(t, r)
			per := r.stepsPerEpoch
			var want [3]int
			for _, b := range []int{0, 1, 2, 7} {
				want[b/per]++
			}
			for i, h := range r.History() {
				if h.SkippedSteps != want[i] {
					t.Errorf("epoch %d: %d steps skipped, want %d", i+1, h.SkippedSteps, want[i])
				}
				if said := fmt.Sprintf(", %d steps skipped", want[i]); want[i] > 0 != strings.Contains(h.String(), said) {
					t.Errorf("epoch %d: %s", i+1, h)
				}
			}
			if n := strings.Count(user.String(), "a step is skipped"); n != 4 || !strings.Contains(user.String(), "step=8") {
				t.Errorf("%d warnings:\n%s", n, user)
			}
			if name := notFinite(r.Params()); name != "" {
				t.Errorf("%s is not finite", name)
			}
			t.Run("resume", func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				half := spoil(newRun(t, c, Options{Report: &stopAt{func(p Progress) bool { return p.Epoch == 1 && p.Batch == 2 }, cancel}}), 0, 1, 2, 7)
				if err := half.Train(ctx); !errors.Is(err, ErrInterrupted) {
					t.Fatal(err)
				}
				half.Close()
				again, err := Resume(half.Dir(), Options{Log: quiet})
				if err != nil {
					t.Fatal(err)
				}
				defer again.Close()
				finish(t, spoil(again, 0, 1, 2, 7))
				same(t, "resumed", outcomeOf(again), outcomeOf(r))
			})
		})
	}
}

// A step that is skipped changes neither parameters and statistics nor the solver.
func TestSkippedStepsLeaveNoTrace(t *testing.T) {
	c := skipping(t, "")
	r := newRun(t, c, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	var before, after outcome
	r.options.Report = atBatches{
		{1, 3, func() { before = outcomeOf(r) }},
		{1, 5, func() { after = outcomeOf(r); cancel() }},
	}
	if err := spoil(r, 3, 4).Train(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	before.solver = slices.Clone(before.solver)
	same(t, "after two steps that were skipped", after, before)
	if r.progress.Items != 3*c.BatchSize {
		t.Errorf("%d images are counted, want those of 3 steps", r.progress.Items)
	}
}

// The batches of a step stand and fall together, and the next step has its own.
func TestSkippedStepOfSomeBatches(t *testing.T) {
	c := skipping(t, "")
	c.Accumulate = 2
	r := newRun(t, c, Options{})
	finish(t, spoil(r, 0, 2))
	h := r.History()
	if h[0].SkippedSteps != 2 || h[1].SkippedSteps != 0 || h[2].Step != 9 {
		t.Errorf("%+v", h)
	}
	whole := newRun(t, c, Options{})
	finish(t, whole)
	if got, want := r.task.(*faulty).task.(*classifier).first, whole.task.(*classifier).first; !slices.Equal(got, want) {
		t.Error("the last epoch begins with other images")
	}
}

func TestTooManySkippedSteps(t *testing.T) {
	c := skipping(t, "")
	c.MaxSkipped = 2
	r := spoil(newRun(t, c, Options{}), 1, 7, 9) // of the run, not of an epoch
	err := r.Train(context.Background())
	var d *DivergedError
	if !errors.As(err, &d) || d.Step != 10 || d.Epoch != 2 {
		t.Errorf("%v, %+v", err, d)
	}
	oneClearLine(t, err, "2 steps were skipped, more than max_skipped, and the loss is NaN at step 10 (epoch 2)")
}

// Whatever makes weights infinite, skipping ends too.
func TestSkippingEnds(t *testing.T) {
	c := skipping(t, "")
	c.MaxSkipped = 3
	r := newRun(t, c, Options{})
	r.options.Report = atBatches{{1, 2, func() {
		w, _ := r.Params().Get("fc.bias")
		w.Value.Float32s()[0] = float32(math.Inf(1))
	}}}
	oneClearLine(t, r.Train(context.Background()), "3 steps were skipped, more than max_skipped, and ", " at step 6 (epoch 1)")
}

func TestFiniteGrads(t *testing.T) {
	r := &session{Run: &Run{stepsPerEpoch: 1}}
	for _, v := range []float32{1, float32(math.NaN()), float32(math.Inf(-1)), math.MaxFloat32} {
		grads := []G.ValueGrad{parameter{"a", vector(0, 0), vector(1, v)}, parameter{"b", vector(0), vector(2)}}
		for _, c := range []Config{{Faults: Faults{OnNaN: SkipOnNaN}}, {Faults: Faults{OnNaN: StopOnNaN}}, {ClipValue: 1}} {
			err := c.finiteGrads(grads, r.check)
			if finite := !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0); finite != (err == nil) {
				t.Errorf("a gradient of %v, %+v: %v", v, c, err)
			}
		}
		c := &Config{ClipNorm: 1}
		if err := c.finiteGrads(grads, r.check); err != nil {
			t.Errorf("it looks at what clipping looks at: %v", err)
		}
	}
}

func TestStatisticsComeBack(t *testing.T) {
	r := newRun(t, small(t), Options{})
	values := func() (list [][]float32) {
		for e := range r.params.All() {
			list = append(list, slices.Clone(e.Value.Float32s()))
		}
		return list
	}
	var s statistics
	s.keep(r.params)
	want := values()
	for e := range r.params.All() {
		if e.Buffer {
			e.Value.Float32s()[0]++
		}
	}
	s.bringBack(r.params)
	if got := values(); !slices.EqualFunc(got, want, slices.Equal[[]float32]) || len(s.of) == 0 {
		t.Errorf("%d buffers, not as they were", len(s.of))
	}
	s.keep(graph.NewParams(0)) // the second time it knows what to keep
}

// corruptFolder has 20 training images of which so many are damaged.
func corruptFolder(t *testing.T, n int) Config {
	t.Helper()
	dir := imageFolder(t, 10)
	for i := range n {
		write(t, filepath.Join(dir, "train", "dark", string(rune('a'+i))+".png"), []byte("\x89PNG\r\n\x1a\n"))
	}
	c := onFolder(t, dir)
	c.BatchSize = 5
	return c
}

func TestCorruptImagesAreCounted(t *testing.T) {
	c := corruptFolder(t, 3)
	c.MaxCorrupt = 0.15
	r := newRun(t, c, Options{})
	finish(t, r)
	for _, h := range r.History() {
		if h.SkippedImages != 3 || !strings.Contains(h.String(), ", 3 images that cannot be decoded") {
			t.Errorf("%d images skipped: %s", h.SkippedImages, h)
		}
	}
	want := outcomeOf(r)
	same(t, "interrupted", interrupted(t, c, func(p Progress) bool { return p.Epoch == 2 && p.Batch == 3 }), want)
}

func TestTooManyCorruptImages(t *testing.T) {
	for n, limit := range map[int]float64{2: 0.01, 5: 0.2, 1: 0} {
		c := corruptFolder(t, n)
		c.MaxCorrupt = limit
		r := newRun(t, c, Options{})
		err := r.Train(context.Background())
		oneClearLine(t, err, fmt.Sprintf("%d of the 20 training images of epoch 1 could not be decoded so far, more than max_corrupt %g", n, limit), LogFile, LastFile)
		r.Close()
		again, err := Resume(r.Dir(), Options{Log: quiet})
		if err != nil || again.steps() == 0 {
			t.Fatalf("the state is not saved: %v", err)
		}
		again.Close()
	}
}

func TestFaultsAreValidated(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`no on_nan "skp"; did you mean skip?`:           func(c *Config) { c.OnNaN = "skp" },
		"max_skipped 0, want at least 1":                func(c *Config) { c.MaxSkipped = 0 },
		"max_corrupt 1.5, want a part from 0 to 1":      func(c *Config) { c.MaxCorrupt = 1.5 },
		"max_corrupt NaN, want":                         func(c *Config) { c.MaxCorrupt = math.NaN() },
		"max_corrupt is for images: lstm-lm reads text": func(c *Config) { *c = tiny(t, others["lstm"]); c.MaxCorrupt = 0.1 },
		"keep_best 0, want at least 1":                  func(c *Config) { c.KeepBest = 0 },
	} {
		c := small(t)
		change(&c)
		oneClearLine(t, c.Validate(), want)
	}
}
