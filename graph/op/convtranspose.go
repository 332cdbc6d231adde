package op

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// ConvTranspose2dOptions are the attributes of ConvTranspose2d. Pairs are
// (height, width); a pair left out has the default of torch.nn.ConvTranspose2d.
type ConvTranspose2dOptions struct {
	Stride  [2]int // default 1
	Padding [2]int // how much is cut off on each side; default none

	// PaddingEnd, if set, is what is cut off at the bottom and on the right,
	// where that differs from Padding.
	PaddingEnd *[2]int

	OutputPadding [2]int // rows and columns added at the bottom and on the right; default none
	Dilation      [2]int // distance between the taps of the kernel; default 1
	Groups        int    // default 1

	// NoInputGrad says that x is data: no gradient is computed for it.
	NoInputGrad bool
}

// ConvTranspose2d is the transpose of a convolution, as
// torch.nn.ConvTranspose2d: images x (N, C, H, W), weight w (C, K/groups, KH,
// KW), bias (K) or nil. The result is (N, K, OH, OW) with OH = (H-1)*stride -
// top - bottom + dilation*(KH-1) + outputPadding + 1. The output padding must
// be smaller than the stride or the dilation. Blocked images (N, C/16, H, W, 16)
// give a blocked result if K too suits that, as Conv2d says, and else a planar
// one. ForConvTranspose2d chooses the layout.
func ConvTranspose2d(x, w, bias *G.Node, o ConvTranspose2dOptions) (*G.Node, error) {
	const name = "ConvTranspose2d"
	s, beyond, err := convTransposeShape(name, x, w, bias, o)
	if err != nil {
		return nil, err
	}
	_, isBlocked := ImageShape(x)
	toBlocked := isBlocked && s.Suits(kernel.Blocked)
	layout := kernel.Planar
	switch {
	case beyond != [2]int{}:
	case toBlocked:
		layout = kernel.Blocked
	case isBlocked && s.Suits(kernel.Entry):
		layout = kernel.Entry
	}
	c, err := newConvolution(s, layout)
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	if x, err = likewise(x, layout != kernel.Planar); err != nil {
		return nil, err
	}
	if beyond == [2]int{} {
		return c.transposed(name, x, w, bias, !o.NoInputGrad)
	}
	y, err := c.transposed(name, x, w, nil, !o.NoInputGrad)
	if err != nil {
		return nil, err
	}
	if y, err = padEnd(y, beyond); err != nil {
		return nil, err
	}
	if bias != nil {
		if y, err = AddBias(y, bias); err != nil {
			return nil, err
		}
	}
	return likewise(y, toBlocked)
}

// ForConvTranspose2d brings images into the layout in which ConvTranspose2d with
// this weight and these options is fastest.
func ForConvTranspose2d(x, w *G.Node, o ConvTranspose2dOptions) (*G.Node, error) {
	s, beyond, err := convTransposeShape("ConvTranspose2d", x, w, nil, o)
	if err != nil {
		return nil, err
	}
	suits := s.Suits(kernel.Blocked) || s.Suits(kernel.Entry)
	return likewise(x, suits && !s.Whole() && beyond == [2]int{})
}

// convTransposeShape is the convolution of which the transpose is wanted: its
// input is the result, its output is x. Rows and columns of the result that
// even the last tap does not reach are not part of it: beyond counts them.
func convTransposeShape(name string, x, w, bias *G.Node, o ConvTranspose2dOptions) (s kernel.ConvShape, beyond [2]int, err error) {
	xs, _, err := images(name, x)
	if err != nil {
		return s, beyond, err
	}
	if err = argument(name, "weight", w, 4, "(C, K/groups, KH, KW)"); err != nil {
		return s, beyond, err
	}
	ws, groups := w.Shape(), o.Groups
	if groups == 0 {
		groups = 1
	}
	if err = checkGroups(name, "input", xs[1], groups); err != nil {
		return s, beyond, err
	}
	if ws[0] != xs[1] {
		return s, beyond, errors.Errorf("%s: weight has shape %v, want (%d, K/groups, KH, KW) for input %v", name, ws, xs[1], xs)
	}
	if err = checkBias(name, bias, ws[1]*groups); err != nil {
		return s, beyond, err
	}
	stride, dilation, end := window(o.Stride, 1), window(o.Dilation, 1), o.Padding
	if o.PaddingEnd != nil {
		end = *o.PaddingEnd
	}
	var size [2]int
	for i, axis := range []string{"height", "width"} {
		if o.Padding[i] < 0 || end[i] < 0 {
			return s, beyond, errors.Errorf("%s: padding %v and %v, want none negative", name, o.Padding, end)
		}
		extra := o.OutputPadding[i]
		if extra < 0 || extra >= max(stride[i], dilation[i]) && extra > 0 {
			return s, beyond, errors.Errorf("%s: output padding %d in %s, want less than the stride %d or the dilation %d", name, extra, axis, stride[i], dilation[i])
		}
		// As a convolution ignores up to stride-1 rows at the end of its input,
		// so much of the output padding needs nothing else; what is more is
		// padding that the convolution has the less.
		full := (xs[2+i]-1)*stride[i] + dilation[i]*(ws[2+i]-1) + 1
		size[i] = full - o.Padding[i] - end[i] + extra
		if size[i] < 1 {
			return s, beyond, errors.Errorf("%s: padding %v leaves a result of %s %d", name, o.Padding, axis, size[i])
		}
		end[i] -= max(extra-(stride[i]-1), 0)
		if end[i] < 0 {
			beyond[i], end[i] = -end[i], 0
			size[i] -= beyond[i]
		}
	}
	return kernel.ConvShape{
		N: xs[0], C: ws[1] * groups, H: size[0], W: size[1],
		K: xs[1], KH: ws[2], KW: ws[3],
		StrideH: stride[0], StrideW: stride[1],
		PadTop: o.Padding[0], PadLeft: o.Padding[1], PadBottom: end[0], PadRight: end[1],
		DilationH: dilation[0], DilationW: dilation[1],
		Groups: groups,
	}, beyond, nil
}

// padEnd adds rows and columns of zeros at the bottom and on the right.
func padEnd(x *G.Node, extra [2]int) (*G.Node, error) {
	s := x.Shape()
	p := placement{x: s, y: tensor.Shape{s[0], s[1], s[2] + extra[0], s[3] + extra[1]}, stride: 1}
	return p.put("ZeroPad2d", x)
}
