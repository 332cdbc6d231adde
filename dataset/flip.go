package dataset

import (
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// flipHorizontal mirrors the image: left becomes right.
func (m *Image) flipHorizontal() {
	for y := range m.C * m.H {
		slices.Reverse(m.Pix[y*m.W : (y+1)*m.W])
	}
}

// RandomHorizontalFlip mirrors an image with probability P: torchvision's
// RandomHorizontalFlip, whose default of 0.5 must be given here.
type RandomHorizontalFlip struct {
	P float64
}

// Shape returns (c, h, w).
func (t RandomHorizontalFlip) Shape(c, h, w int) (outC, outH, outW int, err error) {
	return c, h, w, checkProbability("random horizontal flip", t.P)
}

// Params draws whether to flip.
func (t RandomHorizontalFlip) Params(r *rand.Rand) (flip bool) { return r.Float64() < t.P }

// Apply flips m, or not.
func (t RandomHorizontalFlip) Apply(m *Image, r *rand.Rand) error {
	if err := m.check(); err != nil {
		return err
	}
	if t.Params(r) {
		m.flipHorizontal()
	}
	return nil
}

func checkProbability(name string, p float64) error {
	if !(p >= 0 && p <= 1) {
		return errors.Errorf("%s: probability %g: want 0 to 1", name, p)
	}
	return nil
}
