package op

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// LayerNormOptions are the settings of layer normalisation.
type LayerNormOptions struct {
	Eps float64 // added to the variance; 0: 1e-5, as in torch.nn.LayerNorm

	// Residual, a node of the shape of x, is added to x before it is normalised, in
	// the same pass: the end of a part of a Transformer, norm(x + part(x)).
	Residual *G.Node
}

// LayerNorm is layer normalisation (Ba et al. 2016) over the last axis, as
// torch.nn.LayerNorm(E): each row of x, of shape (..., E), is normalised by its
// own mean and biased variance, then multiplied by weight and shifted by bias,
// both (E). Both may be nil, or bias alone. A row with NaN or an infinity becomes
// NaN.
func LayerNorm(x, weight, bias *G.Node, o LayerNormOptions) (*G.Node, error) {
	n, err := newLayerNorm("LayerNorm", x, weight, bias, o)
	if err != nil {
		return nil, err
	}
	return n.normalise(x, bias)
}

// layerNorm is one layer normalisation.
type layerNorm struct {
	kernel.LayerNorm
	name             string
	attrs            string
	weight, residual *G.Node // or nil
}

func newLayerNorm(name string, x, weight, bias *G.Node, o LayerNormOptions) (*layerNorm, error) {
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	s := x.Shape()
	last := s.Dims() - 1
	if last < 0 {
		return nil, errors.Errorf("%s: input has shape %v, want (..., E)", name, s)
	}
	if o.Eps == 0 {
		o.Eps = 1e-5
	}
	if !(o.Eps > 0) {
		return nil, errors.Errorf("%s: eps is %v, want more than 0", name, o.Eps)
	}
	if weight == nil && bias != nil {
		return nil, errors.Errorf("%s: bias without weight", name)
	}
	for _, p := range []struct {
		what string
		node *G.Node
		want tensor.Shape
	}{{"weight", weight, s[last:]}, {"bias", bias, s[last:]}, {"residual", o.Residual, s}} {
		if p.node == nil {
			continue
		}
		if err := float(name, p.what, p.node); err != nil {
			return nil, err
		}
		if !slices.Equal(p.node.Shape(), p.want) {
			return nil, errors.Errorf("%s: %s has shape %v, want %v for input of shape %v", name, p.what, p.node.Shape(), p.want, s)
		}
	}
	n := &layerNorm{name: name, attrs: fmt.Sprintf("eps=%v", o.Eps), weight: weight, residual: o.Residual}
	if n.residual != nil {
		n.attrs += ", residual"
	}
	n.LayerNorm = kernel.LayerNorm{Rows: s[:last].TotalSize(), E: s[last], Eps: o.Eps}
	return n, nil
}

// normalise is the output: inputs x, weight, bias and residual.
func (n *layerNorm) normalise(x, bias *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  n.name,
		attrs: n.attrs,
		data: map[string]any{
			"eps": n.Eps, "weight": n.weight != nil, "bias": bias != nil, "residual": n.residual != nil,
		},
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			w, rest := optional(n.weight, in[1:])
			b, rest := optional(bias, rest)
			n.Forward(y.Float32s(), in[0].Float32s(), values(rest, 0), w, b)
			return nil
		},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) { return n.gradients(x, bias, dy) },
	}, append(G.Nodes{x}, withoutNil(n.weight, bias, n.residual)...)...)
}

// gradients of x, weight, bias and residual. One pass makes that of x and
// residual, and the sums for weight and bias along with it, which small operations
// after it hand out. The statistics are computed again: the row is at hand.
func (n *layerNorm) gradients(x, bias, dy *G.Node) (grads G.Nodes, err error) {
	var dweight, dbias []float32
	if n.weight != nil {
		dweight = make([]float32, n.E)
	}
	if bias != nil {
		dbias = make([]float32, n.E)
	}
	d, err := apply(spec{
		name:  n.name + "Grad",
		attrs: n.attrs,
		shape: x.Shape(),
		do: func(dx *tensor.Dense, in []*tensor.Dense) error {
			w, rest := optional(n.weight, in[2:])
			n.Backward(dx.Float32s(), dweight, dbias, in[0].Float32s(), values(rest, 0), in[1].Float32s(), w)
			return nil
		},
	}, append(G.Nodes{x, dy}, withoutNil(n.weight, n.residual)...)...)
	if err != nil {
		return nil, err
	}
	grads = G.Nodes{d}
	for i, sums := range [][]float32{dweight, dbias} {
		if sums == nil {
			continue
		}
		g, err := n.sums(d, i, sums)
		if err != nil {
			return nil, err
		}
		grads = append(grads, g)
	}
	if n.residual == nil {
		return grads, nil
	}
	if grads[0], err = handOn(d, x); err != nil {
		return nil, err
	}
	g, err := handOn(d, n.residual)
	return append(grads, g), err
}

// sums hands out what the operation of d has added up.
func (n *layerNorm) sums(d *G.Node, i int, sums []float32) (*G.Node, error) {
	return apply(spec{
		name:  n.name + "Sums",
		attrs: fmt.Sprintf("i=%d", i),
		shape: tensor.Shape{n.E},
		do: func(y *tensor.Dense, _ []*tensor.Dense) error {
			copy(y.Float32s(), sums)
			return nil
		},
	}, d)
}
