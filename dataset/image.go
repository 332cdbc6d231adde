package dataset

import (
	"image"

	"github.com/pkg/errors"
)

// Image is one picture: C planes, one after the other, of H rows of W bytes.
// Pixel (y, x) of channel c is Pix[(c*H+y)*W+x]. Channels are red, green and
// blue where C is 3, and luminance where C is 1; 0 is dark and 255 is light.
//
// An Image is a buffer as well: the transforms and [Dataset.Get] change it in
// place and keep its memory, so that a worker that uses one Image for all its
// pictures allocates only for the largest. The zero Image is empty and ready.
type Image struct {
	C, H, W int
	Pix     []uint8

	spare []uint8 // where the next transform writes
}

// NewImage returns a black image.
func NewImage(c, h, w int) *Image {
	return &Image{C: c, H: h, W: w, Pix: make([]uint8, c*h*w)}
}

// Reset gives m a shape and pixels of unspecified value, using the memory it
// has where that is enough.
func (m *Image) Reset(c, h, w int) {
	m.C, m.H, m.W = c, h, w
	m.Pix = resized(m.Pix, c*h*w)
}

// CopyFrom makes m a copy of src.
func (m *Image) CopyFrom(src *Image) {
	m.Reset(src.C, src.H, src.W)
	copy(m.Pix, src.Pix)
}

// Plane returns the pixels of channel c, row by row.
func (m *Image) Plane(c int) []uint8 {
	n := m.H * m.W
	return m.Pix[c*n : (c+1)*n : (c+1)*n]
}

// replace gives m a new shape and pixels of unspecified value, and returns the
// pixels it had, which stay valid until the next replace.
func (m *Image) replace(c, h, w int) (old []uint8) {
	old = m.Pix
	m.Pix, m.spare = resized(m.spare, c*h*w), old
	m.C, m.H, m.W = c, h, w
	return old
}

// resized returns a slice of length n in the memory of s if it fits.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// check reports an image whose fields do not belong together.
func (m *Image) check() error {
	if m.C < 1 || m.H < 1 || m.W < 1 || len(m.Pix) != m.C*m.H*m.W {
		return errors.Errorf("image of shape (%d, %d, %d) has %d pixels", m.C, m.H, m.W, len(m.Pix))
	}
	return nil
}

// Image returns a copy of m for the standard library: *image.Gray for one
// channel, *image.RGBA for three; nil for any other number of channels, and for
// an image without pixels.
func (m *Image) Image() image.Image {
	if m.check() != nil {
		return nil
	}
	r := image.Rect(0, 0, m.W, m.H)
	switch m.C {
	case 1:
		return &image.Gray{Pix: append([]uint8(nil), m.Pix...), Stride: m.W, Rect: r}
	case 3:
		return &image.RGBA{Pix: m.rgba(nil), Stride: 4 * m.W, Rect: r}
	}
	return nil
}

// rgba interleaves the channels of m into dst as opaque red, green, blue and
// alpha; a grey image gives equal colours. It returns dst, grown if needed.
func (m *Image) rgba(dst []uint8) []uint8 {
	dst = resized(dst, 4*m.H*m.W)
	r, g, b := m.Plane(0), m.Plane(0), m.Plane(0)
	if m.C == 3 {
		g, b = m.Plane(1), m.Plane(2)
	}
	for i, v := range r {
		d := dst[4*i : 4*i+4 : 4*i+4]
		d[0], d[1], d[2], d[3] = v, g[i], b[i], 0xff
	}
	return dst
}
