package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
)

// onnxWindows is how a convolution or pooling goes over one to three spatial
// dimensions.
type onnxWindows struct {
	kernel, stride, dilation, begin, end []int
}

func onnxWindow(n *onnxtest.Node, x tensor.Shape, kernel []int) (onnxWindows, error) {
	dims := len(kernel)
	if dims < 1 || dims > 3 || len(x) != dims+2 {
		return onnxWindows{}, errors.Errorf("window %v over input %v", kernel, x)
	}
	or := func(v []int, otherwise, length int) []int {
		if v == nil {
			v = slices.Repeat([]int{otherwise}, length)
		}
		return v
	}
	pads := or(n.Ints("pads"), 0, 2*dims)
	w := onnxWindows{
		kernel: kernel, stride: or(n.Ints("strides"), 1, dims), dilation: or(n.Ints("dilations"), 1, dims),
		begin: slices.Clone(pads[:dims]), end: slices.Clone(pads[dims:]),
	}
	if auto := n.Attrs["auto_pad"].String; auto == "SAME_UPPER" || auto == "SAME_LOWER" {
		for i, size := range x[2:] {
			out := (size + w.stride[i] - 1) / w.stride[i]
			w.share(i, max((out-1)*w.stride[i]+w.extent(i)-size, 0), auto == "SAME_LOWER")
		}
	}
	return w, nil
}

// extent is how far the window reaches.
func (w onnxWindows) extent(i int) int { return (w.kernel[i]-1)*w.dilation[i] + 1 }

// share gives padding to both sides, an odd one to the beginning if first.
func (w onnxWindows) share(i, total int, first bool) {
	w.begin[i], w.end[i] = total/2, total-total/2
	if first {
		w.begin[i], w.end[i] = w.end[i], w.begin[i]
	}
}

// forOutput chooses the padding of a transposed convolution where it follows
// from the size of the result: that asked for, or stride times the input's with
// auto_pad. What is missing becomes output padding.
func (w onnxWindows) forOutput(n *onnxtest.Node, in tensor.Shape, extra []int) {
	auto := n.Attrs["auto_pad"].String
	want := n.Ints("output_shape")
	if want == nil && auto == "" {
		return
	}
	for i, size := range in {
		out := size * w.stride[i]
		if want != nil {
			out = want[i]
		}
		total := (size-1)*w.stride[i] + extra[i] + w.extent(i) - out
		if total < 0 {
			total, extra[i] = 0, extra[i]-total
		}
		w.share(i, total, auto != "SAME_UPPER")
	}
}

// axes are the windows over the spatial dimensions from one to before another.
func (w onnxWindows) axes(from, to int) onnxWindows {
	return onnxWindows{w.kernel[from:to], w.stride[from:to], w.dilation[from:to], w.begin[from:to], w.end[from:to]}
}

// beside adds a second dimension that windows of one leave alone.
func (w onnxWindows) beside() onnxWindows {
	one := func(v []int, by int) []int { return append(slices.Clone(v), by) }
	return onnxWindows{one(w.kernel, 1), one(w.stride, 1), one(w.dilation, 1), one(w.begin, 0), one(w.end, 0)}
}

// pair is (height, width) of one or two dimensions; the height of one is given.
func (w onnxWindows) pair(v []int, height int) [2]int {
	if len(v) == 1 {
		return [2]int{height, v[0]}
	}
	return [2]int{v[0], v[1]}
}

func (w onnxWindows) pooling(n *onnxtest.Node) Pool2dOptions {
	return Pool2dOptions{
		Kernel: w.pair(w.kernel, 1), Stride: w.pair(w.stride, 1), Dilation: w.pair(w.dilation, 1),
		Padding: w.pair(w.begin, 0), PaddingEnd: ptr(w.pair(w.end, 0)),
		CeilMode: n.Int("ceil_mode", 0) != 0, ExcludePad: n.Int("count_include_pad", 0) == 0,
	}
}

// in2D runs op on x and w, which may be nil, with a height of 1 where they have
// only a width.
func (w onnxWindows) in2D(x, weight *G.Node, op func(x, weight *G.Node) (*G.Node, error)) (*G.Node, error) {
	if len(w.kernel) == 2 {
		return op(x, weight)
	}
	if len(w.kernel) != 1 {
		return nil, errors.Errorf("%d spatial dimensions", len(w.kernel))
	}
	flat := func(n *G.Node) (*G.Node, error) {
		if n == nil {
			return nil, nil
		}
		return Reshape(n, n.Shape()[0], n.Shape()[1], 1, n.Shape()[2])
	}
	x, err := flat(x)
	if err != nil {
		return nil, err
	}
	if weight, err = flat(weight); err != nil {
		return nil, err
	}
	y, err := op(x, weight)
	if err != nil {
		return nil, err
	}
	return Reshape(y, y.Shape()[0], y.Shape()[1], y.Shape()[3])
}
