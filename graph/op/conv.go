package op

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Conv2dOptions are the attributes of Conv2d. Pairs are (height, width); a pair
// left out has the default of torch.nn.Conv2d.
type Conv2dOptions struct {
	Stride   [2]int // default 1
	Padding  [2]int // zeros on each side; default none
	Dilation [2]int // distance between the taps of the kernel; default 1

	// PaddingEnd, if set, is the padding at the bottom and on the right, where
	// it differs from Padding, that at the top and on the left. torch.nn has no
	// such option; TensorFlow's and ONNX's SAME_UPPER need it.
	PaddingEnd *[2]int

	Groups int // default 1; the number of input channels: a depthwise convolution

	// Blocked makes the result of planar images blocked, for the first layer of a
	// network: its few channels make no block, those of its result may. It needs K
	// to be a multiple of 16, and Groups 1. Where x is blocked the result always is.
	Blocked bool

	// NoInputGrad says that x is data: no gradient is computed for it. Gorgonia
	// computes every gradient that is not excluded, wanted or not, and that of
	// the images is the most expensive one of a network's first layer.
	NoInputGrad bool
}

// Conv2d convolves images x (N, C, H, W) with the weight w (K, C/groups, KH, KW)
// and adds the bias (K), which may be nil, as torch.nn.Conv2d does (a
// cross-correlation: the kernel is not flipped). The result is (N, K, OH, OW)
// with OH = (H + top + bottom - dilation*(KH-1) - 1)/stride + 1, rounded down.
// Blocked images (N, C/16, H, W, 16) give a blocked result; C/groups and K/groups
// must then be multiples of 16 or, if they are equal, 1, 2, 4 or 8. ForConv2d
// chooses the layout.
func Conv2d(x, w, bias *G.Node, o Conv2dOptions) (*G.Node, error) {
	s, layout, err := convShape("Conv2d", x, w, bias, o)
	if err != nil {
		return nil, err
	}
	c, err := newConvolution(s, layout)
	if err != nil {
		return nil, errors.Wrap(err, "Conv2d")
	}
	return c.forward("Conv2d", x, w, bias, !o.NoInputGrad)
}

// ForConv2d brings images into the layout in which a convolution to so many
// channels, in so many groups, is fastest, and says whether its result should be
// blocked: what Conv2dOptions.Blocked is for.
func ForConv2d(x *G.Node, channels, groups int) (*G.Node, bool, error) {
	shape, _, err := images("Conv2d", x)
	if err != nil {
		return nil, false, err
	}
	s := kernel.ConvShape{C: shape[1], K: channels, Groups: max(groups, 1)}
	suits := s.Suits(kernel.Blocked)
	x, err = likewise(x, suits)
	return x, suits || s.Suits(kernel.Entry), err
}

// convShape is what a convolution with these inputs has to compute.
func convShape(name string, x, w, bias *G.Node, o Conv2dOptions) (s kernel.ConvShape, l kernel.Layout, err error) {
	xs, isBlocked, err := images(name, x)
	if err != nil {
		return s, l, err
	}
	switch {
	case isBlocked:
		l = kernel.Blocked
	case o.Blocked:
		l = kernel.Entry
	}
	if err = argument(name, "weight", w, 4, "(K, C/groups, KH, KW)"); err != nil {
		return s, l, err
	}
	ws, groups := w.Shape(), o.Groups
	if groups == 0 {
		groups = 1
	}
	if err = checkGroups(name, "input", xs[1], groups); err != nil {
		return s, l, err
	}
	if err = checkGroups(name, "output", ws[0], groups); err != nil {
		return s, l, err
	}
	if ws[1]*groups != xs[1] {
		return s, l, errors.Errorf("%s: weight has shape %v, want (K, %d, KH, KW) for input %v in %d groups", name, ws, xs[1]/groups, xs, groups)
	}
	if err = checkBias(name, bias, ws[0]); err != nil {
		return s, l, err
	}
	stride, dilation, end := window(o.Stride, 1), window(o.Dilation, 1), o.Padding
	if o.PaddingEnd != nil {
		end = *o.PaddingEnd
	}
	return kernel.ConvShape{
		N: xs[0], C: xs[1], H: xs[2], W: xs[3],
		K: ws[0], KH: ws[2], KW: ws[3],
		StrideH: stride[0], StrideW: stride[1],
		PadTop: o.Padding[0], PadLeft: o.Padding[1], PadBottom: end[0], PadRight: end[1],
		DilationH: dilation[0], DilationW: dilation[1],
		Groups: groups,
	}, l, nil
}
