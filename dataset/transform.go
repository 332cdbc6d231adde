package dataset

import (
	"math/rand/v2"

	"github.com/pkg/errors"
)

// Transform is one step of a [Pipeline]. It changes an image in place and takes
// its random parameters, which its Params method draws and names, from r.
//
// Transforms are values without state: one may serve many goroutines.
type Transform interface {
	// Shape returns the shape of what Apply makes of an image of shape
	// (c, h, w), where 0 stands for a size that varies or is not known yet,
	// here and in the result. It reports parameters that are out of range and
	// shapes that Apply must refuse.
	Shape(c, h, w int) (outC, outH, outW int, err error)

	// Apply transforms m.
	Apply(m *Image, r *rand.Rand) error
}

// Pipeline makes the input of a model from an image: transforms of bytes in
// their order, then the conversion to float32 in [0, 1] and the normalisation,
// then the erasing. The zero Pipeline only converts.
type Pipeline struct {
	Transforms []Transform
	Normalize  Normalization
	Erasing    RandomErasing // P of zero: none
}

// Shape returns the shape of the pipeline's output for images of shape
// (c, h, w), where 0 stands for a size that varies. It reports parameters that
// are out of range or do not fit each other.
func (p Pipeline) Shape(c, h, w int) (outC, outH, outW int, err error) {
	for _, t := range p.Transforms {
		if c, h, w, err = t.Shape(c, h, w); err != nil {
			return 0, 0, 0, err
		}
	}
	if err := p.Normalize.check(c); err != nil {
		return 0, 0, 0, err
	}
	if err := p.Erasing.Validate(); err != nil {
		return 0, 0, 0, err
	}
	return c, h, w, nil
}

// Apply transforms m and writes the result (C, H, W) to dst, whose length must
// be the size of the transformed image. m is changed. The random parameters are
// drawn from r in the order of the transforms.
func (p Pipeline) Apply(m *Image, r *rand.Rand, dst []float32) error {
	for _, t := range p.Transforms {
		if err := t.Apply(m, r); err != nil {
			return err
		}
	}
	if err := m.check(); err != nil {
		return err
	}
	if len(dst) != len(m.Pix) {
		return errors.Errorf("transformed image of shape (%d, %d, %d) for %d values", m.C, m.H, m.W, len(dst))
	}
	if err := p.Normalize.check(m.C); err != nil {
		return err
	}
	p.Normalize.apply(dst, m)
	p.Erasing.apply(dst, m.C, m.H, m.W, r)
	return nil
}

// uniform draws from [lo, hi). The conversion keeps the product from being fused
// into the sum, which would change the draw with the processor.
func uniform(r *rand.Rand, lo, hi float64) float64 { return lo + float64((hi-lo)*r.Float64()) }

// checkSize reports a height or width that no image can have.
func checkSize(name string, h, w int) error {
	if h < 1 || w < 1 {
		return errors.Errorf("%s to %dx%d: both sizes must be at least 1", name, h, w)
	}
	return nil
}
