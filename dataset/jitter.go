package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
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
			sum += uint64(luma(r[i], g[i], b[i]))
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
	if m.C != 3 {
		return
	}
	blend := newBlender(factor)
	r, g, b := m.Plane(0), m.Plane(1), m.Plane(2)
	for i := range r {
		l := luma(r[i], g[i], b[i])
		r[i], g[i], b[i] = blend.mix(l, r[i]), blend.mix(l, g[i]), blend.mix(l, b[i])
	}
}

// adjustHue turns the colour circle by shift turns, from -0.5 to 0.5, in the
// 256 steps of Pillow's HSV. An image that does not have three channels stays
// as it is.
func (m *Image) adjustHue(shift float64) {
	if m.C != 3 {
		return
	}
	steps := uint8(int(shift * 255)) // wraps around the circle
	r, g, b := m.Plane(0), m.Plane(1), m.Plane(2)
	for i := range r {
		h, s, v := rgbToHSV(r[i], g[i], b[i])
		r[i], g[i], b[i] = hsvToRGB(h+steps, s, v)
	}
}

// blender mixes two images as Pillow's Image.blend: in float32, truncated.
type blender float32

func newBlender(factor float64) blender { return blender(factor) }

// mix returns from + factor*(to-from), clipped to a byte.
func (b blender) mix(from, to uint8) uint8 {
	// The conversion keeps the product from being fused into the sum.
	x := float32(from) + float32(float32(b)*float32(int(to)-int(from)))
	switch {
	case x <= 0:
		return 0
	case x >= 255:
		return 255
	}
	return uint8(x)
}

// blendTable is mix(from, v) for every byte v.
func blendTable(from uint8, factor float64) *[256]uint8 {
	var t [256]uint8
	b := newBlender(factor)
	for v := range t {
		t[v] = b.mix(from, uint8(v))
	}
	return &t
}

// rgbToHSV converts as Pillow's convert("HSV"): hue, saturation and value from
// 0 to 255.
func rgbToHSV(r, g, b uint8) (h, s, v uint8) {
	hi, lo := max(r, g, b), min(r, g, b)
	if hi == lo {
		return 0, 0, hi
	}
	span := float32(hi) - float32(lo)
	sat := span / float32(hi)
	rc := (float32(hi) - float32(r)) / span
	gc := (float32(hi) - float32(g)) / span
	bc := (float32(hi) - float32(b)) / span
	var hue float32
	switch hi {
	case r:
		hue = bc - gc
	case g:
		hue = float32(2 + float64(rc) - float64(bc))
	default:
		hue = float32(4 + float64(gc) - float64(rc))
	}
	turn := float32(math.Mod(float64(hue)/6+1, 1))
	return uint8(float64(turn) * 255), uint8(float64(sat) * 255), hi
}

// hsvToRGB converts back as Pillow's convert("RGB") of an HSV image.
func hsvToRGB(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	sixth := float64(float32(h)) * 6 / 255
	i := math.Floor(sixth)
	f := float64(float32(sixth - i))
	fs := float64(float32(float64(s) / 255))
	x := float64(v)
	// The conversions keep the products from being fused into the sums.
	p := uint8(math.Round(x * (1 - fs)))
	q := uint8(math.Round(x * (1 - float64(fs*f))))
	t := uint8(math.Round(x * (1 - float64(fs*(1-f)))))
	switch int(i) % 6 {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	}
	return v, p, q
}
