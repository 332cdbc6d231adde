package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
)

// RandomResizedCrop cuts a box of random area and aspect ratio out of an image
// and scales it to one size: torchvision's RandomResizedCrop, the augmentation
// of Szegedy et al., "Going deeper with convolutions" (2014).
type RandomResizedCrop struct {
	Height, Width int
	Scale         [2]float64 // area of the box as a part of the image's; default 0.08 to 1
	Ratio         [2]float64 // width over height of the box; default 3/4 to 4/3
}

// Shape returns (c, Height, Width).
func (t RandomResizedCrop) Shape(c, h, w int) (outC, outH, outW int, err error) {
	if err := checkSize("random resized crop", t.Height, t.Width); err != nil {
		return 0, 0, 0, err
	}
	return c, t.Height, t.Width, t.box().check("random resized crop")
}

// Params draws the box to be cut out of an image of size (h, w). After ten
// boxes that do not fit it is the largest central one of an allowed ratio.
func (t RandomResizedCrop) Params(h, w int, r *rand.Rand) (top, left, height, width int) {
	b := t.box()
	for range boxTries {
		ratio, area := b.draw(h*w, r)
		width = int(math.RoundToEven(math.Sqrt(area * ratio)))
		height = int(math.RoundToEven(math.Sqrt(area / ratio)))
		if width > 0 && width <= w && height > 0 && height <= h {
			return r.IntN(h - height + 1), r.IntN(w - width + 1), height, width
		}
	}
	height, width = h, w
	if in := float64(w) / float64(h); in < b.ratio[0] {
		height = int(math.RoundToEven(float64(w) / b.ratio[0]))
	} else if in > b.ratio[1] {
		width = int(math.RoundToEven(float64(h) * b.ratio[1]))
	}
	height, width = max(height, 1), max(width, 1) // a thin image may round to nothing
	return (h - height) / 2, (w - width) / 2, height, width
}

// Apply crops and resizes m.
func (t RandomResizedCrop) Apply(m *Image, r *rand.Rand) error {
	if err := m.check(); err != nil {
		return err
	}
	top, left, h, w := t.Params(m.H, m.W, r)
	if err := m.Crop(top, left, h, w, PadConstant, 0); err != nil {
		return err
	}
	return m.Resize(t.Height, t.Width)
}

func (t RandomResizedCrop) box() boxRange {
	return newBoxRange(t.Scale, [2]float64{0.08, 1}, t.Ratio, [2]float64{3. / 4, 4. / 3})
}

// boxTries is how often torchvision draws a box before it gives up.
const boxTries = 10

// boxRange is what a random box may be: its area as a part of the image's and
// its aspect ratio.
type boxRange struct {
	scale, ratio [2]float64
}

// newBoxRange puts the defaults in place of zero ranges.
func newBoxRange(scale, defaultScale, ratio, defaultRatio [2]float64) boxRange {
	if scale == [2]float64{} {
		scale = defaultScale
	}
	if ratio == [2]float64{} {
		ratio = defaultRatio
	}
	return boxRange{scale, ratio}
}

func (b boxRange) check(name string) error {
	if !(0 <= b.scale[0] && b.scale[0] <= b.scale[1] && b.scale[1] <= 1) {
		return errors.Errorf("%s: scale %g to %g: want 0 <= from <= to <= 1", name, b.scale[0], b.scale[1])
	}
	if !(0 < b.ratio[0] && b.ratio[0] <= b.ratio[1] && !math.IsInf(b.ratio[1], 1)) {
		return errors.Errorf("%s: ratio %g to %g: want 0 < from <= to", name, b.ratio[0], b.ratio[1])
	}
	return nil
}

// draw draws an aspect ratio, uniform in its logarithm, and an area in pixels
// of an image that has total.
func (b boxRange) draw(total int, r *rand.Rand) (ratio, area float64) {
	area = float64(total) * uniform(r, b.scale[0], b.scale[1])
	ratio = math.Exp(uniform(r, math.Log(b.ratio[0]), math.Log(b.ratio[1])))
	return ratio, area
}
