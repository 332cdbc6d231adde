package op

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Softmax is exp(x) / sum(exp(x)) along axis dim, as torch.nn.Softmax; x has
// any shape but the scalar one. A negative dim counts from the last axis, which
// is -1. Nothing overflows; a line with NaN or +Inf becomes NaN.
func Softmax(x *G.Node, dim int) (*G.Node, error) {
	return softmax{"Softmax", kernel.Softmax, kernel.SoftmaxGrad}.of(x, dim)
}

// LogSoftmax is the logarithm of Softmax, x - log(sum(exp(x))) along axis dim,
// exact also where Softmax is too small for a float32. Shapes and dim are those
// of Softmax.
func LogSoftmax(x *G.Node, dim int) (*G.Node, error) {
	return softmax{"LogSoftmax", kernel.LogSoftmax, kernel.LogSoftmaxGrad}.of(x, dim)
}

// softmax describes one of the two; both derive their gradient from the output.
// The kernels see x as (outer, n, inner), n being the axis in question.
type softmax struct {
	name     string
	forward  func(y, x []float32, outer, n, inner int)
	backward func(dx, y, dy []float32, outer, n, inner int)
}

func (s softmax) of(x *G.Node, dim int) (*G.Node, error) {
	if err := float(s.name, "input", x); err != nil {
		return nil, err
	}
	shape := x.Shape()
	axis := dim
	if dim < 0 {
		axis += shape.Dims()
	}
	if axis < 0 || axis >= shape.Dims() {
		return nil, errors.Errorf("%s: dim is %d, input of shape %v has dimensions %d to %d", s.name, dim, shape, -shape.Dims(), shape.Dims()-1)
	}
	outer, n, inner := shape[:axis].TotalSize(), shape[axis], shape[axis+1:].TotalSize()
	attrs := fmt.Sprintf("dim=%d", axis)
	return apply(spec{
		name:  s.name,
		attrs: attrs,
		data:  map[string]any{"axis": axis},
		shape: shape,
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			s.forward(y.Float32s(), in[0].Float32s(), outer, n, inner)
			return nil
		},
		grad: func(_ G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			return only(apply(spec{
				name:  s.name + "Grad",
				attrs: attrs,
				shape: shape,
				do: func(dx *tensor.Dense, in []*tensor.Dense) error {
					s.backward(dx.Float32s(), in[0].Float32s(), in[1].Float32s(), outer, n, inner)
					return nil
				},
			}, y, dy))
		},
	}, x)
}
