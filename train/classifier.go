package train

import (
	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// sizeKey is the setting of an architecture, of type zoo.Image, that comes from
// the data set unless it is given.
const sizeKey = "size"

// WithArchitecture is the model option for settings in YAML, by the keys of the
// family's type (zoo.ResNet). A key that does not exist is an error that gives the
// nearest ones. The zero Node sets nothing.
func WithArchitecture(n yaml.Node) zoo.Option {
	return zoo.WithConfig(func(into any) error {
		if n.Kind == 0 {
			return nil
		}
		if err := checkKeys(&n, into); err != nil {
			return err
		}
		if err := n.Decode(into); err != nil {
			return errors.New(oneLine(err))
		}
		return nil
	})
}

// model returns the model that the settings name, for the classes and the image
// size of the data set.
func (c *Config) model(d *dataset.Data) (*zoo.Model, error) {
	fitted, err := fit(c.Model, d, c.InputSize)
	if err != nil {
		return nil, err
	}
	m, err := zoo.New(c.Model, append(fitted, WithArchitecture(c.Architecture))...)
	if err != nil {
		return nil, err
	}
	return m, checkClasses(m, d)
}

func checkClasses(m *zoo.Model, d *dataset.Data) error {
	if have := len(d.Train.Classes()); m.Classes() != have {
		return errors.Errorf("%s has %d classes, but the data set %s has %d", m.Name(), m.Classes(), d.Kind, have)
	}
	return nil
}

// fit returns the options that bring a registered model to the classes and the
// image size of a data set; size is the input's, 0 for the data set's or, where
// images have all sizes, the model's.
func fit(model string, d *dataset.Data, size int) ([]zoo.Option, error) {
	e, err := zoo.Lookup(model)
	if err != nil {
		return nil, err
	}
	usual := e.Architecture.Image()
	c, h, w := d.Train.Shape()
	if c == 0 {
		c = usual.Channels
	}
	if h == 0 || w == 0 {
		h, w = usual.Height, usual.Width
	}
	if size > 0 {
		h, w = size, size
	}
	return []zoo.Option{zoo.WithClasses(len(d.Train.Classes())), zoo.WithInput(c, h, w)}, nil
}

// resolve replaces what the settings leave open by what it turned out to be, so
// that they do not depend on the defaults of a later version. Classes and image
// size remain the data set's.
func (c *Config) resolve(m *zoo.Model, d *dataset.Data) error {
	var full yaml.Node
	if err := full.Encode(m.Config()); err != nil {
		return errors.Wrap(err, "model configuration")
	}
	setKey(&full, sizeKey, valueOf(&c.Architecture, sizeKey))
	c.Architecture = full

	ch, h, w := m.Input()
	if _, hasH, hasW := d.Train.Shape(); (hasH == 0 || hasW == 0) && h == w && c.InputSize == 0 {
		c.InputSize = h
	}
	c.Augment = c.Augment.resolve(d, ch, h, w)
	if len(c.Mean) == 0 {
		n := d.Norm.For(ch)
		c.Mean, c.Std = n.Mean, n.Std
	}
	return nil
}

// meta describes the model for files of weights.
func (c *Config) meta(m *zoo.Model, d *dataset.Data) (weights.Meta, error) {
	ch, h, w := m.Input()
	meta := weights.Meta{
		Model:   m.Name(),
		Classes: d.Train.Classes(),
		Input:   weights.Input{Channels: ch, Height: h, Width: w, Mean: c.Mean, Std: c.Std},
	}
	for _, t := range d.ValPipeline(ch, h, w).Transforms {
		if r, ok := t.(dataset.Resize); ok {
			meta.Input.Resize, meta.Input.Interpolation = r.Size, "bilinear"
		}
	}
	return meta, meta.SetConfig(m.Config())
}
