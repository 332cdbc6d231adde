package zoo

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Classifier is the configuration of a network that finds the class of an image.
type Classifier interface {
	Architecture
	// Image gives the sizes that every image classifier has.
	Image() *Image
	// Forward emits the network: x (N, Channels, Height, Width) to the logits
	// (N, Classes).
	Forward(s *graph.Scope, x *G.Node) *G.Node
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

// WithClasses sets the number of classes of a classifier.
func WithClasses(n int) Option {
	return withImage(func(i *Image) { i.Classes = n })
}

// WithInput sets the number of channels and the size of the input of a
// classifier.
func WithInput(channels, height, width int) Option {
	return withImage(func(i *Image) { i.Channels, i.Height, i.Width = channels, height, width })
}

func withImage(change func(*Image)) Option {
	return func(a Architecture) error {
		c, ok := a.(Classifier)
		if !ok {
			return errors.Errorf("a model of family %q is no image classifier: it has neither classes nor input images", a.Family())
		}
		change(c.Image())
		return nil
	}
}

// Classes returns the number of logits of a classifier, 0 for other models.
func (m *Model) Classes() int {
	if c, ok := m.arch.(Classifier); ok {
		return c.Image().Classes
	}
	return 0
}

// Input returns the shape of one image of a classifier, zeros for other models.
func (m *Model) Input() (channels, height, width int) {
	if c, ok := m.arch.(Classifier); ok {
		i := c.Image()
		return i.Channels, i.Height, i.Width
	}
	return 0, 0, 0
}

// classification is the task of a classifier.
type classification struct{ Classifier }

func (c classification) name() Task { return Classification }

func (c classification) input() []int {
	i := c.Image()
	return []int{i.Channels, i.Height, i.Width}
}

func (c classification) items(batch int) int { return batch }

func (c classification) forward(s *graph.Scope, batch int) { c.logits(s, batch) }

func (c classification) logits(s *graph.Scope, batch int) *G.Node {
	i := c.Image()
	logits := c.Forward(s, s.Input("x", batch, i.Channels, i.Height, i.Width))
	s.Output("logits", logits)
	return logits
}

func (c classification) loss(s *graph.Scope, batch int, l Loss) {
	logits := c.logits(s, batch)
	if l.Probabilities {
		y := s.Input("y", batch, c.Image().Classes)
		s.Loss(s.Emit(op.SoftCrossEntropy(logits, y, op.SoftCrossEntropyOptions{LabelSmoothing: l.LabelSmoothing})))
		return
	}
	y := s.Labels("y", batch)
	s.Loss(s.Emit(op.CrossEntropy(logits, y, op.CrossEntropyOptions{LabelSmoothing: l.LabelSmoothing})))
}
