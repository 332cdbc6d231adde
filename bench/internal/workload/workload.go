// Package workload makes what is measured: a network, inference or a step of
// training, a batch and an input size.
package workload

import (
	"fmt"
	"path"

	"github.com/pkg/errors"
)

// Kind is what a workload does.
type Kind string

const (
	Inference Kind = "infer" // a forward pass with the running statistics
	Training  Kind = "train" // forward, backward, and a step of SGD with momentum
	Start     Kind = "start" // a process of its own, from its start to its first prediction
)

// Workload is what is measured.
type Workload struct {
	Model string
	Kind  Kind
	Batch int
	Size  int // height and width of the 3-channel input
}

// Name is short and fit for a pattern: resnet18-train-b8.
func (w Workload) Name() string { return fmt.Sprintf("%s-%s-b%d", w.Model, w.Kind, w.Batch) }

// String is the workload in words, for a table.
func (w Workload) String() string {
	return fmt.Sprintf("%s, %s, batch %d, 3x%dx%d", w.Model, w.Kind, w.Batch, w.Size, w.Size)
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
