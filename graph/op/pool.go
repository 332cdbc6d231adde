package op

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Pool2dOptions are the attributes of MaxPool2d and AvgPool2d. Pairs are
// (height, width); what is left out has the default of torch.nn.
type Pool2dOptions struct {
	Kernel   [2]int // size of the window; no default
	Stride   [2]int // default Kernel
	Padding  [2]int // on each side, less than the window; default none
	Dilation [2]int // distance between the taps of the window; default 1

	// PaddingEnd, if set, is the padding at the bottom and on the right, where
	// it differs from Padding, that at the top and on the left.
	PaddingEnd *[2]int

	// CeilMode rounds the size of the result up instead of down, as long as the
	// last window still begins inside the input or the padding before it.
	CeilMode bool

	// ExcludePad makes an average divide by the number of taps inside the input
	// alone, torch's count_include_pad=False. Padding never wins a maximum.
	ExcludePad bool
}

// MaxPool2d takes the largest value of each window of x (N, C, H, W), or x in the
// blocked layout (N, C/16, H, W, 16), as torch.nn.MaxPool2d does: NaN wins, and the gradient goes to the first of
// equal values. The result has the layout of x; it is (N, C, OH, OW) with
// OH = (H + top + bottom - dilation*(KH-1) - 1)/stride + 1, rounded down.
// Padding may be up to the size of the window less one; torch allows half of
// the window.
func MaxPool2d(x *G.Node, o Pool2dOptions) (*G.Node, error) {
	const name = "MaxPool2d"
	s, blocked, err := poolShape(name, x, o)
	if err != nil {
		return nil, err
	}
	attrs, pool := poolAttrs(s), poolOf(s, blocked)
	return apply(spec{
		name:  name,
		attrs: attrs,
		data:  poolData(s),
		shape: inLayout(pooled(s), blocked),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			pool.MaxForward(y.Float32s(), in[0].Float32s())
			return nil
		},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return only(apply(spec{
				name:  name + "Grad",
				attrs: attrs,
				shape: x.Shape(),
				do: func(dx *tensor.Dense, in []*tensor.Dense) error {
					pool.MaxBackward(dx.Float32s(), in[0].Float32s(), in[1].Float32s())
					return nil
				},
			}, in[0], dy))
		},
	}, x)
}

// AvgPool2d takes the mean of each window of x (N, C, H, W) or (N, C/16, H, W,
// 16), as torch.nn.AvgPool2d does: padding counts as zeros unless o.ExcludePad is
// set, what CeilMode adds beyond the padding never counts. Shapes are those of
// MaxPool2d. Dilation is an addition; torch has none here.
func AvgPool2d(x *G.Node, o Pool2dOptions) (*G.Node, error) {
	const name = "AvgPool2d"
	s, blocked, err := poolShape(name, x, o)
	if err != nil {
		return nil, err
	}
	attrs := fmt.Sprintf("%s, count_include_pad=%v", poolAttrs(s), s.CountIncludePad)
	pool := poolOf(s, blocked)
	return apply(spec{
		name:  name,
		attrs: attrs,
		data:  poolData(s),
		shape: inLayout(pooled(s), blocked),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			pool.AvgForward(y.Float32s(), in[0].Float32s())
			return nil
		},
		grad: func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return only(apply(spec{
				name:  name + "Grad",
				attrs: attrs,
				shape: x.Shape(),
				do: func(dx *tensor.Dense, in []*tensor.Dense) error {
					pool.AvgBackward(dx.Float32s(), in[0].Float32s())
					return nil
				},
			}, dy))
		},
	}, x)
}

// GlobalAvgPool takes the mean of each plane of x (N, C, H, W) or (N, C/16, H, W,
// 16); the result is (N, C). It is torch.nn.AdaptiveAvgPool2d(1) and torch.flatten
// in one.
func GlobalAvgPool(x *G.Node) (*G.Node, error) {
	const name = "GlobalAvgPool"
	s, blocked, err := images(name, x)
	if err != nil {
		return nil, err
	}
	forward, backward := kernel.GlobalAvgPoolBlocked, kernel.GlobalAvgPoolGradBlocked
	if !blocked {
		forward = func(y, x []float32, n, c, hw int) { kernel.GlobalAvgPool(y, x, n*c, hw) }
		backward = func(dx, dy []float32, n, c, hw int) { kernel.GlobalAvgPoolGrad(dx, dy, n*c, hw) }
	}
	return apply(spec{
		name:  name,
		shape: tensor.Shape{s[0], s[1]},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			forward(y.Float32s(), in[0].Float32s(), s[0], s[1], s[2]*s[3])
			return nil
		},
		grad: func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return only(apply(spec{
				name:  name + "Grad",
				shape: x.Shape(),
				do: func(dx *tensor.Dense, in []*tensor.Dense) error {
					backward(dx.Float32s(), in[0].Float32s(), s[0], s[1], s[2]*s[3])
					return nil
				},
			}, dy))
		},
	}, x)
}

// pooling is what computes a pooling in one of the layouts.
type pooling interface {
	MaxForward(y, x []float32)
	MaxBackward(dx, x, dy []float32)
	AvgForward(y, x []float32)
	AvgBackward(dx, dy []float32)
}

func poolOf(s kernel.PoolShape, blocked bool) pooling {
	if blocked {
		return kernel.BlockedPool(s)
	}
	return s
}

// poolShape is what a pooling of x has to compute, and whether x is blocked.
func poolShape(name string, x *G.Node, o Pool2dOptions) (s kernel.PoolShape, blocked bool, err error) {
	xs, blocked, err := images(name, x)
	if err != nil {
		return s, blocked, err
	}
	end := o.Padding
	if o.PaddingEnd != nil {
		end = *o.PaddingEnd
	}
	stride, dilation := o.Stride, window(o.Dilation, 1)
	if stride == [2]int{} {
		stride = o.Kernel
	}
	s = kernel.PoolShape{
		N: xs[0], C: xs[1], H: xs[2], W: xs[3],
		KH: o.Kernel[0], KW: o.Kernel[1],
		StrideH: stride[0], StrideW: stride[1],
		PadTop: o.Padding[0], PadLeft: o.Padding[1], PadBottom: end[0], PadRight: end[1],
		DilationH: dilation[0], DilationW: dilation[1],
		CeilMode: o.CeilMode, CountIncludePad: !o.ExcludePad,
	}
	return s, blocked, errors.Wrap(s.Validate(), name)
}

func pooled(s kernel.PoolShape) tensor.Shape {
	oh, ow := s.Out()
	return tensor.Shape{s.N, s.C, oh, ow}
}

// poolAttrs writes what differs from a plain pooling in torch's words.
func poolAttrs(s kernel.PoolShape) string {
	a := fmt.Sprintf("kernel_size=(%d, %d), stride=(%d, %d)", s.KH, s.KW, s.StrideH, s.StrideW)
	switch {
	case s.PadTop != s.PadBottom || s.PadLeft != s.PadRight:
		a += fmt.Sprintf(", padding=(%d, %d)..(%d, %d)", s.PadTop, s.PadLeft, s.PadBottom, s.PadRight)
	case s.PadTop != 0 || s.PadLeft != 0:
		a += fmt.Sprintf(", padding=(%d, %d)", s.PadTop, s.PadLeft)
	}
	if s.DilationH != 1 || s.DilationW != 1 {
		a += fmt.Sprintf(", dilation=(%d, %d)", s.DilationH, s.DilationW)
	}
	if s.CeilMode {
		a += ", ceil_mode=True"
	}
	return a
}
