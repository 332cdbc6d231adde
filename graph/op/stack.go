package op

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Select is x[i] for x (L, ...): one of its parts, (...). The result is a copy.
func Select(x *G.Node, i int) (*G.Node, error) {
	const name = "Select"
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	s := x.Shape()
	if s.Dims() < 2 || i < 0 || i >= s[0] {
		return nil, errors.Errorf("%s: part %d of an input of shape %v, want (L, ...) with more parts than that", name, i, s)
	}
	size := s[1:].TotalSize()
	return apply(spec{
		name:  name,
		attrs: fmt.Sprintf("index=%d", i),
		data:  map[string]any{"index": i},
		shape: s[1:].Clone(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			copy(y.Float32s(), in[0].Float32s()[i*size:])
			return nil
		},
		grad: func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return only(apply(spec{
				name:  name + "Grad",
				attrs: fmt.Sprintf("index=%d", i),
				shape: s,
				do: func(dx *tensor.Dense, in []*tensor.Dense) error {
					v := dx.Float32s()
					clear(v)
					copy(v[i*size:], in[0].Float32s())
					return nil
				},
			}, dy))
		},
	}, x)
}

// Stack is torch.stack along a new first dimension: L nodes of one shape (...) to
// (L, ...).
func Stack(xs ...*G.Node) (*G.Node, error) {
	const name = "Stack"
	if len(xs) == 0 {
		return nil, errors.Errorf("%s: no inputs, want at least one", name)
	}
	for _, x := range xs {
		if err := float(name, "input", x); err != nil {
			return nil, err
		}
		if !slices.Equal(x.Shape(), xs[0].Shape()) {
			return nil, errors.Errorf("%s: inputs of shapes %v and %v, want one shape", name, xs[0].Shape(), x.Shape())
		}
	}
	size := xs[0].Shape().TotalSize()
	return apply(spec{
		name:  name,
		shape: append(tensor.Shape{len(xs)}, xs[0].Shape()...),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			for i, x := range in {
				copy(y.Float32s()[i*size:], x.Float32s())
			}
			return nil
		},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			grads := make(G.Nodes, len(in))
			for i := range in {
				var err error
				if grads[i], err = Select(dy, i); err != nil {
					return nil, err
				}
			}
			return grads, nil
		},
	}, xs...)
}
