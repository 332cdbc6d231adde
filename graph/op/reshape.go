package op

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Reshape gives the elements of x another shape; one size may be -1: what is
// left. No shape at all makes a scalar of one element. The result is a copy:
// unlike Gorgonia's own Reshape it never shares memory with x, which that
// corrupts when a later operation writes in place.
func Reshape(x *G.Node, shape ...int) (*G.Node, error) {
	const name = "Reshape"
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	to, err := inferShape(x.Shape(), shape)
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	return reshaped(name, x, to)
}

// Flatten makes one dimension of all from startDim on, as
// torch.flatten(x, start_dim): (N, C, H, W) from 1 on is (N, C*H*W). A negative
// startDim counts from the last dimension, -1. The result is a copy.
func Flatten(x *G.Node, startDim int) (*G.Node, error) {
	const name = "Flatten"
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	s := x.Shape()
	from := startDim
	if from < 0 {
		from += s.Dims()
	}
	if from < 0 || from >= max(s.Dims(), 1) {
		return nil, errors.Errorf("%s: no dimension %d in shape %v", name, startDim, s)
	}
	return reshaped(name, x, append(s[:from:from], s[from:].TotalSize()))
}

// reshaped copies x into a shape of as many elements.
func reshaped(name string, x *G.Node, to tensor.Shape) (*G.Node, error) {
	return apply(spec{
		name:  name,
		shape: to,
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			copy(y.Float32s(), in[0].Float32s())
			return nil
		},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return only(reshaped(name+"Grad", dy, in[0].Shape()))
		},
	}, x)
}

// inferShape is the shape that want describes for the elements of shape from.
func inferShape(from tensor.Shape, want []int) (tensor.Shape, error) {
	to := append(tensor.Shape(nil), want...)
	left, unknown := from.TotalSize(), -1 // what is left for the sizes to come
	for i, size := range to {
		switch {
		case size == -1 && unknown < 0:
			unknown = i
		case size < 1:
			return nil, errors.Errorf("shape %v, want positive sizes and at most one -1", tensor.Shape(want))
		case left%size != 0:
			left = 0
		default:
			left /= size
		}
	}
	if unknown >= 0 && left > 0 {
		to[unknown], left = left, 1
	}
	if left != 1 {
		return nil, errors.Errorf("shape %v does not hold the %d elements of %v", tensor.Shape(want), from.TotalSize(), from)
	}
	return to, nil
}
