package train

import (
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

func (a Augment) mixing() dataset.Mixing {
	return dataset.Mixing{Mixup: a.MixupAlpha, CutMix: a.CutMixAlpha}
}

// mixer mixes the batches of a classifier. What it draws is keyed by the epoch and
// the number of the batch.
type mixer struct {
	mixing dataset.Mixing
	seed   uint64
	target *tensor.Dense // (N, classes)
}

// newMixer returns the mixer for batches of n images, nil if nothing is mixed.
func newMixer(c *Config, n, classes int) *mixer {
	m := c.Augment.mixing()
	if m == (dataset.Mixing{}) {
		return nil
	}
	return &mixer{m, c.Seed, tensor.New(tensor.WithShape(n, classes), tensor.Of(tensor.Float32))}
}

// mix mixes a batch, and sets the target to what its images are, and their labels
// to what they are most of all.
func (m *mixer) mix(b *dataset.Batch, labels []int) {
	s := b.Images.Shape()
	r := rand.New(rng.New(m.seed, "mix", uint64(b.Epoch), uint64(b.Index)))
	mix, _ := m.mixing.Params(s[2], s[3], r)
	mix.Images(b.Images.Float32s(), s[0], s[1], s[2], s[3])
	mix.Targets(m.target.Float32s(), b.Labels, m.target.Shape()[1])
	for i := range labels {
		labels[i] = mix.Main(b.Labels, i)
	}
}
