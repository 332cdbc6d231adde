package op

import (
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Description says what an operation computes, so that it can be written down
// elsewhere, as in another format of models.
type Description struct {
	// Name is that of the operation, "Conv2d".
	Name string
	// Attrs are what it has besides its inputs: values of type int, []int, float64,
	// bool, string or []float32. An optional input is an attribute of type bool that
	// tells whether it is there.
	Attrs map[string]any
	// Inputs are the operation's, in order.
	Inputs G.Nodes
}

// Describe describes the operation of a node. For an input of the graph there is
// none; of an operation that is not of this package there is the name alone.
func Describe(n *G.Node) (d Description, ok bool) {
	if n.Op() == nil {
		return d, false
	}
	d = Description{Name: Name(n)}
	for in := n.Graph().From(n.ID()); in.Next(); {
		d.Inputs = append(d.Inputs, in.Node().(*G.Node))
	}
	if o, own := n.Op().(*operation); own {
		d.Attrs = o.data
	}
	return d, true
}

// data are the attributes of the convolution; those of its transpose are the same
// but for what its result has beyond the last tap.
func (c convolution) data() map[string]any {
	s := c.of
	oh, ow := s.Out()
	return map[string]any{
		"strides":   []int{s.StrideH, s.StrideW},
		"pads":      []int{s.PadTop, s.PadLeft, s.PadBottom, s.PadRight},
		"dilations": []int{s.DilationH, s.DilationW},
		"groups":    s.Groups,
		"output_padding": []int{
			s.H + s.PadTop + s.PadBottom - (oh-1)*s.StrideH - s.DilationH*(s.KH-1) - 1,
			s.W + s.PadLeft + s.PadRight - (ow-1)*s.StrideW - s.DilationW*(s.KW-1) - 1,
		},
	}
}

// poolData are the attributes of a pooling. The padding at the end is with what
// CeilMode adds, "counted" says whether padding counts in averages, and "ceil"
// whether CeilMode has added anything.
func poolData(s kernel.PoolShape) map[string]any {
	oh, ow := s.Out()
	more := func(out, stride, dilation, kernel, size, padding int) int {
		return max((out-1)*stride+dilation*(kernel-1)+1-size-padding, 0)
	}
	moreH := more(oh, s.StrideH, s.DilationH, s.KH, s.H, s.PadTop+s.PadBottom)
	moreW := more(ow, s.StrideW, s.DilationW, s.KW, s.W, s.PadLeft+s.PadRight)
	return map[string]any{
		"kernel":    []int{s.KH, s.KW},
		"strides":   []int{s.StrideH, s.StrideW},
		"pads":      []int{s.PadTop, s.PadLeft, s.PadBottom + moreH, s.PadRight + moreW},
		"dilations": []int{s.DilationH, s.DilationW},
		"counted":   s.CountIncludePad && s.PadTop+s.PadLeft+s.PadBottom+s.PadRight > 0,
		"ceil":      moreH+moreW > 0,
	}
}
