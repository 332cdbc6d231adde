package train

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestNiceAxis(t *testing.T) {
	for _, c := range []struct {
		least, most float64
		want        []float64
	}{
		{0, 1, []float64{0, 0.5, 1}},
		{0.1, 3.9, []float64{0, 1, 2, 3, 4}},
		{95.2, 99.9, []float64{94, 96, 98, 100}},
		{-1, 1, []float64{-1, -0.5, 0, 0.5, 1}},
		{5, 5, []float64{4.5, 5, 5.5}},
		{0, 0, []float64{-1e-6, -5e-7, 0, 5e-7, 1e-6}},
		{1e30, 2e30, nil},
	} {
		a := axes{minY: c.least, maxY: c.most}
		got := a.niceY()
		if a.minY > c.least || a.maxY < c.most || len(got) < 3 || len(got) > 7 {
			t.Errorf("%g to %g: axis from %g to %g with %v", c.least, c.most, a.minY, a.maxY, got)
		}
		near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1e-6, math.Abs(b)) }
		if c.want != nil && !slices.EqualFunc(got, c.want, near) {
			t.Errorf("%g to %g: %v, want %v", c.least, c.most, got, c.want)
		}
	}
}

// What is not finite leaves a gap.
func TestChartWithGaps(t *testing.T) {
	history := []EpochResult{{Epoch: 1, ValLoss: 3}, {Epoch: 2, ValLoss: math.NaN()}, {Epoch: 3, ValLoss: 1}, {Epoch: 4, ValLoss: 0.5}}
	c := newChart(panel{"loss", []curve{{"validation", blue, func(r EpochResult) float64 { return r.ValLoss }}}}, history)
	svg := string(c.SVG)
	if strings.Count(svg, "M") != 2 || strings.Count(svg, "L") != 1 || strings.Contains(svg, "NaN") || strings.Count(svg, "<circle") != 3 {
		t.Errorf("got %s", svg)
	}
	if c.Legend[0] != (legendEntry{"a", "validation", "0.5"}) {
		t.Errorf("legend %+v", c.Legend)
	}
	none := newChart(panel{"loss", []curve{{"x", blue, func(EpochResult) float64 { return math.Inf(1) }}}}, history)
	if s := string(none.SVG); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
		t.Errorf("got %s", s)
	}
}

// The parts of a bar come to the seconds of the epoch.
func TestTimingChart(t *testing.T) {
	c := timingChart([]EpochResult{{Epoch: 1, Seconds: 10, EvalSeconds: 2, DataWait: 3}, {Epoch: 2}})
	want := []legendEntry{{"a", "training", "5.0 s"}, {"b", "waiting for data", "3.0 s"}, {"c", "evaluation", "2.0 s"}}
	if !slices.Equal(c.Legend, want) || strings.Count(string(c.SVG), "<rect") != 6 || strings.Contains(string(c.SVG), "NaN") {
		t.Errorf("legend %v of %s", c.Legend, c.SVG)
	}
}
