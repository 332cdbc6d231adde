package dataset

import (
	"github.com/pkg/errors"
)

// Dataset is one split of a data set: images with a class each.
//
// Its methods may be called from several goroutines at once, and the same index
// always gives the same image.
type Dataset interface {
	// Len returns the number of images, at least 1.
	Len() int

	// Classes returns the names of the classes; a label is an index into it.
	// The slice is not to be changed.
	Classes() []string

	// Shape returns the shape (C, H, W) of every image, with 0 in place of a
	// size that varies from image to image.
	Shape() (c, h, w int)

	// Get reads image i, 0 <= i < Len(), into dst and returns its label.
	// An image whose data cannot be decoded gives a *[DecodeError].
	Get(i int, dst *Image) (label int, err error)
}

// DecodeError says that the data of one image is corrupt, truncated, too large
// or of an unknown format. A [Loader] leaves such an image out; any other error
// of [Dataset.Get] ends it.
type DecodeError struct {
	Name string // the file
	Err  error  // what is wrong with it
}

func (e *DecodeError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *DecodeError) Unwrap() error { return e.Err }

// Memory is a split whose images, all of one shape, lie in memory.
type Memory struct {
	c, h, w int
	pix     []uint8
	labels  []uint8
	classes []string
}

// NewMemory returns the split of len(labels) images of shape (c, h, w) whose
// pixels are pix, image after image and planar in each, and whose classes are
// labels. The slices are kept, not copied.
func NewMemory(c, h, w int, pix, labels []uint8, classes []string) (*Memory, error) {
	n := len(labels)
	switch {
	case n == 0:
		return nil, errors.New("no images")
	case c < 1 || h < 1 || w < 1:
		return nil, errors.Errorf("image shape (%d, %d, %d): every size must be at least 1", c, h, w)
	case len(pix)%n != 0 || len(pix)/n != c*h*w:
		return nil, errors.Errorf("%d labels for %d bytes of pixels: want %d bytes for each image of shape (%d, %d, %d)",
			n, len(pix), c*h*w, c, h, w)
	}
	for i, l := range labels {
		if int(l) >= len(classes) {
			return nil, errors.Errorf("label %d of image %d: want less than %d, the number of classes", l, i, len(classes))
		}
	}
	return &Memory{c, h, w, pix, labels, classes}, nil
}

// Len returns the number of images.
func (d *Memory) Len() int { return len(d.labels) }

// Classes returns the names of the classes.
func (d *Memory) Classes() []string { return d.classes }

// Shape returns the shape (C, H, W) of the images.
func (d *Memory) Shape() (c, h, w int) { return d.c, d.h, d.w }

// Bytes returns the size of the images in memory.
func (d *Memory) Bytes() int64 { return int64(len(d.pix)) }

// Get copies image i into dst and returns its label.
func (d *Memory) Get(i int, dst *Image) (label int, err error) {
	if err := checkIndex(i, len(d.labels)); err != nil {
		return 0, err
	}
	dst.Reset(d.c, d.h, d.w)
	size := d.c * d.h * d.w
	copy(dst.Pix, d.pix[i*size:(i+1)*size])
	return int(d.labels[i]), nil
}

// checkIndex reports an index that is not in [0, n).
func checkIndex(i, n int) error {
	if i < 0 || i >= n {
		return errors.Errorf("image %d: want 0 to %d", i, n-1)
	}
	return nil
}
