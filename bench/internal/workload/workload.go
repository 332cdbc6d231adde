// Package workload makes what is measured: a network, inference, a
// step of training or the making of a text, a batch and an input size.
package workload

import (
	"fmt"
	"path"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Kind is what a workload does.
type Kind string

const (
	Inference  Kind = "infer"    // a forward pass with the running statistics
	Training   Kind = "train"    // a step: forward, backward, and the solver's; see bench/README.md
	Generation Kind = "generate" // a text, token by token
	Start      Kind = "start"    // a process of its own, from its start to its first prediction
)

// Workload is what is measured.
type Workload struct {
	Model string
	Kind  Kind
	Batch int
	Size  int // height and width of images, tokens of a text
}

// Name is short and fit for a pattern: resnet18-train-b8.
func (w Workload) Name() string { return fmt.Sprintf("%s-%s-b%d", w.Model, w.Kind, w.Batch) }

// String is the workload in words, for a table.
func (w Workload) String() string {
	return fmt.Sprintf("%s, %s, batch %d, %s", w.Model, w.Kind, w.Batch, w.input())
}

// input describes an item of the batch.
func (w Workload) input() string {
	m, err := w.model()
	if err != nil {
		return fmt.Sprint("size ", w.Size)
	}
	switch m.Task() {
	case zoo.Language:
		return fmt.Sprintf("%d tokens", w.Size)
	case zoo.Generation:
		c, height, width := m.Picture()
		return fmt.Sprintf("%dx%dx%d", c, height, width)
	}
	c, height, width := m.Input()
	return fmt.Sprintf("%dx%dx%d", c, height, width)
}

// Generates reports whether the network makes something, text or images, rather
// than classify images.
func (w Workload) Generates() bool {
	m, err := w.model()
	return err == nil && m.Task() != zoo.Classification
}

// Items is the number of images or tokens of a run, and what they are.
func (w Workload) Items() (n int, what string) {
	if m, err := w.model(); err == nil && m.Task() == zoo.Language {
		return w.Batch * w.Size, "tokens"
	}
	return w.Batch, "images"
}

// model makes the network of the workload, but for its parameters.
func (w Workload) model() (*zoo.Model, error) {
	e, err := zoo.Lookup(w.Model)
	if err != nil {
		return nil, err
	}
	switch a := e.Architecture.(type) {
	case zoo.LanguageModel:
		return zoo.New(w.Model, zoo.WithContext(w.Size))
	case zoo.Adversarial:
		if _, h, _ := a.Picture(); h != w.Size {
			return nil, errors.Errorf("%s makes images of size %d, not %d", w.Model, h, w.Size)
		}
		return zoo.New(w.Model)
	}
	return zoo.New(w.Model, zoo.WithInput(3, w.Size, w.Size))
}

// Choose returns those whose names match the pattern.
func Choose(from []Workload, pattern string) ([]Workload, error) {
	var chosen []Workload
	for _, w := range from {
		ok, err := path.Match(pattern, w.Name())
		if err != nil {
			return nil, errors.Errorf("pattern %q: %v", pattern, err)
		}
		if ok {
			chosen = append(chosen, w)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.Errorf("no workload matches %q; there are such as %s", pattern, from[0].Name())
	}
	return chosen, nil
}
