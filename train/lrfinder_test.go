package train

import (
	"context"
	"encoding/csv"
	"errors"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// curveOf is a search from 1e-6 to 10 with those losses.
func curveOf(loss func(lr float64, step int) float64) *LRCurve {
	c := &LRCurve{Scale: 1}
	mean := 0.0
	for i := range DefaultLRSearch.Steps {
		lr := DefaultLRSearch.at(i)
		mean = lrSmoothing*mean + (1-lrSmoothing)*loss(lr, i)
		c.Points = append(c.Points, LRPoint{lr, loss(lr, i), mean / (1 - math.Pow(lrSmoothing, float64(i+1)))})
	}
	return c
}

func TestLRSearch(t *testing.T) {
	s := LRSearch{1e-4, 1, 41}
	for step, want := range map[int]float64{0: 1e-4, 10: 1e-3, 20: 1e-2, 40: 1} {
		if got := s.at(step); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
}

// The suggestion is where a curve falls, whatever the noise and whatever comes after
// its least value.
func TestLRSuggestion(t *testing.T) {
	fall := func(lr float64, at float64) float64 { return 2 / (1 + math.Pow(lr/at, 1.5)) }
	noise := func(step int) float64 { return 0.1 * math.Sin(float64(step*step)) }
	for name, c := range map[string]struct {
		loss func(lr float64, step int) float64
		want float64 // 0 for none
	}{
		"fall":            {func(lr float64, _ int) float64 { return fall(lr, 1e-2) }, 1e-2},
		"noise":           {func(lr float64, i int) float64 { return fall(lr, 1e-3) + noise(i) }, 1e-3},
		"then divergence": {func(lr float64, i int) float64 { return 0.5 + fall(lr, 1e-4) + 5*lr*lr }, 1e-4},
		"a peak, and a steeper fall after it": {func(lr float64, i int) float64 {
			return 1 + fall(lr, 1e-4) + 6*math.Exp(-math.Pow(math.Log10(lr), 2)*20)
		}, 1e-4},
		"rise":        {func(lr float64, _ int) float64 { return 1 + lr }, 0},
		"noise alone": {func(lr float64, i int) float64 { return 2.3 + 0.02*rand.New(rand.NewPCG(5, uint64(i))).NormFloat64() }, 0},
		"flat":        {func(float64, int) float64 { return 2.3 }, 0},
	} {
		p, ok := curveOf(c.loss).Suggestion()
		if ok != (c.want > 0) || ok && math.Abs(math.Log10(p.LR/c.want)) > 0.3 {
			t.Errorf("%s: %v, %v, want about %v", name, p.LR, ok, c.want)
		}
	}
	if _, ok := new(LRCurve).Suggestion(); ok {
		t.Error("a suggestion of nothing")
	}
}

// A search ends with the loss, is the same again, and writes its two files only.
func TestFindLR(t *testing.T) {
	c := small(t)
	c.LRBaseBatch = 32 // batches are of 16
	s := LRSearch{From: 1e-4, To: 1e6, Steps: 60}
	curve, err := FindLR(context.Background(), c, s, Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(curve.Points); !curve.Diverged || n < 7 || n == 60 || curve.Scale != 0.5 {
		t.Errorf("%d points, diverged: %v, scale %v", n, curve.Diverged, curve.Scale)
	}
	again, err := FindLR(context.Background(), c, s, Options{Log: quiet, Workers: 3})
	if err != nil || !reflect.DeepEqual(again, curve) {
		t.Errorf("another curve, %v", err)
	}
	for i, p := range curve.Points {
		if p.LR != s.at(i) || !(p.Loss > 0) || !(p.Smoothed > 0) {
			t.Errorf("point %d: %+v", i, p)
		}
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := curve.Write(dir, "title"); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	f, err := os.Open(filepath.Join(dir, LRFinderTable))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if lines, err := csv.NewReader(f).ReadAll(); err != nil || len(lines) != 1+len(curve.Points) || len(lines[0]) != 4 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	image, err := os.Open(filepath.Join(dir, LRFinderPlot))
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	if _, err := png.DecodeConfig(image); err != nil {
		t.Error(err)
	}
}

// The text of a language model is read on as a training does.
func TestFindLROfLanguageModel(t *testing.T) {
	for _, name := range []string{"lstm", "transformer"} {
		curve, err := FindLR(context.Background(), tiny(t, others[name]), LRSearch{From: 1e-5, To: 1e-2, Steps: 30}, Options{Log: quiet})
		if err != nil || len(curve.Points) != 30 || curve.Diverged {
			t.Errorf("%s: %+v, %v", name, curve, err)
		}
	}
}

func TestFindLRRefuses(t *testing.T) {
	find := func(c Config, s LRSearch) error {
		_, err := FindLR(context.Background(), c, s, Options{Log: quiet})
		return err
	}
	oneClearLine(t, find(small(t), LRSearch{0, 1, 20}), "learning rates from 0 to 1")
	oneClearLine(t, find(small(t), LRSearch{1, 1, 20}), "learning rates from 1 to 1")
	oneClearLine(t, find(small(t), LRSearch{1, math.NaN(), 20}), "learning rates from 1 to NaN")
	oneClearLine(t, find(small(t), LRSearch{1, 2, 9}), "9 steps, want at least 10")
	oneClearLine(t, find(tiny(t, others["gan"]), DefaultLRSearch), "gan is a GAN")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := FindLR(ctx, small(t), DefaultLRSearch, Options{Log: quiet}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	oneClearLine(t, (&LRCurve{}).Write(t.TempDir(), ""), "0 steps: nothing to draw")
}
