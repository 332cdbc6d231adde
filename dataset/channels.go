package dataset

import (
	"math/rand/v2"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/colour"
)

// Channels converts between grey and colour where a model wants the other: one
// channel is repeated three times, three become their luminance (ITU-R BT.601,
// as Pillow's convert("L")). Images that have N channels stay as they are.
type Channels struct {
	N int // 1 or 3
}

// Shape returns (N, h, w).
func (t Channels) Shape(c, h, w int) (outC, outH, outW int, err error) {
	if (t.N != 1 && t.N != 3) && t.N != c {
		return 0, 0, 0, errors.Errorf("channels: cannot make %d of an image: want 1 or 3", t.N)
	}
	if c != 0 && c != 1 && c != 3 && c != t.N {
		return 0, 0, 0, errors.Errorf("channels: cannot make %d of %d: want an image of 1 or 3", t.N, c)
	}
	return t.N, h, w, nil
}

// Apply converts m.
func (t Channels) Apply(m *Image, _ *rand.Rand) error {
	if err := m.check(); err != nil {
		return err
	}
	if _, _, _, err := t.Shape(m.C, m.H, m.W); err != nil {
		return err
	}
	switch {
	case t.N == m.C:
	case t.N == 1:
		m.toGrey()
	default:
		grey := m.replace(3, m.H, m.W)
		for c := range 3 {
			copy(m.Plane(c), grey)
		}
	}
	return nil
}

// toGrey makes one channel of three.
func (m *Image) toGrey() {
	r, g, b := m.Plane(0), m.Plane(1), m.Plane(2)
	for i := range r {
		r[i] = colour.Luma(r[i], g[i], b[i])
	}
	m.C, m.Pix = 1, m.Pix[:len(r)] // keeps the capacity
}
