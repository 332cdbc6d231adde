package zoo

import (
	"image"
	"slices"
	"sync"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// Predictor finds the classes of images.
//
// It may be used by several goroutines at a time. A graph.Program is not safe for
// that, and is made for one batch size and one size of the images: a Predictor
// compiles one when a shape is first asked for, lends it to one caller at a time
// and keeps some that are idle. Each has its own memory and its own form of the
// weights. The parameters of the model must not be written meanwhile, and there
// should be one Predictor of a Pretrained.
//
// A batch of more than 32 images is run in parts.
type Predictor struct {
	programs *programs
	classes  []string
	input    weights.Input
	pipeline dataset.Pipeline
	blind    error // why images cannot be prepared
	spare    sync.Pool
	head     func() (*head, error)
}

// logits is the output of a classifier.
const logits = "logits"

// Predictor returns the predictor of an image classifier, which prepares images as
// Input says. Where that is not known, it takes tensors and no images.
func (p *Pretrained) Predictor() (*Predictor, error) {
	if p.Model.Task() != Classification {
		_, err := p.Input()
		return nil, err
	}
	if n := len(p.Meta.Classes); n != 0 && n != p.Model.Classes() {
		return nil, errors.Errorf("the file of weights names %d classes for a model with %d", n, p.Model.Classes())
	}
	r := &Predictor{
		programs: newPrograms(p.Model, p.Params),
		classes:  slices.Clone(p.Meta.Classes),
		spare:    sync.Pool{New: func() any { return new(dataset.Image) }},
	}
	r.head = sync.OnceValues(r.findHead)
	if r.input, r.blind = p.Input(); r.blind != nil {
		return r, nil
	}
	if _, err := p.Model.sized(r.input.Height, r.input.Width); err != nil {
		return nil, err
	}
	var err error
	r.pipeline, err = preprocessing(r.input)
	return r, err
}

// Classes returns the names of the classes, none if they are not known.
func (p *Predictor) Classes() []string { return p.classes }

// InputShape returns the shape of a prepared image.
func (p *Predictor) InputShape() (channels, height, width int) {
	return p.input.Channels, p.input.Height, p.input.Width
}

// Prepare writes what the model is given of an image to dst (C, H, W): resized,
// cut and normalised. m becomes the part of the picture that is seen, before the
// normalisation.
func (p *Predictor) Prepare(m *dataset.Image, dst []float32) error {
	if p.blind != nil {
		return p.blind
	}
	return p.pipeline.Apply(m, nil, dst)
}

// Predict finds the class of an image.
func (p *Predictor) Predict(img image.Image) (Prediction, error) {
	all, err := p.PredictBatch([]image.Image{img})
	if err != nil {
		return Prediction{}, err
	}
	return all[0], nil
}

// PredictBatch finds the classes of images, which may have different sizes.
func (p *Predictor) PredictBatch(images []image.Image) ([]Prediction, error) {
	if p.blind != nil {
		return nil, p.blind
	}
	c, h, w := p.InputShape()
	size := c * h * w
	out := make([]Prediction, 0, len(images))
	fill := func(x []float32, first int) error {
		m := p.spare.Get().(*dataset.Image)
		defer p.spare.Put(m)
		for i := range len(x) / size {
			err := dataset.Convert(m, images[first+i])
			if err == nil {
				err = p.Prepare(m, x[i*size:(i+1)*size])
			}
			if err != nil && len(images) > 1 {
				err = errors.Wrapf(err, "image %d", first+i)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	err := p.batches(len(images), h, w, []string{logits}, fill, func(values []*tensor.Dense) {
		k := values[0].Shape()[1]
		for row := range slices.Chunk(values[0].Float32s(), k) {
			out = append(out, newPrediction(slices.Clone(row), p.classes))
		}
	})
	return out, err
}

// Logits computes the logits (N, classes) of prepared images (N, C, H, W), of any
// size that the model can do with.
func (p *Predictor) Logits(x *tensor.Dense) (*tensor.Dense, error) {
	values, err := p.Features(x, logits)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// Features computes the values of parts of the model for prepared images
// (N, C, H, W): "layer4", "layer4.1", "avgpool", or "logits"; see graph.WithTaps.
// What is after them in the network is not computed.
func (p *Predictor) Features(x *tensor.Dense, names ...string) ([]*tensor.Dense, error) {
	data, err := p.images(x)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("features: no name of a part of the model")
	}
	s := x.Shape()
	size := s[1] * s[2] * s[3]
	fill := func(in []float32, first int) error {
		copy(in, data[first*size:])
		return nil
	}
	out := make([]*tensor.Dense, len(names))
	at := make([]int, len(names))
	err = p.batches(s[0], s[2], s[3], names, fill, func(values []*tensor.Dense) {
		for i, v := range values {
			if out[i] == nil {
				shape := v.Shape().Clone()
				shape[0] = shape[0] / min(s[0], most) * s[0]
				out[i] = tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
			}
			at[i] += copy(out[i].Float32s()[at[i]:], v.Float32s())
		}
	})
	return out, err
}

// Prediction is what a row of logits means.
func (p *Predictor) Prediction(logits []float32) Prediction { return newPrediction(logits, p.classes) }

// batches runs n images in parts: fill writes those from first on, as many as x
// has room for, and read is given the outputs.
func (p *Predictor) batches(n, h, w int, outputs []string, fill func(x []float32, first int) error, read func([]*tensor.Dense)) error {
	for first := 0; first < n; first += most {
		part := func(x []float32) error { return fill(x, first) }
		if err := p.programs.run(min(most, n-first), h, w, outputs, part, read); err != nil {
			return err
		}
	}
	return nil
}

// images returns the values of a tensor of images, in row-major order.
func (p *Predictor) images(x *tensor.Dense) ([]float32, error) {
	channels, _, _ := p.programs.model.Input()
	switch {
	case x == nil:
		return nil, errors.New("images: no tensor")
	case x.Dtype() != tensor.Float32 || x.Dims() != 4 || x.Shape()[1] != channels || x.Shape().TotalSize() == 0:
		return nil, errors.Errorf("images: got %v %v, want float32 (N, %d, H, W)", x.Dtype(), x.Shape(), channels)
	case x.DataOrder().IsColMajor():
		return nil, errors.New("images: the tensor is in column-major order, want row-major")
	case x.RequiresIterator() || x.IsMaterializable():
		x = x.Materialize().(*tensor.Dense)
	}
	return x.Float32s(), nil
}
