package main

import (
	"fmt"
	"path"

	"github.com/pkg/errors"
)

// kind is what a workload does.
type kind string

const (
	inference kind = "infer" // a forward pass with the running statistics
	training  kind = "train" // forward, backward, and a step of SGD with momentum
)

// workload is what contenders are timed at.
type workload struct {
	Model string
	Kind  kind
	Batch int
	Size  int // height and width of the 3-channel input
}

// Name is short and fit for a pattern: resnet18-train-b8.
func (w workload) Name() string { return fmt.Sprintf("%s-%s-b%d", w.Model, w.Kind, w.Batch) }

// workloads are the table's rows.
var workloads = []workload{
	{"resnet18", inference, 1, 224},
	{"resnet50", inference, 1, 224},
	{"resnet18", inference, 8, 224},
	{"resnet50", inference, 8, 224},
	{"resnet20", inference, 128, 32},
	{"resnet18", training, 8, 224},
	{"resnet50", training, 8, 224},
	{"resnet20", training, 128, 32},
}

// choose returns the workloads whose names match the pattern.
func choose(pattern string) ([]workload, error) {
	var chosen []workload
	for _, w := range workloads {
		ok, err := path.Match(pattern, w.Name())
		if err != nil {
			return nil, errors.Errorf("pattern %q: %v", pattern, err)
		}
		if ok {
			chosen = append(chosen, w)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.Errorf("no workload matches %q; there are such as %s", pattern, workloads[0].Name())
	}
	return chosen, nil
}
