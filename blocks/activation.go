package blocks

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Activation is the name of a function that is applied to every value.
type Activation string

// The activations, by the names that PyTorch's functions have.
const (
	ReLU      Activation = "relu"       // max(x, 0)
	GELU      Activation = "gelu"       // x Φ(x), exact (Hendrycks and Gimpel 2016)
	LeakyReLU Activation = "leaky_relu" // x, or 0.2 x where x < 0, the slope of DCGAN (Radford et al. 2015)
	Tanh      Activation = "tanh"
)

// leakySlope is the slope of LeakyReLU below 0.
const leakySlope = 0.2

// Emit applies the activation to x, of any shape.
func (a Activation) Emit(s *graph.Scope, x *G.Node) *G.Node {
	switch a {
	case ReLU:
		return s.Emit(op.ReLU(x))
	case GELU:
		return s.Emit(op.GELU(x, "none"))
	case LeakyReLU:
		return s.Emit(op.LeakyReLU(x, leakySlope))
	case Tanh:
		return s.Emit(op.Tanh(x))
	}
	s.Fail(errors.Errorf("no activation %q; there are %s, %s, %s and %s", a, ReLU, GELU, LeakyReLU, Tanh))
	return nil
}
