package op

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// AddBias adds to x (N, C, ...) the bias (C) of each channel. The result has
// the shape of x.
func AddBias(x, bias *G.Node) (*G.Node, error) {
	const name = "AddBias"
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	if bias == nil {
		return nil, errors.Errorf("%s: bias is nil", name)
	}
	if x.Shape().Dims() < 2 {
		return nil, errors.Errorf("%s: input has shape %v, want (N, C, ...)", name, x.Shape())
	}
	if err := checkBias(name, bias, x.Shape()[1]); err != nil {
		return nil, err
	}
	n, c, hw := channelShape(x.Shape())
	return apply(spec{
		name:  name,
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			kernel.AddBias(y.Float32s(), in[0].Float32s(), in[1].Float32s(), n, c, hw)
			return nil
		},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in,
				func() (*G.Node, error) { return handOn(dy, in[0]) },
				func() (*G.Node, error) { return biasGrad(dy) })
		},
	}, x, bias)
}

// biasGrad is the sum of dy, (N, C, ...) or blocked, over everything but the
// channels: (C).
func biasGrad(dy *G.Node) (*G.Node, error) {
	if s, isBlocked := ImageShape(dy); isBlocked {
		return blockedBiasGrad(dy, s)
	}
	n, c, hw := channelShape(dy.Shape())
	return apply(spec{
		name:  "BiasGrad",
		shape: tensor.Shape{c},
		do: func(db *tensor.Dense, in []*tensor.Dense) error {
			kernel.BiasGrad(db.Float32s(), in[0].Float32s(), n, c, hw)
			return nil
		},
	}, dy)
}

// blockedBiasGrad is biasGrad of images (N, C, H, W) in the blocked layout: the
// gradient of a norm's shift is the same sum.
func blockedBiasGrad(dy *G.Node, s tensor.Shape) (*G.Node, error) {
	shape := kernel.NormShape{N: s[0], C: s[1], HW: s[2] * s[3], Blocked: true}
	zeros, unused := make([]float32, s[1]), make([]float32, s[1])
	return apply(spec{
		name:  "BiasGrad",
		shape: tensor.Shape{s[1]},
		do: func(db *tensor.Dense, in []*tensor.Dense) error {
			v := in[0].Float32s()
			shape.Reduce(unused, db.Float32s(), v, v, kernel.Norm{Mean: zeros, InvStd: zeros}, false)
			return nil
		},
	}, dy)
}

// channelShape sees a shape (N, C, ...) as n images of c channels of hw
// elements.
func channelShape(s tensor.Shape) (n, c, hw int) { return s[0], s[1], s[2:].TotalSize() }
