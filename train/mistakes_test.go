package train

import (
	"math"
	"testing"
)

// The worst come first, equals in the order of the data set, and what is right or no
// number does not count.
func TestMistakes(t *testing.T) {
	var m mistakes
	for i := range 100 {
		m.add([]float32{float32(i % 50), 0}, 1, i, []float32{float32(i)})
	}
	m.add([]float32{0, 99}, 1, 100, nil)
	m.add([]float32{0, nan}, 1, 101, nil)
	m.add([]float32{inf, inf}, 1, 102, nil)
	if len(m) != mistakesKept {
		t.Fatalf("%d mistakes, want %d", len(m), mistakesKept)
	}
	for i, got := range m {
		want := 49 - i/2 + i%2*50
		if got.Index != want || got.input[0] != float32(want) || got.Label != 1 || got.Prediction != 0 {
			t.Errorf("number %d is %+v, want image %d", i, got, want)
		}
		if sum := got.Own + got.Taken; math.Abs(sum-1) > 1e-9 || got.Own > 0.5 {
			t.Errorf("probabilities %v and %v", got.Own, got.Taken)
		}
	}
}
