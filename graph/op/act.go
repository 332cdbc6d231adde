package op

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// ReLU is max(x, 0), elementwise; x has any shape. NaN stays NaN and the
// gradient at 0 is 0, as in torch.nn.ReLU.
func ReLU(x *G.Node) (*G.Node, error) { return relu.of(x) }

var relu = activation{name: "ReLU", forward: kernel.ReLU, backward: kernel.ReLUGrad, fromY: true}

// reluGrad is the gradient of ReLU, and of what ends with it, from its output.
func reluGrad(y, dy *G.Node) (*G.Node, error) { return relu.grad(y, dy) }

// LeakyReLU is x where x > 0 and negativeSlope*x elsewhere; x has any shape.
// torch.nn.LeakyReLU's default slope is 0.01. The gradient at 0 is
// negativeSlope.
func LeakyReLU(x *G.Node, negativeSlope float64) (*G.Node, error) {
	slope := float32(negativeSlope)
	return activation{
		name:     "LeakyReLU",
		attrs:    fmt.Sprintf("negative_slope=%v", negativeSlope),
		data:     map[string]any{"slope": negativeSlope},
		forward:  func(y, x []float32) { kernel.LeakyReLU(y, x, slope) },
		backward: func(dx, x, dy []float32) { kernel.LeakyReLUGrad(dx, x, dy, slope) },
	}.of(x)
}

// Sigmoid is 1 / (1 + exp(-x)), elementwise; x has any shape.
func Sigmoid(x *G.Node) (*G.Node, error) {
	return activation{name: "Sigmoid", forward: kernel.Sigmoid, backward: kernel.SigmoidGrad, fromY: true}.of(x)
}

// Tanh is the hyperbolic tangent, elementwise; x has any shape.
func Tanh(x *G.Node) (*G.Node, error) {
	return activation{name: "Tanh", forward: kernel.Tanh, backward: kernel.TanhGrad, fromY: true}.of(x)
}

// GELU is x times the standard normal distribution function of x, elementwise;
// x has any shape (Hendrycks and Gimpel, "Gaussian error linear units", 2016).
// approximate is "none" for the exact function, torch.nn.GELU's default, or
// "tanh" for the approximation GPT-2 was trained with.
func GELU(x *G.Node, approximate string) (*G.Node, error) {
	a := activation{name: "GELU", attrs: "approximate=" + approximate, data: map[string]any{"approximate": approximate}}
	switch approximate {
	case "none":
		a.forward, a.backward = kernel.GELU, kernel.GELUGrad
	case "tanh":
		a.forward, a.backward = kernel.GELUTanh, kernel.GELUTanhGrad
	default:
		return nil, errors.Errorf("GELU: approximate is %q, want none or tanh", approximate)
	}
	return a.of(x)
}

// activation describes a function of each element by itself.
type activation struct {
	name, attrs string
	data        map[string]any
	forward     func(y, x []float32)
	backward    func(dx, v, dy []float32) // v: the input x or, if fromY, the output y
	fromY       bool
}

func (a activation) of(x *G.Node) (*G.Node, error) {
	if err := float(a.name, "input", x); err != nil {
		return nil, err
	}
	return apply(spec{
		name:  a.name,
		attrs: a.attrs,
		data:  a.data,
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			a.forward(y.Float32s(), in[0].Float32s())
			return nil
		},
		grad: func(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			if a.fromY {
				return only(a.grad(y, dy))
			}
			return only(a.grad(in[0], dy))
		},
	}, x)
}

func (a activation) grad(v, dy *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  a.name + "Grad",
		attrs: a.attrs,
		shape: v.Shape(),
		do: func(dx *tensor.Dense, in []*tensor.Dense) error {
			a.backward(dx.Float32s(), in[0].Float32s(), in[1].Float32s())
			return nil
		},
	}, v, dy)
}
