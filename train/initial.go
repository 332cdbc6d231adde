package train

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Initial says which weights a run starts from, and how they are made to fit; see
// weights.Fitting. What they say of the model, of its vocabulary and of the
// normalisation of images counts where the settings leave it open.
type Initial struct {
	// Weights is a file of weights or a run folder. Pretrained is given instead of it for
	// weights that the program has inside, and says what they were trained on,
	// "cifar10"; see Options.Pretrained. Without either, values are drawn from the seed.
	Weights    string `yaml:"weights"`
	Pretrained string `yaml:"pretrained"`
	// Map is a file of names, see weights.NameMap.
	Map string `yaml:"map"`
	// NewHead begins with a last layer drawn from the seed, and Skip with other
	// parameters drawn so: patterns of names, such as "layer4.*".
	NewHead bool     `yaml:"new_head"`
	Skip    []string `yaml:"skip,flow"`
	// AdaptInput changes the first convolution to the channels of the data.
	AdaptInput bool `yaml:"adapt_input"`
	// NoStrict loads the names that weights and model have in common.
	NoStrict bool `yaml:"no_strict"`
}

// validate reports what does not go together, for a model that is for t.
func (i *Initial) validate(t zoo.Task) error {
	if i.Weights != "" && i.Pretrained != "" {
		return errors.New("weights and pretrained exclude each other")
	}
	if i.given() {
		if t != zoo.Classification && (i.NewHead || i.AdaptInput) {
			return errors.New("new_head and adapt_input are for image classifiers")
		}
		return nil
	}
	for _, s := range []struct {
		name  string
		given bool
	}{
		{"map", i.Map != ""}, {"new_head", i.NewHead}, {"skip", len(i.Skip) > 0},
		{"adapt_input", i.AdaptInput}, {"no_strict", i.NoStrict},
	} {
		if s.given {
			return errors.Errorf("%s without weights: there is nothing to fit", s.name)
		}
	}
	return nil
}

// given tells whether there are weights to start from.
func (i *Initial) given() bool { return i.Weights != "" || i.Pretrained != "" }

// label is how messages call the weights.
func (i *Initial) label() string {
	if i.Pretrained != "" {
		return "the pretrained weights of " + i.Pretrained
	}
	return WeightsOf(i.Weights)
}

// readInitial reads the weights to start from, under their new names; nil if there
// are none.
func (c *Config) readInitial(o Options) (*weights.Archive, error) {
	switch {
	case c.Pretrained != "" && o.Pretrained == nil:
		return nil, errors.Errorf("pretrained %q: this program has no pretrained weights inside", c.Pretrained)
	case c.Pretrained != "":
		a, err := o.Pretrained(c.Model, c.Pretrained)
		if err != nil {
			return nil, err
		}
		return a, c.rename(a)
	case c.Weights != "":
		a, err := weights.Load(WeightsOf(c.Weights))
		if err != nil {
			return nil, err
		}
		return a, c.rename(a)
	}
	return nil, nil
}

// rename gives the tensors the names of the map, if there is one.
func (i *Initial) rename(a *weights.Archive) error {
	if i.Map == "" {
		return nil
	}
	m, err := weights.ReadNameMap(i.Map)
	if err != nil {
		return err
	}
	return errors.Wrap(a.Rename(m), i.label())
}

// fitting is what readInitial has not done yet.
func (i *Initial) fitting(log *slog.Logger) *weights.Fitting {
	return &weights.Fitting{
		AdaptInput: i.AdaptInput, NewHead: i.NewHead, Skip: i.Skip, Partial: i.NoStrict,
		Report: func(message string) {
			for _, line := range strings.Split(message, "\n") {
				log.Warn(line)
			}
		},
	}
}

// loadInitial brings the first weights into the model, if there are any.
func (r *Run) loadInitial() error {
	if !r.config.Initial.given() {
		return nil
	}
	if err := r.config.Initial.fitting(r.log).Load(r.origin, r.params); err != nil {
		return errors.Wrap(err, r.config.Initial.label())
	}
	r.origin.Tensors = nil // no longer needed
	return nil
}

// originMeta is what is known of the weights that the run starts from or goes on
// with.
func (r *Run) originMeta() weights.Meta {
	if r.origin == nil {
		return weights.Meta{}
	}
	return r.origin.Meta
}

// originOptions make a model that of the weights, if it has the same name.
func (r *Run) originOptions() []zoo.Option {
	if m := r.originMeta(); m.Model == r.config.Model && m.Config != "" {
		return []zoo.Option{zoo.WithConfig(m.DecodeConfig)}
	}
	return nil
}

// originSize takes the size of images that the weights were trained with, if they are
// of the same model, none is given and the data set leaves it open.
func (r *Run) originSize(d *dataset.Data) {
	c, in := &r.config, r.originMeta().Input
	if c.InputSize > 0 || r.originMeta().Model != c.Model || in.Height == 0 || in.Height != in.Width || !anySize(d) {
		return
	}
	c.InputSize = in.Height
	r.log.Info("images are made as large as for the weights", slog.Int("input_size", c.InputSize))
}

// originNormalization takes the normalisation of images that the weights were
// trained with, if none is given and it has as many channels.
func (r *Run) originNormalization(channels int) {
	c, in := &r.config, r.originMeta().Input
	if len(c.Mean) > 0 || len(c.Std) > 0 || len(in.Mean) != channels || len(in.Std) != channels {
		return
	}
	c.Mean, c.Std = slices.Clone(in.Mean), slices.Clone(in.Std)
	r.log.Info("images are normalised as for the weights", slog.Any("mean", c.Mean), slog.Any("std", c.Std))
}

// ModelOf returns the name of the model that a file of weights, or a run folder,
// says it is for; "" if it does not say so or cannot be read.
func ModelOf(path string) string {
	a, err := weights.Load(WeightsOf(path))
	if err != nil {
		return ""
	}
	if _, err := zoo.Lookup(a.Meta.Model); err != nil {
		return ""
	}
	return a.Meta.Model
}
