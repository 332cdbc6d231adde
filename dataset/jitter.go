package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/colour"
)

// ColorJitter changes brightness, contrast, saturation and hue by random
// amounts and in random order: torchvision's ColorJitter on Pillow images, in
// every bit. Saturation and hue leave grey images as they are.
type ColorJitter struct {
	Brightness float64 // factor from max(0, 1-Brightness) to 1+Brightness; default 0, unchanged
	Contrast   float64 // factor from max(0, 1-Contrast) to 1+Contrast
	Saturation float64 // factor from max(0, 1-Saturation) to 1+Saturation
	Hue        float64 // shift from -Hue to Hue turns of the colour circle; at most 0.5
}

// JitterParams is what [ColorJitter.Params] draws.
type JitterParams struct {
	Order                            [4]int  // a permutation of 0 brightness, 1 contrast, 2 saturation, 3 hue
	Brightness, Contrast, Saturation float64 // factors, 1 for no change
	Hue                              float64 // shift in turns
}

// Shape returns (c, h, w).
func (t ColorJitter) Shape(c, h, w int) (outC, outH, outW int, err error) {
	for _, p := range []struct {
		name     string
		v, limit float64
	}{
		{"brightness", t.Brightness, math.MaxFloat32},
		{"contrast", t.Contrast, math.MaxFloat32},
		{"saturation", t.Saturation, math.MaxFloat32},
		{"hue", t.Hue, 0.5},
	} {
		if !(p.v >= 0 && p.v <= p.limit) {
			return 0, 0, 0, errors.Errorf("color jitter: %s %g: want 0 to %g", p.name, p.v, p.limit)
		}
	}
	if c != 0 && c != 1 && c != 3 {
		return 0, 0, 0, errors.Errorf("color jitter: images of %d channels: want 1 or 3", c)
	}
	return c, h, w, nil
}

// Params draws the order and the four amounts.
func (t ColorJitter) Params(r *rand.Rand) JitterParams {
	p := JitterParams{Order: [4]int{0, 1, 2, 3}}
	r.Shuffle(4, func(i, j int) { p.Order[i], p.Order[j] = p.Order[j], p.Order[i] })
	p.Brightness = uniform(r, max(0, 1-t.Brightness), 1+t.Brightness)
	p.Contrast = uniform(r, max(0, 1-t.Contrast), 1+t.Contrast)
	p.Saturation = uniform(r, max(0, 1-t.Saturation), 1+t.Saturation)
	p.Hue = uniform(r, -t.Hue, t.Hue)
	return p
}

// Apply changes the colours of m.
func (t ColorJitter) Apply(m *Image, r *rand.Rand) error {
	if err := m.check(); err != nil {
		return err
	}
	if _, _, _, err := t.Shape(m.C, m.H, m.W); err != nil {
		return err
	}
	p := t.Params(r)
	for _, what := range p.Order {
		switch {
		case what == 0 && t.Brightness != 0:
			m.adjustBrightness(p.Brightness)
		case what == 1 && t.Contrast != 0:
			m.adjustContrast(p.Contrast)
		case what == 2 && t.Saturation != 0:
			m.adjustSaturation(p.Saturation)
		case what == 3 && t.Hue != 0:
			m.adjustHue(p.Hue)
		}
	}
	return nil
}

// adjustBrightness multiplies every pixel by factor: 0 gives black.
func (m *Image) adjustBrightness(factor float64) {
	t := blendTable(0, factor)
	for i, v := range m.Pix {
		m.Pix[i] = t[v]
	}
}

// adjustContrast multiplies the distance of every pixel from the mean luminance
// by factor: 0 gives one grey.
func (m *Image) adjustContrast(factor float64) {
	var sum uint64
	if m.C == 3 {
		r, g, b := m.Plane(0), m.Plane(1), m.Plane(2)
		for i := range r {
			sum += uint64(colour.Luma(r[i], g[i], b[i]))
		}
	} else {
		for _, v := range m.Pix {
			sum += uint64(v)
		}
	}
	mean := uint8(float64(sum)/float64(m.H*m.W) + 0.5)
	t := blendTable(mean, factor)
	for i, v := range m.Pix {
		m.Pix[i] = t[v]
	}
}

// adjustSaturation multiplies the distance of every pixel from its own
// luminance by factor: 0 gives a grey picture. An image that does not have three
// channels stays as it is.
func (m *Image) adjustSaturation(factor float64) {
	if m.C == 3 {
		colour.Saturate(m.Plane(0), m.Plane(1), m.Plane(2), float32(factor))
	}
}

// adjustHue turns the colour circle by shift turns, from -0.5 to 0.5, in the
// 256 steps of Pillow's HSV. An image that does not have three channels stays
// as it is.
func (m *Image) adjustHue(shift float64) {
	if m.C == 3 {
		steps := uint8(int(shift * 255)) // wraps around the circle
		colour.Turn(m.Plane(0), m.Plane(1), m.Plane(2), steps)
	}
}

// blendTable is [colour.Mix] of from and v for every byte v.
func blendTable(from uint8, factor float64) *[256]uint8 {
	var t [256]uint8
	for v := range t {
		t[v] = colour.Mix(from, uint8(v), float32(factor))
	}
	return &t
}
