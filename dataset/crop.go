package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
)

// PaddingMode says what lies outside an image, with torchvision's names.
type PaddingMode string

// The padding modes; the zero PaddingMode is PadConstant.
const (
	PadConstant  PaddingMode = "constant"  // one value
	PadEdge      PaddingMode = "edge"      // the nearest pixel: aaa|abcd|ddd
	PadReflect   PaddingMode = "reflect"   // mirrored without the edge: dcb|abcd|cba
	PadSymmetric PaddingMode = "symmetric" // mirrored with the edge: cba|abcd|dcb
)

// source returns the index in [0, n) of the pixel that is seen at i, or -1 for
// a constant.
func (p PaddingMode) source(i, n int) int {
	if i >= 0 && i < n {
		return i
	}
	switch p {
	case PadEdge:
		return min(max(i, 0), n-1)
	case PadReflect:
		if n == 1 {
			return 0
		}
		i = mod(i, 2*(n-1))
		return min(i, 2*(n-1)-i)
	case PadSymmetric:
		i = mod(i, 2*n)
		return min(i, 2*n-1-i)
	}
	return -1
}

// mod returns i modulo n in [0, n).
func mod(i, n int) int { return ((i % n) + n) % n }

// Crop cuts the box of size (h, w) whose upper left pixel is (top, left), and
// which may reach over the edge of the image: what it finds there is said by
// mode and, for PadConstant, fill.
func (m *Image) Crop(top, left, h, w int, mode PaddingMode, fill uint8) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := checkSize("crop", h, w); err != nil {
		return err
	}
	c, srcH, srcW := m.C, m.H, m.W
	src := m.replace(c, h, w)
	// Columns [x0, x1) lie inside the image: they are copied as a piece.
	x0 := min(max(0, -left), w)
	x1 := max(x0, min(w, srcW-left))
	for y := range c * h {
		dst := m.Pix[y*w : (y+1)*w]
		from := mode.source(y%h+top, srcH)
		if from < 0 {
			fillBytes(dst, fill)
			continue
		}
		row := src[(y/h*srcH+from)*srcW:][:srcW]
		if x0 < x1 {
			copy(dst[x0:x1], row[x0+left:])
		}
		mode.pad(dst[:x0], row, left, fill)
		mode.pad(dst[x1:], row, left+x1, fill)
	}
	return nil
}

// pad writes to dst what is seen of row from x on.
func (p PaddingMode) pad(dst, row []uint8, x int, fill uint8) {
	for i := range dst {
		if from := p.source(x+i, len(row)); from >= 0 {
			dst[i] = row[from]
		} else {
			dst[i] = fill
		}
	}
}

func fillBytes(dst []uint8, v uint8) {
	for i := range dst {
		dst[i] = v
	}
}

// RandomCrop pads an image on all sides and cuts out a box at a random place:
// torchvision's RandomCrop. An image that is smaller than the box even so is an
// error.
type RandomCrop struct {
	Height, Width int
	Padding       int // pixels on each side; default 0
	Mode          PaddingMode
	Fill          uint8 // for PadConstant; default 0
}

// Shape returns (c, Height, Width).
func (t RandomCrop) Shape(c, h, w int) (outC, outH, outW int, err error) {
	if err := checkSize("random crop", t.Height, t.Width); err != nil {
		return 0, 0, 0, err
	}
	if t.Padding < 0 {
		return 0, 0, 0, errors.Errorf("random crop: padding %d: want at least 0", t.Padding)
	}
	switch t.Mode {
	case "", PadConstant, PadEdge, PadReflect, PadSymmetric:
	default:
		return 0, 0, 0, errors.Errorf("random crop: unknown padding mode %q: want constant, edge, reflect or symmetric", t.Mode)
	}
	if (h != 0 && h+2*t.Padding < t.Height) || (w != 0 && w+2*t.Padding < t.Width) {
		return 0, 0, 0, errors.Errorf("random crop to %dx%d of an image of %dx%d with padding %d: the image is too small",
			t.Height, t.Width, h, w, t.Padding)
	}
	return c, t.Height, t.Width, nil
}

// Params draws the upper left pixel of the box in the coordinates of an image
// of size (h, w), negative inside the padding. Every place is equally likely;
// there is one where the image is too small.
func (t RandomCrop) Params(h, w int, r *rand.Rand) (top, left int) {
	top = r.IntN(max(h+2*t.Padding-t.Height, 0)+1) - t.Padding
	left = r.IntN(max(w+2*t.Padding-t.Width, 0)+1) - t.Padding
	return top, left
}

// Apply crops m.
func (t RandomCrop) Apply(m *Image, r *rand.Rand) error {
	if err := m.check(); err != nil {
		return err
	}
	if _, _, _, err := t.Shape(m.C, m.H, m.W); err != nil {
		return err
	}
	top, left := t.Params(m.H, m.W, r)
	return m.Crop(top, left, t.Height, t.Width, t.Mode, t.Fill)
}

// CenterCrop cuts the box out of the middle of an image, which is padded with
// zeros where it is smaller: torchvision's CenterCrop.
type CenterCrop struct {
	Height, Width int
}

// Shape returns (c, Height, Width).
func (t CenterCrop) Shape(c, h, w int) (outC, outH, outW int, err error) {
	return c, t.Height, t.Width, checkSize("center crop", t.Height, t.Width)
}

// Apply crops m.
func (t CenterCrop) Apply(m *Image, _ *rand.Rand) error {
	return m.Crop(centerOffset(m.H, t.Height), centerOffset(m.W, t.Width), t.Height, t.Width, PadConstant, 0)
}

// centerOffset returns where the middle size pixels of n begin. torchvision
// rounds a half to even where it cuts, and to the right edge where it pads.
func centerOffset(n, size int) int {
	if size > n {
		return -((size - n) / 2)
	}
	return int(math.RoundToEven(float64(n-size) / 2))
}
