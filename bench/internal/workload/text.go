package workload

import (
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// makeText has a language model write a text of Size tokens that follow token 0.
func makeText(m *zoo.Model, w Workload) (*Run, error) {
	if w.Batch != 1 {
		return nil, errors.Errorf("a decoder writes one text at a time, not %d", w.Batch)
	}
	params := graph.NewParams(1)
	if _, err := m.Graph(params, graph.Infer, 1); err != nil { // draws the parameters
		return nil, err
	}
	d, err := m.NewDecoder(params)
	if err != nil {
		return nil, err
	}
	s := zoo.Sampling{Temperature: 1}
	return &Run{close: d.Close, once: func() error {
		s.Seed++
		return d.Generate([]int{0}, w.Size, s, func(int) bool { return true })
	}}, nil
}
