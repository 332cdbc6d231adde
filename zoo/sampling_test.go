package zoo

import (
	"math"
	"strings"
	"testing"
)

// logits of a distribution whose probabilities are a half, a quarter, an eighth and
// two sixteenths, out of order.
func halves() ([]float32, []float64) {
	p := []float64{1. / 16, 1. / 2, 1. / 8, 1. / 16, 1. / 4}
	logits := make([]float32, len(p))
	for i, v := range p {
		logits[i] = float32(math.Log(v)) + 7
	}
	return logits, p
}

// Tokens come as often as they are probable, and those that are left out never.
func TestSamplingDistribution(t *testing.T) {
	logits, p := halves()
	squared := make([]float64, len(p))
	total := 0.0
	for i, v := range p {
		squared[i] = v * v
		total += v * v
	}
	for i := range squared {
		squared[i] /= total
	}
	for _, c := range []struct {
		name string
		s    Sampling
		want []float64
	}{
		{"greedy", Sampling{}, []float64{0, 1, 0, 0, 0}},
		{"plain", Sampling{Temperature: 1}, p},
		{"sober", Sampling{Temperature: 0.5}, squared},
		{"top-k 2", Sampling{Temperature: 1, TopK: 2}, []float64{0, 2. / 3, 0, 0, 1. / 3}},
		{"top-k of more than all", Sampling{Temperature: 1, TopK: 99}, p},
		{"top-p 0.6", Sampling{Temperature: 1, TopP: 0.6}, []float64{0, 2. / 3, 0, 0, 1. / 3}},
		{"top-p next to nothing", Sampling{Temperature: 1, TopP: 1e-9}, []float64{0, 1, 0, 0, 0}},
		{"top-p 1", Sampling{Temperature: 1, TopP: 1}, p},
		{"both", Sampling{Temperature: 1, TopK: 3, TopP: 0.9}, []float64{0, 4. / 7, 1. / 7, 0, 2. / 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n = 20000
			counts := make([]float64, len(p))
			k := newPicker(c.s, len(p))
			for i := range n {
				token, err := k.from(logits, i)
				if err != nil {
					t.Fatal(err)
				}
				counts[token]++
			}
			for i, want := range c.want {
				if d := math.Abs(counts[i]/n - want); d > 5*math.Sqrt(want*(1-want)/n) {
					t.Errorf("token %d: part %v, want %v", i, counts[i]/n, want)
				}
			}
		})
	}
}

// A draw depends on the seed and the place in the text, and on nothing else.
func TestSamplingSeed(t *testing.T) {
	logits, _ := halves()
	draw := func(seed uint64) (text []int) {
		k := newPicker(Sampling{Temperature: 1, Seed: seed}, len(logits))
		for i := range 50 {
			token, err := k.from(logits, i)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, token)
		}
		return text
	}
	same := 0
	first, again, other := draw(1), draw(1), draw(2)
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("token %d differs for one seed", i)
		}
		if first[i] == other[i] {
			same++
		}
	}
	if same == len(first) {
		t.Error("two seeds draw the same text")
	}
}

func TestSamplingOfOddLogits(t *testing.T) {
	inf := float32(math.Inf(1))
	k := newPicker(Sampling{Temperature: 1}, 3)
	if token, err := k.from([]float32{0, inf, -inf}, 0); err != nil || token != 1 {
		t.Errorf("token %d, %v, want the infinite one", token, err)
	}
	if token, err := k.from([]float32{-inf, -inf, 3}, 0); err != nil || token != 2 {
		t.Errorf("token %d, %v, want the one that is possible", token, err)
	}
	if _, err := k.from([]float32{0, float32(math.NaN()), 0}, 0); err == nil || !strings.Contains(err.Error(), "token 1 is NaN") {
		t.Errorf("error %v", err)
	}
	for _, s := range []Sampling{{Temperature: -1}, {Temperature: math.NaN()}, {Temperature: math.Inf(1)}, {TopK: -1}, {TopP: 1.5}, {TopP: math.NaN()}} {
		if s.validate() == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}
