package zoo

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// Input returns what images must be made for a classifier: what the file of
// weights says, or where it says nothing what the models for ImageNet expect, if
// it is one of those: the shorter side of 256 pixels, 224x224 of them, and
// dataset.ImageNet. For other models that is an error: Meta.Input has to be set.
func (p *Pretrained) Input() (weights.Input, error) {
	if p.Model.Task() != Classification {
		return weights.Input{}, errors.Errorf("%s is no image classifier: it is for %s", p.Model.Name(), p.Model.Task())
	}
	in := p.Meta.Input
	c, h, w := p.Model.Input()
	said := in.Height > 0 || len(in.Mean) > 0
	in.Channels, in.Height, in.Width = c, cmp.Or(in.Height, h), cmp.Or(in.Width, w)
	if said {
		return in, nil
	}
	if !isImageNet(p.Model) {
		return in, errors.Errorf("the file of weights does not say what %s expects of images: want their mean and standard deviation", p.Model.Name())
	}
	if in.Resize == 0 {
		in.Resize = shorterSide(in.Height, in.Width)
	}
	in.Mean, in.Std = slices.Clone(dataset.ImageNet.Mean), slices.Clone(dataset.ImageNet.Std)
	return in, nil
}

// shorterSide is that of an image from which (h, w) is cut: 256 for 224.
func shorterSide(h, w int) int { return (max(h, w)*256 + 112) / 224 }

// isImageNet reports whether a model is registered as one for ImageNet.
func isImageNet(m *Model) bool {
	e, err := Lookup(m.Name())
	if err != nil {
		return false
	}
	c, ok := e.Architecture.(Classifier)
	return ok && *c.Image() == Image{Classes: 1000, Channels: 3, Height: 224, Width: 224} && m.Config().(Classifier).Image().Channels == 3
}

// preprocessing returns the transforms that make what is described of an image of
// any size. One that is not to be resized is, if it has another size: it is scaled
// to cover what is wanted.
func preprocessing(in weights.Input) (dataset.Pipeline, error) {
	p := dataset.Pipeline{
		Transforms: []dataset.Transform{
			dataset.Resize{Size: in.Resize, Interpolation: dataset.Interpolation(in.Interpolation)},
			dataset.CenterCrop{Height: in.Height, Width: in.Width},
			dataset.Channels{N: in.Channels},
		},
		Normalize: dataset.Normalization{Mean: in.Mean, Std: in.Std},
	}
	if in.Resize == 0 {
		p.Transforms[0] = dataset.ResizeCover{Height: in.Height, Width: in.Width, Interpolation: dataset.Interpolation(in.Interpolation)}
	}
	c, _, _, err := p.Shape(3, 0, 0)
	if err == nil && c != in.Channels {
		err = errors.Errorf("images of %d channels for a model of %d", c, in.Channels)
	}
	return p, errors.Wrap(err, "preprocessing")
}
