package op

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// DropRows is torchvision.ops.StochasticDepth of mode "row" in training (Huang et
// al. 2016, "Deep networks with stochastic depth"): each sample of x, of shape
// (N, ...), becomes 0 with probability p, from 0 to 1, and is multiplied by 1/(1-p)
// otherwise. In evaluation it is left out of the graph; with p = 0 it is x itself.
//
// It draws as Dropout does.
func DropRows(x *G.Node, p float64, seed uint64) (*G.Node, error) {
	const name = "DropRows"
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	if !(p >= 0 && p <= 1) {
		return nil, errors.Errorf("%s: p is %v, want 0 to 1", name, p)
	}
	if x.Shape().Dims() < 1 {
		return nil, errors.Errorf("%s: input is a scalar, want (N, ...)", name)
	}
	if p == 0 {
		return x, nil
	}
	mask, err := dropoutMask(x, tensor.Shape{x.Shape()[0]}, p, seed)
	if err != nil {
		return nil, err
	}
	return scaledRows(name, p, x, mask)
}

// scaledRows is every row of x times its number in mask; so is its gradient.
func scaledRows(name string, p float64, x, mask *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name,
		attrs: fmt.Sprintf("p=%v", p),
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			to, from, scales := y.Float32s(), in[0].Float32s(), in[1].Float32s()
			size := len(to) / len(scales)
			for i, s := range scales {
				kernel.Scale(to[i*size:(i+1)*size], from[i*size:(i+1)*size], s)
			}
			return nil
		},
		diff: []bool{true, false},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in, func() (*G.Node, error) { return scaledRows(name+"Grad", p, dy, in[1]) }, nil)
		},
	}, x, mask)
}
