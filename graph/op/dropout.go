package op

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// Dropout is torch.nn.Dropout in training (Srivastava et al. 2014): each element
// of x, of any shape, becomes 0 with probability p, from 0 to 1, and is
// multiplied by 1/(1-p) otherwise. In evaluation it is left out of the graph;
// with p = 0 it is x itself.
//
// Every run draws anew. What it draws depends on seed, on the run's number (the
// first is 0; see Seek) and on how many other Dropouts the graph had before,
// so that several of one seed are independent; not on the number of threads.
func Dropout(x *G.Node, p float64, seed uint64) (*G.Node, error) {
	const name = "Dropout"
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	if !(p >= 0 && p <= 1) {
		return nil, errors.Errorf("%s: p is %v, want 0 to 1", name, p)
	}
	if p == 0 {
		return x, nil
	}
	mask, err := dropoutMask(x, x.Shape(), p, seed)
	if err != nil {
		return nil, err
	}
	return masked(name, p, x, mask)
}

const maskName = "DropoutMask"

// dropoutMask is a mask of that shape in the graph of x, of which it uses nothing
// else.
func dropoutMask(x *G.Node, shape tensor.Shape, p float64, seed uint64) (*G.Node, error) {
	place, step := dropoutPlace(x.Graph()), uint64(0)
	return apply(spec{
		name:  maskName,
		attrs: fmt.Sprintf("p=%v, seed=%d, place=%d", p, seed, place),
		shape: shape,
		do: func(mask *tensor.Dense, _ []*tensor.Dense) error {
			kernel.DropoutMask(mask.Float32s(), float32(p), rng.New(seed, "dropout", place, step))
			step++
			return nil
		},
		seek: func(to uint64) { step = to },
	}, x)
}

// dropoutPlace counts what draws a dropout mask in a graph so far.
func dropoutPlace(g *G.ExprGraph) (place uint64) {
	for _, n := range g.AllNodes() {
		if name := Name(n); name == maskName || name == keyName {
			place++
		}
	}
	return place
}

// masked is x * mask; so is its gradient.
func masked(name string, p float64, x, mask *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name,
		attrs: fmt.Sprintf("p=%v", p),
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			kernel.Mul(y.Float32s(), in[0].Float32s(), in[1].Float32s())
			return nil
		},
		diff: []bool{true, false},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in, func() (*G.Node, error) { return masked(name+"Grad", p, dy, in[1]) }, nil)
		},
	}, x, mask)
}
