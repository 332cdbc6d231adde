package zoo

import (
	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// Pretrained is a model with its weights, and what their file says of them.
type Pretrained struct {
	Model  *Model
	Params *graph.Params
	Meta   weights.Meta
}

// Load reads a file of weights and makes the model for them. The name of the model
// may be left out where the file tells it; options are laid over what the file says
// of the model's configuration.
func Load(path, model string, opts ...Option) (*Pretrained, error) {
	return LoadFitting(path, model, new(weights.Fitting), opts...)
}

// LoadFitting is Load for weights that are to be changed to fit the model, or that
// fit it in part. What they do not have is drawn from the seed 0.
func LoadFitting(path, model string, f *weights.Fitting, opts ...Option) (*Pretrained, error) {
	a, err := weights.Load(path)
	if err != nil {
		return nil, err
	}
	p, err := FromArchive(a, model, f, opts...)
	return p, errors.Wrap(err, path)
}

// FromArchive is LoadFitting for weights that have been read, which may be changed.
func FromArchive(a *weights.Archive, model string, f *weights.Fitting, opts ...Option) (*Pretrained, error) {
	name := model
	if name == "" {
		if name = a.Meta.Model; name == "" {
			return nil, errors.New("does not say which model it is for: name the model")
		}
	}
	fit := *f
	if fit.Names != nil { // which tells the number of classes, too
		if err := a.Rename(fit.Names); err != nil {
			return nil, err
		}
		fit.Names = nil
	}
	m, err := New(name, append(fitting(name, a), opts...)...)
	if err != nil {
		return nil, err
	}
	p, err := m.Fitted(a, &fit)
	if err != nil {
		return nil, err
	}
	meta := a.Meta
	if fit.NewHead {
		meta.Classes = nil // they were the old one's
	}
	return &Pretrained{m, p, meta}, nil
}

// Fitted returns parameters for the model with the values of an archive, which may be
// changed. What it does not have is drawn from the seed 0.
func (m *Model) Fitted(a *weights.Archive, f *weights.Fitting) (*graph.Params, error) {
	if (f.NewHead || f.AdaptInput) && m.Task() != Classification {
		return nil, errors.Errorf("%s is for %s: only image classifiers get a new head or other input channels", m.Name(), m.Task())
	}
	p := graph.NewParams(0)
	var options []graph.Option
	if !f.Keeps() {
		options = append(options, graph.WithoutInit())
	}
	if _, err := m.Graph(p, graph.Eval, 1, options...); err != nil {
		return nil, err
	}
	return p, f.Load(a, p)
}

// fitting returns the options by which a registered model becomes the one of the
// weights: its configuration if the file has it, or else what the tensors tell.
func fitting(name string, a *weights.Archive) []Option {
	if a.Meta.Model == name && a.Meta.Config != "" {
		return []Option{WithConfig(a.Meta.DecodeConfig)}
	}
	return []Option{func(arch Architecture) error {
		switch arch := arch.(type) {
		case Classifier:
			if n := a.Classes(); n > 0 {
				arch.Image().Classes = n
			}
			if in := a.Meta.Input; in.Height > 0 {
				i := arch.Image()
				i.Channels, i.Height, i.Width = in.Channels, in.Height, in.Width
			}
		case LanguageModel:
			if n := a.Classes(); n > 0 {
				arch.Text().Vocabulary = n
			}
		}
		return nil
	}}
}

// Vocabulary returns the tokens of a language model.
func (p *Pretrained) Vocabulary() (*dataset.Vocabulary, error) {
	switch v := p.Meta.Vocabulary; {
	case p.Model.Task() != Language:
		return nil, errors.Errorf("%s is no language model: it has no vocabulary", p.Model.Name())
	case v == nil:
		return nil, errors.New("the file of weights does not say what the tokens of the model stand for")
	case len(v.Tokens) != p.Model.Text().Vocabulary:
		return nil, errors.Errorf("the file of weights has %d tokens for a model with %d", len(v.Tokens), p.Model.Text().Vocabulary)
	default:
		return dataset.RestoreVocabulary(v.Unit, v.Tokens)
	}
}

// Continue writes up to n tokens that follow a prompt, in parts as they are drawn,
// until write returns false. An empty prompt stands for the beginning of a line.
func (p *Pretrained) Continue(prompt string, n int, s Sampling, write func(text string) bool) error {
	v, err := p.Vocabulary()
	if err != nil {
		return err
	}
	tokens, err := v.EncodeKnown(prompt)
	if err != nil {
		return errors.Wrap(err, "prompt")
	}
	if len(tokens) == 0 {
		tokens = []int{v.LineStart()}
	}
	d, err := p.Model.NewDecoder(p.Params)
	if err != nil {
		return err
	}
	defer d.Close()
	last := tokens[len(tokens)-1:]
	return d.Generate(tokens, n, s, func(token int) bool {
		before := len(v.Decode(last))
		text := v.Decode(append(last[:1:1], token))[before:]
		last = []int{token}
		return write(text)
	})
}

// Images has a generator make n images, drawn from seed: (n, C, H, W) in [-1, 1].
func (p *Pretrained) Images(n int, seed uint64) (*tensor.Dense, error) {
	if n < 1 {
		return nil, errors.Errorf("%d images, want at least 1", n)
	}
	g, err := p.Model.ImageGraph(p.Params, graph.Infer, n)
	if err != nil {
		return nil, err
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	noise := p.Model.InputShape()[0]
	z := make([]float32, n*noise)
	for i := range n { // image i is the same, but for rounding, whatever n is
		kernel.FillNormal(z[i*noise:(i+1)*noise], 0, 1, rng.New(seed, "image", uint64(i)))
	}
	if err := program.Let("z", tensor.New(tensor.WithShape(n, noise), tensor.WithBacking(z))); err != nil {
		return nil, err
	}
	if err := program.Run(); err != nil {
		return nil, err
	}
	images, err := program.Output("images")
	if err != nil {
		return nil, err
	}
	return images.Clone().(*tensor.Dense), nil
}
