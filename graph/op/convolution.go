package op

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// convolution is one convolution y = x * w as three maps, each linear in both
// of its arguments:
//
//	forward     (x, w) -> y
//	transposed  (y, w) -> x, the input gradient
//	weights     (x, y) -> w, the weight gradient
//
// The gradients of each are the other two, so there is nothing else to
// differentiate: Conv2d is forward, ConvTranspose2d is transposed.
type convolution struct {
	of     kernel.ConvShape
	layout kernel.Layout
	plan   *kernel.Conv
}

// newConvolution wants shapes that agree with each other; strides, dilation and
// padding it checks, and whether the channels suit the layout.
func newConvolution(s kernel.ConvShape, l kernel.Layout) (convolution, error) {
	plan, err := kernel.NewConv(s, l)
	return convolution{s, l, plan}, err
}

func (c convolution) xShape() tensor.Shape {
	return inLayout(tensor.Shape{c.of.N, c.of.C, c.of.H, c.of.W}, c.layout == kernel.Blocked)
}

func (c convolution) wShape() tensor.Shape {
	return tensor.Shape{c.of.K, c.of.C / c.of.Groups, c.of.KH, c.of.KW}
}

func (c convolution) yShape() tensor.Shape {
	h, w := c.of.Out()
	return inLayout(tensor.Shape{c.of.N, c.of.K, h, w}, c.layout != kernel.Planar)
}

// attrs writes what differs from a plain convolution in torch's words.
func (c convolution) attrs() string {
	s := c.of
	a := fmt.Sprintf("kernel_size=(%d, %d)", s.KH, s.KW)
	if s.StrideH != 1 || s.StrideW != 1 {
		a += fmt.Sprintf(", stride=(%d, %d)", s.StrideH, s.StrideW)
	}
	switch {
	case s.PadTop != s.PadBottom || s.PadLeft != s.PadRight:
		a += fmt.Sprintf(", padding=(%d, %d)..(%d, %d)", s.PadTop, s.PadLeft, s.PadBottom, s.PadRight)
	case s.PadTop != 0 || s.PadLeft != 0:
		a += fmt.Sprintf(", padding=(%d, %d)", s.PadTop, s.PadLeft)
	}
	if s.DilationH != 1 || s.DilationW != 1 {
		a += fmt.Sprintf(", dilation=(%d, %d)", s.DilationH, s.DilationW)
	}
	if s.Groups != 1 {
		a += fmt.Sprintf(", groups=%d", s.Groups)
	}
	return a
}

// macs is the number of multiply-adds, the same for each of the three maps.
func (c convolution) macs() int64 {
	return int64(c.yShape().TotalSize()) * int64(c.wShape()[1:].TotalSize())
}

// by says how the plan computes a pass.
func (c convolution) by(p kernel.Pass) func() string {
	return func() string { return c.plan.Algorithm(p) }
}

// forward is y = x * w, plus a bias (K) unless that is nil.
func (c convolution) forward(name string, x, w, bias *G.Node, inputGrad bool) (*G.Node, error) {
	in := withoutNil(x, w, bias)
	return apply(spec{
		name:  name,
		attrs: c.attrs(),
		data:  c.data(),
		shape: c.yShape(),
		macs:  c.macs(), algorithm: c.by(kernel.Forward),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			c.plan.Compute(y.Float32s(), in[0].Float32s(), in[1].Float32s(), kernel.Epilogue{Bias: values(in, 2)})
			return nil
		},
		diff: []bool{inputGrad, true, true}[:len(in)],
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in,
				when(inputGrad, func() (*G.Node, error) { return c.transposed(name+"InputGrad", dy, in[1], nil, true) }),
				func() (*G.Node, error) { return c.weights(name+"WeightGrad", in[0], dy) },
				func() (*G.Node, error) { return biasGrad(dy) })
		},
	}, in...)
}

// transposed gives every element of x the sum of the elements of y that forward
// would make from it, weighted as there, plus a bias (C) unless that is nil.
func (c convolution) transposed(name string, y, w, bias *G.Node, inputGrad bool) (*G.Node, error) {
	in := withoutNil(y, w, bias)
	return apply(spec{
		name:  name,
		attrs: c.attrs(),
		data:  c.data(),
		shape: c.xShape(),
		macs:  c.macs(), algorithm: c.by(kernel.InputGrad),
		do: func(x *tensor.Dense, in []*tensor.Dense) error {
			c.plan.Transpose(x.Float32s(), in[0].Float32s(), in[1].Float32s(), values(in, 2))
			return nil
		},
		diff: []bool{inputGrad, true, true}[:len(in)],
		grad: func(in G.Nodes, _, dx *G.Node) (G.Nodes, error) {
			return gradients(in,
				when(inputGrad, func() (*G.Node, error) { return c.forward(name+"InputGrad", dx, in[1], nil, true) }),
				func() (*G.Node, error) { return c.weights(name+"WeightGrad", dx, in[0]) },
				func() (*G.Node, error) { return biasGrad(dx) })
		},
	}, in...)
}

// weights gives every weight the sum of the products of the elements of x and y
// that it joins.
func (c convolution) weights(name string, x, y *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name,
		attrs: c.attrs(),
		shape: c.wShape(),
		macs:  c.macs(), algorithm: c.by(kernel.WeightGrad),
		do: func(w *tensor.Dense, in []*tensor.Dense) error {
			c.plan.WeightGrad(w.Float32s(), in[0].Float32s(), in[1].Float32s())
			return nil
		},
		grad: func(in G.Nodes, _, dw *G.Node) (G.Nodes, error) {
			return gradients(in,
				func() (*G.Node, error) { return c.transposed(name+"InputGrad", in[1], dw, nil, true) },
				func() (*G.Node, error) { return c.forward(name+"OutputGrad", in[0], dw, nil, true) })
		},
	}, x, y)
}

// window completes a pair of options: one that was left out, (0, 0), is def.
func window(v [2]int, def int) [2]int {
	if v == [2]int{} {
		return [2]int{def, def}
	}
	return v
}

// checkGroups reports whether channels can be cut into groups; what says which
// channels.
func checkGroups(name, what string, channels, groups int) error {
	if groups < 1 || channels%groups != 0 {
		return errors.Errorf("%s: %d groups for %d %s channels, want a divisor of them", name, groups, channels, what)
	}
	return nil
}

// checkBias wants a vector of one bias for each channel, or nil.
func checkBias(name string, bias *G.Node, channels int) error {
	if bias == nil {
		return nil
	}
	return vector(name, "bias", bias, channels)
}

// vector wants a vector of one number for each channel.
func vector(name, what string, n *G.Node, channels int) error {
	want := fmt.Sprintf("(%d)", channels)
	if err := argument(name, what, n, 1, want); err != nil {
		return err
	}
	if n.Shape()[0] != channels {
		return errors.Errorf("%s: %s has shape %v, want %s", name, what, n.Shape(), want)
	}
	return nil
}
