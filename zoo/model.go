// Package zoo holds the models: families of networks, each in a file of its
// own, and the registry of their named variants.
//
//	m, err := zoo.New("resnet18", zoo.WithClasses(10))
//	g, err := m.Graph(graph.NewParams(1), graph.Infer, 1)
package zoo

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Architecture is the configuration of a network of one family, such as
// *ResNet: plain data that can be stored as YAML or JSON, and the function that
// emits it.
type Architecture interface {
	// Family names the family, "resnet".
	Family() string
	// Image gives the sizes that every image classifier has.
	Image() *Image
	// Validate reports what is wrong with the configuration.
	Validate() error
	// Forward emits the network: x (N, Channels, Height, Width) to the logits
	// (N, Classes).
	Forward(s *graph.Scope, x *G.Node) *G.Node
	// Clone returns a deep copy.
	Clone() Architecture
}

// Image is the part of a configuration that all image classifiers share.
type Image struct {
	Classes  int `yaml:"classes" json:"classes"`
	Channels int `yaml:"channels" json:"channels"`
	Height   int `yaml:"height" json:"height"`
	Width    int `yaml:"width" json:"width"`
}

func (i *Image) validate() error {
	if i.Classes < 1 {
		return errors.Errorf("%d classes, want at least 1", i.Classes)
	}
	if i.Channels < 1 || i.Height < 1 || i.Width < 1 {
		return errors.Errorf("input of %d channels, %dx%d pixels, want at least 1 of each", i.Channels, i.Height, i.Width)
	}
	return nil
}

// Model is one network, ready to be built.
type Model struct {
	name string
	arch Architecture
}

// Option changes the configuration of a registered model.
type Option func(Architecture) error

// WithClasses sets the number of classes.
func WithClasses(n int) Option {
	return func(a Architecture) error {
		a.Image().Classes = n
		return nil
	}
}

// WithInput sets the number of channels and the size of the input.
func WithInput(channels, height, width int) Option {
	return func(a Architecture) error {
		i := a.Image()
		i.Channels, i.Height, i.Width = channels, height, width
		return nil
	}
}

// WithConfig lets decode, such as the Decode method of a yaml.Node, fill the
// configuration: the fields that it sets replace the registered ones.
func WithConfig(decode func(into any) error) Option {
	return func(a Architecture) error { return errors.Wrap(decode(a), "model configuration") }
}

// New returns the registered model of that name. For an unknown name the error
// gives the nearest ones.
func New(name string, opts ...Option) (*Model, error) {
	e, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	a := e.Architecture.Clone()
	for _, o := range opts {
		if err := o(a); err != nil {
			return nil, errors.Wrap(err, name)
		}
	}
	return NewModel(name, a)
}

// NewModel makes a model of a configuration that needs no registration.
func NewModel(name string, a Architecture) (*Model, error) {
	if err := a.Validate(); err != nil {
		return nil, errors.Wrap(err, name)
	}
	return &Model{name: name, arch: a.Clone()}, nil
}

// Name returns the name under which the model was made.
func (m *Model) Name() string { return m.name }

// Family returns the name of the family, "resnet".
func (m *Model) Family() string { return m.arch.Family() }

// Config returns a copy of the configuration.
func (m *Model) Config() Architecture { return m.arch.Clone() }

// Classes returns the number of logits.
func (m *Model) Classes() int { return m.arch.Image().Classes }

// Input returns the shape of one image.
func (m *Model) Input() (channels, height, width int) {
	i := m.arch.Image()
	return i.Channels, i.Height, i.Width
}

// Graph builds the network for batches of that size: input "x" (N, C, H, W),
// output "logits" (N, Classes).
func (m *Model) Graph(p *graph.Params, mode graph.Mode, batch int, opts ...graph.Option) (*graph.Graph, error) {
	return m.build(p, mode, opts, func(s *graph.Scope) { m.forward(s, batch) })
}

// Loss configures the training loss of a classifier.
type Loss struct {
	// LabelSmoothing in [0, 1) moves that share of each target to all classes
	// evenly (Szegedy et al. 2015, section 7).
	LabelSmoothing float64
}

// LossGraph builds the network with its loss, the mean cross-entropy of the
// logits and the class indices: inputs "x" and "y" (N) of ints, outputs "logits"
// and the loss.
func (m *Model) LossGraph(p *graph.Params, mode graph.Mode, batch int, l Loss, opts ...graph.Option) (*graph.Graph, error) {
	return m.build(p, mode, opts, func(s *graph.Scope) {
		logits := m.forward(s, batch)
		y := s.Labels("y", batch)
		s.Loss(s.Emit(op.CrossEntropy(logits, y, op.CrossEntropyOptions{LabelSmoothing: l.LabelSmoothing})))
	})
}

func (m *Model) build(p *graph.Params, mode graph.Mode, opts []graph.Option, emit func(*graph.Scope)) (*graph.Graph, error) {
	g, err := graph.Build(p, mode, emit, opts...)
	return g, errors.Wrap(err, m.name)
}

func (m *Model) forward(s *graph.Scope, batch int) *G.Node {
	i := m.arch.Image()
	logits := m.arch.Forward(s, s.Input("x", batch, i.Channels, i.Height, i.Width))
	s.Output("logits", logits)
	return logits
}

// Init returns new parameters for the model, initialised from seed.
func (m *Model) Init(seed uint64) (*graph.Params, error) {
	p := graph.NewParams(seed)
	_, err := m.Graph(p, graph.Eval, 1)
	return p, err
}
