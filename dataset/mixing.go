package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
)

// Mixing mixes the images of a batch and what they are: mixup (Zhang et al.,
// "mixup: beyond empirical risk minimization", 2018) adds two images, CutMix (Yun
// et al., "CutMix: regularization strategy to train strong classifiers with
// localizable features", 2019) puts a box of one into the other. Image i is mixed
// with the one before it in the batch, the first with the last, as in
// torchvision's references. The zero Mixing mixes nothing.
type Mixing struct {
	// Mixup and CutMix are the parameters of the distribution Beta(a, a) of the share
	// that an image keeps; 0 for without. With both, one of the two is drawn for each
	// batch.
	Mixup, CutMix float64
}

// Mix is how a batch is mixed: what [Mixing.Params] draws.
type Mix struct {
	// Share is the part of each image that is its own, from 0 to 1; the rest is the
	// other's.
	Share float64
	// Box is whether the other's part is a box, from row Top and column Left on. Its
	// size makes the share; it may be empty.
	Box                      bool
	Top, Left, Height, Width int
}

// Beyond these all shares are 0, 1 or one half, whatever alpha is.
const (
	minAlpha = 0.001
	maxAlpha = 1000.
)

// Validate reports parameters that are out of range.
func (m Mixing) Validate() error {
	for _, p := range []struct {
		name  string
		alpha float64
	}{{"mixup", m.Mixup}, {"cutmix", m.CutMix}} {
		if p.alpha != 0 && !(p.alpha >= minAlpha && p.alpha <= maxAlpha) {
			return errors.Errorf("%s: alpha %g: want %g to %g, or 0 for none", p.name, p.alpha, minAlpha, maxAlpha)
		}
	}
	return nil
}

// Params draws how a batch of images of size (h, w) is mixed. It reports false if
// it is not.
func (m Mixing) Params(h, w int, r *rand.Rand) (mix Mix, ok bool) {
	switch {
	case m.Mixup == 0 && m.CutMix == 0:
		return Mix{Share: 1}, false
	case m.CutMix == 0 || m.Mixup != 0 && r.IntN(2) == 0:
		return Mix{Share: beta(m.Mixup, r)}, true
	}
	half := 0.5 * math.Sqrt(1-beta(m.CutMix, r))
	x, y := r.IntN(w), r.IntN(h) // the middle of the box, which may reach outside
	halfX, halfY := int(half*float64(w)), int(half*float64(h))
	mix = Mix{Box: true, Top: max(y-halfY, 0), Left: max(x-halfX, 0)}
	mix.Height, mix.Width = min(y+halfY, h)-mix.Top, min(x+halfX, w)-mix.Left
	mix.Share = 1 - float64(mix.Height*mix.Width)/float64(h*w)
	return mix, true
}

// Images mixes the images of a batch, n of shape (c, h, w).
func (m Mix) Images(x []float32, n, c, h, w int) {
	size := c * h * w
	last := append([]float32(nil), x[(n-1)*size:]...)
	for i := n - 1; i >= 0; i-- {
		other := last
		if i > 0 {
			other = x[(i-1)*size:][:size]
		}
		if m.Box {
			m.paste(x[i*size:][:size], other, h, w)
		} else {
			m.add(x[i*size:][:size], other)
		}
	}
}

// add adds the other's share to an image.
func (m Mix) add(x, other []float32) {
	own, rest := float32(m.Share), float32(1-m.Share)
	for i, v := range x {
		// The conversions keep the products from being fused into the sum.
		x[i] = float32(own*v) + float32(rest*other[i])
	}
}

// paste puts the box of the other into an image.
func (m Mix) paste(x, other []float32, h, w int) {
	for plane := 0; plane < len(x); plane += h * w {
		for y := m.Top; y < m.Top+m.Height; y++ {
			at := plane + y*w + m.Left
			copy(x[at:at+m.Width], other[at:])
		}
	}
}

// Targets writes what the mixed images are, (N, classes): the probabilities that
// are their shares.
func (m Mix) Targets(target []float32, labels []int, classes int) {
	clear(target)
	other := labels[len(labels)-1]
	for i, label := range labels {
		row := target[i*classes:][:classes]
		row[label] = float32(m.Share)
		row[other] += float32(1 - m.Share)
		other = label
	}
}

// Main is the label of the image that has the larger part of image i.
func (m Mix) Main(labels []int, i int) int {
	if m.Share >= 0.5 {
		return labels[i]
	}
	return labels[(i+len(labels)-1)%len(labels)]
}

// beta draws from Beta(a, a), as a part of two draws from the gamma distribution.
// Their logarithms are what a small a needs, of which they are all but 0.
func beta(a float64, r *rand.Rand) float64 {
	x, y := logGamma(a, r), logGamma(a, r)
	return 1 / (1 + math.Exp(y-x))
}

// logGamma draws the logarithm of a value from the gamma distribution of shape a:
// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
func logGamma(a float64, r *rand.Rand) float64 {
	if a < 1 {
		return logGamma(a+1, r) + math.Log(1-r.Float64())/a
	}
	d := a - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		z := r.NormFloat64()
		t := 1 + float64(c*z)
		if t <= 0 {
			continue
		}
		v := t * t * t
		if math.Log(1-r.Float64()) < float64(0.5*z*z)+d-float64(d*v)+float64(d*math.Log(v)) {
			return math.Log(d) + math.Log(v)
		}
	}
}
