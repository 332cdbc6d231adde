package workload

import (
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// lstmClip is the norm to which the gradients of a recurrent model are clipped.
const lstmClip = 0.25

// readText gives the program a text of a fixed pattern and, for training, a
// solver: AdamW, or for a recurrent model SGD with clipped gradients. What such a
// model knows goes from run to run.
func (r *Run) readText(m *zoo.Model, p *graph.Program) error {
	for i, name := range []string{"x", "y"} { // y is the next token
		n := p.Graph().Input(name)
		if n == nil {
			continue
		}
		v := tensor.New(tensor.WithShape(n.Shape()...), tensor.Of(tensor.Int))
		for at, tokens := 0, v.Ints(); at < len(tokens); at++ {
			tokens[at] = (at + i) * 7919 % m.Text().Vocabulary
		}
		if err := p.Let(name, v); err != nil {
			return err
		}
	}
	carry, err := carrier(m, p)
	if err != nil {
		return err
	}
	r.once = func() error {
		if err := p.Run(); err != nil {
			return err
		}
		return carry()
	}
	if p.Grads() == nil {
		return nil
	}
	recurrent := len(m.State()) > 0
	var solver train.Solver = train.NewAdamW(3e-4)
	if recurrent {
		solver = train.NewSGD(1)
	}
	r.update = func() error { return p.Update(solver) }
	r.once = func() error {
		if err := p.Run(); err != nil {
			return err
		}
		if recurrent {
			if _, err := train.ClipGradNorm(p.Grads(), lstmClip); err != nil {
				return err
			}
		}
		if err := p.Update(solver); err != nil {
			return err
		}
		return carry()
	}
	return nil
}

// carrier begins with a state of zeros, and returns what makes the state after a
// run the one before the next.
func carrier(m *zoo.Model, p *graph.Program) (carry func() error, err error) {
	values := make(map[string]*tensor.Dense)
	for _, s := range m.State() {
		v := tensor.New(tensor.WithShape(p.Graph().Input(s.Input).Shape()...), tensor.Of(tensor.Float32))
		if err := p.Let(s.Input, v); err != nil {
			return nil, err
		}
		values[s.Output] = v
	}
	return func() error {
		for output, v := range values {
			after, err := p.Output(output)
			if err != nil {
				return err
			}
			copy(v.Float32s(), after.Float32s())
		}
		return nil
	}, nil
}
