package train

import (
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
)

// The gradients of a step are the mean of those of its batches, as those of loss/N
// are that PyTorch adds up.
func TestAccumulator(t *testing.T) {
	batches := [][2][]float32{{{1, 2}, {-3}}, {{4, -8}, {9}}, {{1, 0}, {0}}, {{-2, 2}, {6}}}
	for n := 1; n <= len(batches); n++ {
		var a accumulator
		for range 2 { // what is left of one step is not in the next
			first, second := vector(0, 0), vector(0)
			model := []G.ValueGrad{parameter{"a", vector(0, 0), first}, parameter{"b", vector(0), second}}
			want := [3]float64{}
			for k, b := range batches[:n] {
				copy(first.Float32s(), b[0])
				copy(second.Float32s(), b[1])
				if err := a.add(model, k, n); err != nil {
					t.Fatal(err)
				}
				for i, g := range []float32{b[0][0], b[0][1], b[1][0]} {
					want[i] += float64(g) / float64(n)
				}
			}
			for i, got := range append(first.Float32s(), second.Float32s()...) {
				if math.Abs(float64(got)-want[i]) > 1e-6 {
					t.Errorf("%d batches: number %d is %v, want %v", n, i, got, want[i])
				}
			}
		}
	}
}

// Without norms over the batch, N batches are a batch of N times the size.
func TestAccumulateIsALargerBatch(t *testing.T) {
	text := `
model: convnet
architecture: {features: [4, 6], hidden: 8}
train_len: 100
val_len: 20
input_size: 8
epochs: 2
optimizer: {lr: 0.02}
augment: {padding: 1, flip: 0.3}
`
	run := func(batch, accumulate int) *Run {
		c := tiny(t, text)
		c.BatchSize, c.Accumulate = batch, accumulate
		r := newRun(t, c, Options{})
		finish(t, r)
		return r
	}
	large, small := run(24, 1), run(6, 4)
	if a, b := large.History()[1], small.History()[1]; a.Step != 8 || b.Step != 8 || math.Abs(a.TrainLoss-b.TrainLoss) > 1e-4 {
		t.Errorf("after %d and %d steps the losses are %v and %v", a.Step, b.Step, a.TrainLoss, b.TrainLoss)
	}
	for p := range large.Params().All() {
		q, _ := small.Params().Get(p.Name)
		for i, want := range p.Value.Float32s() {
			if got := q.Value.Float32s()[i]; math.Abs(float64(got-want)) > 1e-4 {
				t.Fatalf("%s[%d]: %v, want %v", p.Name, i, got, want)
			}
		}
	}
}

func TestAccumulateRefuses(t *testing.T) {
	c := small(t)
	c.Accumulate = 0
	oneClearLine(t, c.Validate(), "accumulate 0, want at least 1")
	c.Accumulate = 7 // of 6 batches
	_, err := New(c, Options{Dir: t.TempDir() + "/run", Log: quiet})
	oneClearLine(t, err, "accumulate 7", "fewer batches")
	gan := tiny(t, strings.Replace(others["gan"], "epochs", "accumulate: 2\nepochs", 1))
	oneClearLine(t, gan.Validate(), "accumulate 2", "take turns")
}
