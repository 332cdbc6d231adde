package dataset

import (
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/colour"
)

// Normalization is the mean and the standard deviation of a data set's training
// pixels, per channel and with pixels in [0, 1]: torchvision's Normalize. The
// zero Normalization changes nothing.
type Normalization struct {
	Mean, Std []float32
}

// ImageNet is the normalisation that torchvision's ImageNet models expect.
var ImageNet = Normalization{
	Mean: []float32{0.485, 0.456, 0.406},
	Std:  []float32{0.229, 0.224, 0.225},
}

// For returns the normalisation for images that have been converted to c
// channels (see [Channels]). Grey to colour repeats the one value. Colour to
// grey weighs the channels as the conversion does: exact for the mean, and for
// the deviation an upper bound that channels of one picture come close to.
func (n Normalization) For(c int) Normalization {
	switch {
	case len(n.Mean) == 1 && c == 3:
		m, s := n.Mean[0], n.Std[0]
		return Normalization{Mean: []float32{m, m, m}, Std: []float32{s, s, s}}
	case len(n.Mean) == 3 && c == 1:
		luma := func(v []float32) []float32 {
			return []float32{(colour.Red*v[0] + colour.Green*v[1] + colour.Blue*v[2]) / colour.One}
		}
		return Normalization{Mean: luma(n.Mean), Std: luma(n.Std)}
	}
	return n
}

// check reports a normalisation that does not fit c channels; c of 0 fits all.
func (n Normalization) check(c int) error {
	if len(n.Mean) != len(n.Std) {
		return errors.Errorf("normalize: %d means and %d standard deviations", len(n.Mean), len(n.Std))
	}
	if len(n.Mean) != 0 && c != 0 && len(n.Mean) != c {
		return errors.Errorf("normalize: mean and std of %d channels for images of %d", len(n.Mean), c)
	}
	for i, s := range n.Std {
		if !(s > 0) {
			return errors.Errorf("normalize: std of channel %d is %g: want more than 0", i, s)
		}
	}
	return nil
}

// apply writes the image to dst (C, H, W), to the bits of ToTensor and Normalize in
// torchvision.
func (n Normalization) apply(dst []float32, m *Image) {
	size := m.H * m.W
	for c := range m.C {
		mean, std := float32(0), float32(1)
		if len(n.Mean) != 0 {
			mean, std = n.Mean[c], n.Std[c]
		}
		colour.Normalize(dst[c*size:(c+1)*size], m.Plane(c), mean, std)
	}
}
