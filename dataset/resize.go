package dataset

import (
	"math/rand/v2"
	"sync"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/resample"
)

// Interpolation is the filter of a resize, with torchvision's names.
type Interpolation string

// The filters, which are Pillow's antialiased ones; the zero Interpolation is
// Bilinear.
const (
	Bilinear Interpolation = "bilinear"
	Bicubic  Interpolation = "bicubic"
)

func (i Interpolation) filter() (resample.Filter, error) {
	switch i {
	case "", Bilinear:
		return resample.Bilinear, nil
	case Bicubic:
		return resample.Bicubic, nil
	}
	return resample.Filter{}, errors.Errorf("resize: unknown interpolation %q: want %s or %s", string(i), Bilinear, Bicubic)
}

// resamplers are those that are not in use, with their memory.
var resamplers = sync.Pool{New: func() any { return new(resample.Resampler) }}

// Resize scales the image to (h, w) with the antialiased bilinear filter of
// Pillow, and to its bits. It takes images of one or three channels.
func (m *Image) Resize(h, w int) error { return m.resize(h, w, Bilinear) }

// resize is Resize with any filter.
func (m *Image) resize(h, w int, i Interpolation) error {
	filter, err := i.filter()
	if err != nil {
		return err
	}
	if err := m.check(); err != nil {
		return err
	}
	if err := checkSize("resize", h, w); err != nil {
		return err
	}
	if m.C != 1 && m.C != 3 {
		return errors.Errorf("resize: image of %d channels: want 1 or 3", m.C)
	}
	if h == m.H && w == m.W {
		return nil
	}
	r := resamplers.Get().(*resample.Resampler)
	r.Set(filter, m.H, m.W, h, w)
	size := m.H * m.W
	old := m.replace(m.C, h, w)
	for c := range m.C {
		r.Plane(m.Plane(c), old[c*size:][:size])
	}
	resamplers.Put(r)
	return nil
}

// Resize scales an image until its shorter side has Size pixels and keeps its
// aspect ratio: torchvision's Resize of one number. The longer side is rounded
// down.
type Resize struct {
	Size          int
	Interpolation Interpolation
}

// Shape returns the new size, or 0 for both sides where (h, w) varies.
func (t Resize) Shape(c, h, w int) (outC, outH, outW int, err error) {
	if err := checkSize("resize", t.Size, t.Size); err != nil {
		return 0, 0, 0, err
	}
	if _, err := t.Interpolation.filter(); err != nil {
		return 0, 0, 0, err
	}
	if h == 0 || w == 0 {
		return c, 0, 0, nil
	}
	if h < w {
		return c, t.Size, longSide(t.Size, w, h), nil
	}
	return c, longSide(t.Size, h, w), t.Size, nil
}

// longSide is int(size*long/short), with the division in float64 as in Python.
func longSide(size, long, short int) int {
	return int(float64(size*long) / float64(short))
}

// Apply resizes m.
func (t Resize) Apply(m *Image, _ *rand.Rand) error {
	_, h, w, err := t.Shape(m.C, m.H, m.W)
	if err != nil {
		return err
	}
	return m.resize(h, w, t.Interpolation)
}

// ResizeTo scales an image to the given size, whatever its aspect ratio:
// torchvision's Resize of two numbers.
type ResizeTo struct {
	Height, Width int
}

// Shape returns (c, Height, Width).
func (t ResizeTo) Shape(c, h, w int) (outC, outH, outW int, err error) {
	return c, t.Height, t.Width, checkSize("resize", t.Height, t.Width)
}

// Apply resizes m.
func (t ResizeTo) Apply(m *Image, _ *rand.Rand) error { return m.Resize(t.Height, t.Width) }
