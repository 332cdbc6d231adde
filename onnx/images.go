package onnx

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/onnxmodel"
)

// images are the sizes of the images that n is, made of those that x is. Only their
// number may be open.
func images(n *G.Node, x value) (dims, error) {
	for _, d := range x.dims[1:] {
		if d.dynamic() {
			return nil, errors.Errorf("its input has the shape %v, in which %s is not known: only the number of images may be", x.dims.sizes(), d.names[0])
		}
	}
	s := n.Shape()
	if planar, blocked := op.ImageShape(n); blocked {
		s = planar
	}
	return append(dims{x.dims[0]}, fixed(s[1:]...)...), nil
}

func convolve(t *translator, n *G.Node, a attributes, in []value) (value, error) {
	w := in[1].dims.sizes()
	perChannel := w[1:].TotalSize()
	return t.convolution("Conv", n, a, in, func(i int) int { return i / perChannel })
}

func convolveTransposed(t *translator, n *G.Node, a attributes, in []value) (value, error) {
	w := in[1].dims.sizes() // (C, K/groups, KH, KW)
	taps, out, perGroup := w[2:].TotalSize(), w[1], w[0]/a.int("groups")
	channel := func(i int) int { return i/(out*taps)/perGroup*out + i/taps%out }
	return t.convolution("ConvTranspose", n, a, in, channel, attr("output_padding", a.ints("output_padding")))
}

func (t *translator) convolution(name string, n *G.Node, a attributes, in []value, channel func(i int) int, more ...onnxmodel.Attr) (value, error) {
	y, err := images(n, in[0])
	if err != nil {
		return value{}, err
	}
	inputs := names(in)
	if norm := t.folds.norms[n]; norm != nil {
		d, _ := op.Describe(n)
		w, b, err := t.fold(norm, d.Inputs, channel)
		if err != nil {
			return value{}, err
		}
		inputs = []string{in[0].name, w, b}
	}
	attrs := append([]onnxmodel.Attr{
		attr("kernel_shape", []int(in[1].dims.sizes()[2:])), attr("strides", a.ints("strides")), attr("pads", a.ints("pads")),
		attr("dilations", a.ints("dilations")), attr("group", a.int("groups")),
	}, more...)
	return value{t.emit(name, inputs, attrs...), y}, nil
}

// batchNorm is a norm with the sum and the ReLU that may follow in it.
func batchNorm(t *translator, n *G.Node, a attributes, in []value) (value, error) {
	y := in[0]
	if !t.folds.gone[n] {
		channels := in[1].dims[0].size
		rest := in[3:]
		scale, shift := "", ""
		if a.bool("weight") {
			scale, rest = rest[0].name, rest[1:]
		} else {
			scale = t.filled(1, channels)
		}
		if a.bool("bias") {
			shift = rest[0].name
		} else {
			shift = t.filled(0, channels)
		}
		y.name = t.emit("BatchNormalization", []string{y.name, scale, shift, in[1].name, in[2].name}, attr("epsilon", float32(a.float("eps"))))
	}
	if a.bool("residual") {
		y = t.add(y, in[len(in)-1])
	}
	if a.bool("relu") {
		y.name = t.emit("Relu", []string{y.name})
	}
	return y, nil
}

func pool(name string) translation {
	return func(t *translator, n *G.Node, a attributes, in []value) (value, error) {
		y, err := images(n, in[0])
		if err != nil {
			return value{}, err
		}
		x, pads := in[0].name, a.ints("pads")
		kernel := a.ints("kernel")
		wide := max(pads[0], pads[2]) >= kernel[0] || max(pads[1], pads[3]) >= kernel[1]
		if wide && name == "MaxPool" {
			// ONNX Runtime wants less padding than the window has taps, and does not look
			// at their distance.
			x = t.emit("Pad", []string{x, t.ints(0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]), t.float(math.Inf(-1))})
			pads = make([]int, 4)
		}
		attrs := []onnxmodel.Attr{attr("kernel_shape", kernel), attr("strides", a.ints("strides")), attr("pads", pads)}
		switch {
		case name == "MaxPool":
			attrs = append(attrs, attr("dilations", a.ints("dilations")))
		case slices.Max(a.ints("dilations")) > 1:
			return value{}, errors.New("an average over windows with dilation cannot be written as ONNX")
		case a.bool("counted") && a.bool("ceil"):
			return value{}, errors.New("an average that counts padding but not what CeilMode adds cannot be written as ONNX")
		case a.bool("counted"):
			attrs = append(attrs, attr("count_include_pad", 1))
		}
		return value{t.emit(name, []string{x}, attrs...), y}, nil
	}
}

func globalAvgPool(t *translator, _ *G.Node, _ attributes, in []value) (value, error) {
	y := t.emit("GlobalAveragePool", names(in))
	return value{t.emit("Flatten", []string{y}, attr("axis", 1)), in[0].dims[:2]}, nil
}

// place takes every so many rows and columns, and puts zeros around the rest.
func place(t *translator, n *G.Node, a attributes, in []value) (value, error) {
	y, err := images(n, in[0])
	if err != nil {
		return value{}, err
	}
	name, from, to, stride := in[0].name, a.ints("from"), a.ints("to"), a.int("stride")
	if stride > 1 {
		name = t.emit("Slice", []string{name, t.ints(0, 0), t.ints(math.MaxInt32, math.MaxInt32), t.ints(2, 3), t.ints(stride, stride)})
	}
	rows, columns := to[2]-(from[2]-1)/stride-1, to[3]-(from[3]-1)/stride-1
	before, behind := a.int("channel"), to[1]-from[1]-a.int("channel")
	if before+behind+rows+columns > 0 {
		name = t.emit("Pad", []string{name, t.ints(0, before, 0, 0, 0, behind, rows, columns)})
	}
	return value{name, y}, nil
}

// addBias adds one number to each channel of (N, C, ...).
func addBias(t *translator, n *G.Node, _ attributes, in []value) (value, error) {
	if err := planar(n); err != nil {
		return value{}, err
	}
	bias := in[1].name
	if dims := len(in[0].dims); dims > 2 {
		var axes []int
		for i := range dims - 2 {
			axes = append(axes, i+1)
		}
		bias = t.emit("Unsqueeze", []string{bias, t.ints(axes...)})
	}
	return value{t.emit("Add", []string{in[0].name, bias}), in[0].dims}, nil
}

// planar reports an error for blocked images where the operation knows nothing of
// them: the order of its values would be another one.
func planar(n *G.Node) error {
	d, _ := op.Describe(n)
	for _, x := range append(d.Inputs, n) {
		if _, blocked := op.ImageShape(x); blocked {
			return errors.Errorf("its input or result of shape %v is blocked images, bring them to (N, C, H, W) with ToPlanar", x.Shape())
		}
	}
	return nil
}

// names of values.
func names(in []value) (list []string) {
	for _, v := range in {
		list = append(list, v.name)
	}
	return list
}
