package op

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Norm is a batch normalisation by running statistics, each node (C), which an
// operation for inference folds into its weights. Weight and Bias may be nil.
type Norm struct {
	Weight, Bias, RunningMean, RunningVar *G.Node
	Eps                                   float64 // added to the variance; 0: 1e-5
}

// Conv2dInferOptions say what Conv2dInfer does besides the convolution.
type Conv2dInferOptions struct {
	Conv2dOptions
	Norm     *Norm   // normalises the result of the convolution; or nil
	Residual *G.Node // is added after that, of the shape of the result, in either layout; or nil
	ReLU     bool    // is applied last
}

// Conv2dInfer is Conv2d for inference, with the batch normalisation, the
// residual sum and the ReLU that follow it in the same pass. It has no
// gradient. The weights (w, bias and norm) are folded and brought into the
// kernel's form at the first run and kept; after changing them call Refresh.
func Conv2dInfer(x, w, bias *G.Node, o Conv2dInferOptions) (*G.Node, error) {
	const name = "Conv2dInfer"
	s, layout, err := convShape(name, x, w, bias, o.Conv2dOptions)
	if err != nil {
		return nil, err
	}
	c, err := newConvolution(s, layout)
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	if err := checkNorm(name, o.Norm, s.K); err != nil {
		return nil, err
	}
	if o.Residual != nil {
		if o.Residual, err = likewise(o.Residual, c.layout != kernel.Planar); err != nil {
			return nil, errors.Wrap(err, name+": residual")
		}
		if !o.Residual.Shape().Eq(c.yShape()) {
			return nil, errors.Errorf("%s: residual has shape %v, want %v", name, o.Residual.Shape(), c.yShape())
		}
	}
	return inferConv(c, x, w, bias, o)
}

// inferConv builds the node; all has been checked.
func inferConv(c convolution, x, w, bias *G.Node, o Conv2dInferOptions) (*G.Node, error) {
	in := G.Nodes{x, w}
	place := func(n *G.Node) int {
		if n == nil {
			return -1
		}
		in = append(in, n)
		return len(in) - 1
	}
	f := folding{bias: place(bias)}
	if n := o.Norm; n != nil {
		f.norm, f.eps = true, n.Eps
		if f.eps == 0 {
			f.eps = 1e-5
		}
		f.weight, f.shift = place(n.Weight), place(n.Bias)
		f.mean, f.variance = place(n.RunningMean), place(n.RunningVar)
	}
	residual := place(o.Residual)
	epilogue := kernel.Epilogue{ReLU: o.ReLU}
	kept := &stored{
		in: in, weight: 1, also: f.places(),
		size: c.plan.PackedLen, room: c.plan.Room,
		store: func(w []float32, in []*tensor.Dense) {
			epilogue.Bias = f.fold(w, in, c.of.K)
			c.plan.Pack(w)
		},
	}
	return apply(spec{
		name:  "Conv2dInfer",
		attrs: c.attrs() + inferAttrs(o),
		shape: c.yShape(),
		macs:  c.macs(), algorithm: c.by(kernel.Forward),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			kept.storeOnce(in)
			epilogue.Residual = values(in, residual)
			c.plan.Forward(y.Float32s(), in[0].Float32s(), epilogue)
			return nil
		},
		stored: kept,
	}, in...)
}

func inferAttrs(o Conv2dInferOptions) (attrs string) {
	if o.Norm != nil {
		attrs += ", norm"
	}
	if o.Residual != nil {
		attrs += ", residual"
	}
	if o.ReLU {
		attrs += ", relu"
	}
	return attrs
}

// checkNorm wants the vectors of a norm to have one element for each channel.
func checkNorm(name string, n *Norm, channels int) error {
	if n == nil {
		return nil
	}
	for _, v := range []struct {
		what     string
		node     *G.Node
		optional bool
	}{
		{"norm weight", n.Weight, true},
		{"norm bias", n.Bias, true},
		{"running mean", n.RunningMean, false},
		{"running variance", n.RunningVar, false},
	} {
		if v.node == nil && v.optional {
			continue
		}
		if err := vector(name, v.what, v.node, channels); err != nil {
			return err
		}
	}
	if !(n.Eps >= 0) {
		return errors.Errorf("%s: eps %v, want a positive number", name, n.Eps)
	}
	return nil
}

// folding makes the weights of a convolution followed by a norm into those of a
// convolution alone. It has the places of the vectors among the inputs, -1 for
// one that is not there.
type folding struct {
	bias                          int
	norm                          bool
	weight, shift, mean, variance int
	eps                           float64
}

// places are those that are there.
func (f folding) places() (there []int) {
	all := []int{f.bias}
	if f.norm {
		all = append(all, f.weight, f.shift, f.mean, f.variance)
	}
	for _, i := range all {
		if i >= 0 {
			there = append(there, i)
		}
	}
	return there
}

// fold changes the weights w in place and gives the biases, unless there are
// none, in memory that the inputs do not share.
func (f folding) fold(w []float32, in []*tensor.Dense, channels int) (bias []float32) {
	bias = slices.Clone(values(in, f.bias))
	if !f.norm {
		return bias
	}
	weight, shift := values(in, f.weight), values(in, f.shift)
	mean, variance := values(in, f.mean), values(in, f.variance)
	if bias == nil {
		bias = make([]float32, channels)
	}
	taps := len(w) / channels
	kernel.Parallel(channels, func(k int) {
		scale := 1 / math.Sqrt(float64(variance[k])+f.eps)
		if weight != nil {
			scale *= float64(weight[k])
		}
		b := (float64(bias[k]) - float64(mean[k])) * scale
		if shift != nil {
			b += float64(shift[k])
		}
		bias[k] = float32(b)
		for i, v := range w[k*taps : (k+1)*taps] {
			w[k*taps+i] = float32(float64(v) * scale)
		}
	})
	return bias
}
