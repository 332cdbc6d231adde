package dataset

import "math/rand/v2"

// ResizeCover scales an image, keeping its aspect ratio, to the smallest size of which a
// box of (Height, Width) is a part. An image that has the size of the box stays as
// it is.
type ResizeCover struct {
	Height, Width int
	Interpolation Interpolation
}

// Shape returns the new size, or 0 for both sides where (h, w) varies.
func (t ResizeCover) Shape(c, h, w int) (outC, outH, outW int, err error) {
	if err := checkSize("resize", t.Height, t.Width); err != nil {
		return 0, 0, 0, err
	}
	if _, err := t.Interpolation.filter(); err != nil {
		return 0, 0, 0, err
	}
	switch {
	case h == 0 || w == 0:
		return c, 0, 0, nil
	case h*t.Width > w*t.Height: // too high
		return c, max(t.Height, longSide(t.Width, h, w)), t.Width, nil
	default:
		return c, t.Height, max(t.Width, longSide(t.Height, w, h)), nil
	}
}

// Apply resizes m.
func (t ResizeCover) Apply(m *Image, _ *rand.Rand) error {
	_, h, w, err := t.Shape(m.C, m.H, m.W)
	if err != nil {
		return err
	}
	return m.resize(h, w, t.Interpolation)
}
