// Package zoo holds the models: families of networks, each in a file of its
// own, and the registry of their named variants.
//
//	m, err := zoo.New("resnet18", zoo.WithClasses(10))
//	g, err := m.Graph(graph.NewParams(1), graph.Infer, 1)
//
// There are image classifiers, language models and generators of images; [Task]
// tells which a model is. All of them are built by [Model.Graph], and all but the
// generators, which are trained by two graphs in turn, by [Model.LossGraph].
package zoo

import (
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// Task is what a model is for.
type Task string

const (
	// Classification models are [Classifier]s: from an image to a class.
	Classification Task = "classification"
	// Language models are [LanguageModel]s: from tokens to the next one.
	Language Task = "language"
	// Generation models are [Adversarial] pairs: from noise to an image.
	Generation Task = "generation"
)

// Architecture is the configuration of a network of one family, such as
// *ResNet: plain data that can be stored as YAML or JSON, and the functions that
// emit it. It is a [Classifier], a [LanguageModel] or [Adversarial].
type Architecture interface {
	// Family names the family, "resnet".
	Family() string
	// Validate reports what is wrong with the configuration.
	Validate() error
	// Clone returns a deep copy.
	Clone() Architecture
}

// taskOf returns the task of an architecture, nil if it is of none of the kinds.
func taskOf(a Architecture) task {
	switch a := a.(type) {
	case Classifier:
		return classification{a}
	case LanguageModel:
		return language{a}
	case Adversarial:
		return generation{a}
	}
	return nil
}

// task is what Model needs of each of the kinds of model.
type task interface {
	name() Task
	// input is the shape of one item of the input, without the batch.
	input() []int
	// items is how many items the multiply-adds are counted for: images or tokens in
	// a batch.
	items(batch int) int
	// forward emits the network with its inputs and outputs.
	forward(s *graph.Scope, batch int)
	// loss emits it with the loss.
	loss(s *graph.Scope, batch int, l Loss)
}

// Model is one network, ready to be built.
type Model struct {
	name string
	arch Architecture
	task task
}

// Option changes the configuration of a registered model.
type Option func(Architecture) error

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
	a = a.Clone()
	t := taskOf(a)
	if t == nil {
		return nil, errors.Errorf("%s: a %T is no classifier, language model or generator", name, a)
	}
	return &Model{name, a, t}, nil
}

// Name returns the name under which the model was made.
func (m *Model) Name() string { return m.name }

// Family returns the name of the family, "resnet".
func (m *Model) Family() string { return m.arch.Family() }

// Task returns what the model is for.
func (m *Model) Task() Task { return m.task.name() }

// Config returns a copy of the configuration.
func (m *Model) Config() Architecture { return m.arch.Clone() }

// InputShape returns the shape of one item of the input: (C, H, W) for a
// classifier, the number of tokens of a sequence for a language model, the size
// of the noise for a generator.
func (m *Model) InputShape() []int { return m.task.input() }

// Items returns how many items a batch has for which one counts multiply-adds:
// images, or for language models tokens.
func (m *Model) Items(batch int) int { return m.task.items(batch) }

// Graph builds the network for batches of that size. Its inputs and outputs are
//
//	classifiers       x (N, C, H, W)       logits (N, Classes)
//	language models   x (N, T) of ints     logits (N, T, Vocabulary)
//	generators        z (N, Latent)        images (N, C, H, W), logits (N, 1)
//
// with T tokens in a sequence, the context of the model's configuration;
// recurrent language models also take and return their State. The logits of a
// generator are what its discriminator thinks of the images.
func (m *Model) Graph(p *graph.Params, mode graph.Mode, batch int, opts ...graph.Option) (*graph.Graph, error) {
	return m.build(p, mode, opts, func(s *graph.Scope) { m.task.forward(s, batch) })
}

// Loss configures the training loss.
type Loss struct {
	// LabelSmoothing in [0, 1) moves that share of each target to all classes
	// evenly (Szegedy et al. 2015, section 7).
	LabelSmoothing float64
	// Probabilities makes "y" the probabilities of the classes for each image,
	// float32 (N, Classes), in place of its class. It is for classifiers alone.
	Probabilities bool
}

// LossGraph builds the network with its loss, the mean cross-entropy of the
// logits: besides what Graph has, there is the input "y" of ints, the class of
// each image, (N), or the token after each token, (N, T). A y of -100 does not
// count. For a generator it is an error: see DiscriminatorGraph and
// GeneratorGraph.
func (m *Model) LossGraph(p *graph.Params, mode graph.Mode, batch int, l Loss, opts ...graph.Option) (*graph.Graph, error) {
	return m.build(p, mode, opts, func(s *graph.Scope) { m.task.loss(s, batch, l) })
}

func (m *Model) build(p *graph.Params, mode graph.Mode, opts []graph.Option, emit func(*graph.Scope)) (*graph.Graph, error) {
	g, err := graph.Build(p, mode, emit, opts...)
	return g, errors.Wrap(err, m.name)
}

// Init returns new parameters for the model, initialised from seed.
func (m *Model) Init(seed uint64) (*graph.Params, error) {
	p := graph.NewParams(seed)
	_, err := m.Graph(p, graph.Eval, 1)
	return p, err
}
