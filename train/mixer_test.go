package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// The loss of a step of mixed images is the cross-entropy against both labels by
// their shares, and top-1 counts the label of the larger share.
func TestMixedStep(t *testing.T) {
	for name, a := range map[string]Augment{"mixup": {MixupAlpha: 1}, "cutmix": {CutMixAlpha: 1}} {
		c := small(t)
		c.Augment, c.LabelSmoothing = a, 0
		r := newRun(t, c, Options{})
		task := r.task.(*classifier)
		plain := c
		plain.Augment = Augment{}
		unmixed := newRun(t, plain, Options{}).task.(*classifier)
		ctx, none := context.Background(), func(string, float64) error { return nil }
		for i := range uint64(task.epochSteps()) {
			b, err := unmixed.loader.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			mix, _ := a.mixing().Params(8, 8, rand.New(rng.New(1, "mix", 0, i)))
			var sums tally
			loss, err := task.step(ctx, &sums, none)
			if err != nil {
				t.Fatal(err)
			}
			logits, err := task.program.Output("logits")
			if err != nil {
				t.Fatal(err)
			}
			want, wrong := 0.0, 0
			for k, label := range b.Labels {
				row := logits.Float32s()[10*k : 10*k+10]
				other := b.Labels[(k+len(b.Labels)-1)%len(b.Labels)]
				main := label
				if mix.Share < 0.5 {
					main = other
				}
				want += mix.Share*rank(row, label).loss + (1-mix.Share)*rank(row, other).loss
				if rank(row, main).above > 0 {
					wrong++
				}
			}
			want /= float64(len(b.Labels))
			if math.Abs(loss-want) > 1e-5*want || sums.Wrong != wrong {
				t.Errorf("%s, step %d: loss %g with %d wrong, want %g with %d", name, i, loss, sums.Wrong, want, wrong)
			}
		}
	}
}
