package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
)

// TrivialAugmentWide changes an image by one operation of random strength:
// torchvision's transform of that name on Pillow images, after Müller and
// Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation"
// (2021). Parts that come from outside the image are black.
type TrivialAugmentWide struct{}

// RandAugment changes an image by some operations in turn, all of one strength:
// torchvision's transform of that name on Pillow images, after Cubuk et al.,
// "RandAugment: practical automated data augmentation with a reduced search
// space" (2020). Parts that come from outside the image are black.
type RandAugment struct {
	Ops       int // how many operations in turn; default 2
	Magnitude int // their strength, 1 to 30; default 9
}

// AugmentOp is an operation that the Params of [TrivialAugmentWide] and
// [RandAugment] draw.
type AugmentOp struct {
	// Name is that in torchvision: "Identity", "ShearX", "ShearY", "TranslateX",
	// "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness",
	// "Posterize", "Solarize", "AutoContrast" or "Equalize".
	Name string
	// Magnitude is a slope, pixels, degrees, what is added to a factor of 1, bits or
	// a threshold; 0 for operations that have none.
	Magnitude float64
}

// augmentSpace is what the magnitudes of a policy go up to.
type augmentSpace struct {
	shear, rotate, factor float64
	translateX            float64
	translateY            float64
	bits                  float32 // posterize: how many are lost at the most
}

// augmentBins is the number of magnitudes that each operation has.
const augmentBins = 31

var augmentNames = [...]string{
	"Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast",
	"Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize",
}

var wideSpace = augmentSpace{shear: 0.99, rotate: 135, factor: 0.99, translateX: 32, translateY: 32, bits: 6}

func randSpace(h, w int) augmentSpace {
	return augmentSpace{
		shear: 0.3, rotate: 30, factor: 0.9, bits: 4,
		translateX: 150. / 331 * float64(w), translateY: 150. / 331 * float64(h),
	}
}

// op returns an operation with a magnitude of a bin, and whether it may be
// negative as well.
func (s augmentSpace) op(name string, bin int) (op AugmentOp, signed bool) {
	limit := 0.0
	switch op.Name = name; name {
	case "ShearX", "ShearY":
		limit = s.shear
	case "TranslateX":
		limit = s.translateX
	case "TranslateY":
		limit = s.translateY
	case "Rotate":
		limit = s.rotate
	case "Brightness", "Color", "Contrast", "Sharpness":
		limit = s.factor
	case "Posterize":
		op.Magnitude = 8 - math.RoundToEven(float64(float32(bin)/((augmentBins-1)/s.bits)))
		return op, false
	case "Solarize":
		op.Magnitude = linspace(255, 0, bin)
		return op, false
	default:
		return op, false
	}
	op.Magnitude = linspace(0, limit, bin)
	return op, true
}

// linspace returns a value of torch.linspace(from, to, augmentBins), but for the
// last bit, which in torch depends on the processor.
func linspace(from, to float64, i int) float64 {
	const last = augmentBins - 1
	start, end := float32(from), float32(to)
	step := (end - start) / last
	// The conversions keep the products from being fused into the sums.
	if i < augmentBins/2 {
		return float64(start + float32(step*float32(i)))
	}
	return float64(end - float32(step*float32(last-i)))
}

// draw draws an operation, of a bin or if that is negative of a random one.
func (s augmentSpace) draw(bin int, r *rand.Rand) AugmentOp {
	name := augmentNames[r.IntN(len(augmentNames))]
	if bin < 0 {
		bin = r.IntN(augmentBins)
	}
	op, signed := s.op(name, bin)
	if signed && r.IntN(2) == 1 {
		op.Magnitude = -op.Magnitude
	}
	return op
}

// apply changes m.
func (o AugmentOp) apply(m *Image) {
	switch v := o.Magnitude; o.Name {
	case "ShearX":
		m.warp(shearXBy(v))
	case "ShearY":
		m.warp(shearYBy(v))
	case "TranslateX":
		m.warp(translateBy(int(v), 0))
	case "TranslateY":
		m.warp(translateBy(0, int(v)))
	case "Rotate":
		m.warp(rotateBy(v, m.H, m.W))
	case "Brightness":
		m.adjustBrightness(1 + v)
	case "Color":
		m.adjustSaturation(1 + v)
	case "Contrast":
		m.adjustContrast(1 + v)
	case "Sharpness":
		m.adjustSharpness(1 + v)
	case "Posterize":
		m.posterize(int(v))
	case "Solarize":
		m.solarize(v)
	case "AutoContrast":
		m.autoContrast()
	case "Equalize":
		m.equalize()
	}
}

// Params draws the operation.
func (t TrivialAugmentWide) Params(r *rand.Rand) AugmentOp { return wideSpace.draw(-1, r) }

// Shape returns (c, h, w).
func (t TrivialAugmentWide) Shape(c, h, w int) (outC, outH, outW int, err error) {
	return c, h, w, checkColours("trivial augment", c)
}

// Apply changes m.
func (t TrivialAugmentWide) Apply(m *Image, r *rand.Rand) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := checkColours("trivial augment", m.C); err != nil {
		return err
	}
	t.Params(r).apply(m)
	return nil
}

// Defaults returns t with its defaults where it has zeros.
func (t RandAugment) Defaults() RandAugment {
	if t.Ops == 0 {
		t.Ops = 2
	}
	if t.Magnitude == 0 {
		t.Magnitude = 9
	}
	return t
}

// Params draws one of the operations for an image of size (h, w).
func (t RandAugment) Params(h, w int, r *rand.Rand) AugmentOp {
	return randSpace(h, w).draw(t.Defaults().Magnitude, r)
}

// Shape returns (c, h, w).
func (t RandAugment) Shape(c, h, w int) (outC, outH, outW int, err error) {
	t = t.Defaults()
	switch {
	case t.Ops < 0:
		return 0, 0, 0, errors.Errorf("rand augment: %d operations: want at least 1", t.Ops)
	case t.Magnitude < 0 || t.Magnitude >= augmentBins:
		return 0, 0, 0, errors.Errorf("rand augment: magnitude %d: want 1 to %d", t.Magnitude, augmentBins-1)
	}
	return c, h, w, checkColours("rand augment", c)
}

// Apply changes m.
func (t RandAugment) Apply(m *Image, r *rand.Rand) error {
	if err := m.check(); err != nil {
		return err
	}
	if _, _, _, err := t.Shape(m.C, m.H, m.W); err != nil {
		return err
	}
	for range t.Defaults().Ops {
		t.Params(m.H, m.W, r).apply(m)
	}
	return nil
}

// checkColours reports a number of channels, 0 for an unknown one, that is not
// that of a grey or a colour image.
func checkColours(name string, c int) error {
	if c != 0 && c != 1 && c != 3 {
		return errors.Errorf("%s: images of %d channels: want 1 or 3", name, c)
	}
	return nil
}
