package train

import (
	"math"
	"slices"
	"testing"
)

// By hand, from the counts of the confusion matrix {{3, 1, 0}, {2, 2, 0}, {0, 1, 0}}
// and an image of class 2 with a NaN: class 0 has 3 of 5 predictions right and 3 of 4
// images found, and so on.
func TestClassMetrics(t *testing.T) {
	var m Metrics
	for _, b := range []struct{ label, prediction, times int }{
		{0, 0, 3}, {0, 1, 1}, {1, 0, 2}, {1, 1, 2}, {2, 1, 1}, {2, -1, 1},
	} {
		logits := make([]float32, 3)
		if b.prediction < 0 {
			logits[0] = nan
		} else {
			logits[b.prediction] = 1
		}
		for range b.times {
			if err := m.Add(logits, []int{b.label}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []ClassMetrics{
		{Images: 4, Predicted: 5, Precision: 3. / 5, Recall: 3. / 4, F1: 6. / 9},
		{Images: 4, Predicted: 4, Precision: 2. / 4, Recall: 2. / 4, F1: 4. / 8},
		{Images: 2},
	}
	if got := m.Classes(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !math.IsNaN(m.Loss()) || m.NaN != 1 {
		t.Errorf("loss %v, %d NaN", m.Loss(), m.NaN)
	}
}
