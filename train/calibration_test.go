package train

import (
	"math"
	"testing"
)

// The upper end of a bin is in it, the lower one is not.
func TestCalibrationBins(t *testing.T) {
	for _, c := range []struct {
		confidence float64
		bin        int // -1 for none
	}{
		{0, 0}, {1e-9, 0}, {1. / 15, 0}, {1.001 / 15, 1}, {0.5, 7}, {14. / 15, 13}, {0.95, 14}, {1, 14},
		{1 + 1e-9, 14}, {math.NaN(), -1},
	} {
		var k Calibration
		k.add(c.confidence, true)
		for i, b := range k {
			if (b.N == 1) != (i == c.bin) {
				t.Errorf("confidence %v: %d in bin %d, want it in bin %d", c.confidence, b.N, i, c.bin)
			}
		}
	}
}

// By hand: 0.9 and 0.95 lie in bins of their own, 0.94 and 0.96 in one.
func TestCalibrationError(t *testing.T) {
	type image struct {
		confidence float64
		right      bool
	}
	for _, c := range []struct {
		name   string
		images []image
		want   float64
	}{
		{"sure and right", []image{{1, true}, {1, true}}, 0},
		{"sure and wrong", []image{{1, false}, {1, false}}, 1},
		{"as sure as right", []image{{0.5, true}, {0.5, false}}, 0},
		{"two bins", []image{{0.9, true}, {0.95, false}}, (0.1 + 0.95) / 2},
		{"one bin evens out", []image{{0.94, true}, {0.96, false}}, math.Abs(1.9-1) / 2},
		{"a NaN does not count", []image{{0.75, false}, {math.NaN(), false}}, 0.75},
		{"nothing", nil, math.NaN()},
	} {
		var k Calibration
		for _, i := range c.images {
			k.add(i.confidence, i.right)
		}
		got := k.Error()
		if math.Abs(got-c.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Metrics count the probability of the largest logit.
func TestCalibrationOfLogits(t *testing.T) {
	var m Metrics
	if err := m.Add([]float32{float32(math.Log(3)), 0, 0, 700}, []int{0, 0}); err != nil {
		t.Fatal(err)
	}
	if b := m.Calibration[11]; b.N != 1 || b.Right != 1 || math.Abs(b.Confidence()-0.75) > 1e-7 || b.Accuracy() != 1 {
		t.Errorf("got %+v, want an image of confidence 0.75", b)
	}
	if b := m.Calibration[14]; b.N != 1 || b.Right != 0 || b.Confidence() != 1 {
		t.Errorf("got %+v, want an image of confidence 1", b)
	}
	if got := m.Calibration.Error(); math.Abs(got-(0.25+1)/2) > 1e-7 {
		t.Errorf("error %v, want 0.625", got)
	}
}
