package op

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// LSTMWeights are the parameters of a layer of LSTM under torch's names without
// the layer's suffix, with the gates in the order i, f, g, o.
type LSTMWeights struct {
	IH, HH         *G.Node // weight_ih (4*hidden, in), weight_hh (4*hidden, hidden)
	BiasIH, BiasHH *G.Node // (4*hidden) each, or nil both
}

// LSTMOptions say which gradients are left out: Gorgonia computes every one that is
// not excluded, wanted or not.
type LSTMOptions struct {
	NoInputGrad bool // x is data
	NoStateGrad bool // h0 and c0 are
}

// LSTM is a layer of torch.nn.LSTM with batch_first (Hochreiter and Schmidhuber
// 1997, "Long short-term memory"), over all steps in one operation: sequences x
// (N, T, in), and the state before the first step, h0 and c0 (N, hidden). The
// results are y (N, T, hidden), h of every step, and the state after the last one,
// hn and cn (N, hidden).
func LSTM(x, h0, c0 *G.Node, w LSTMWeights, o LSTMOptions) (y, hn, cn *G.Node, err error) {
	return lstmLayer(x, h0, c0, w, o, false)
}

// LSTMInfer is LSTM for inference. It has no gradient, and keeps the weights in the
// kernel's form from its first run on; after changing them call Refresh.
func LSTMInfer(x, h0, c0 *G.Node, w LSTMWeights) (y, hn, cn *G.Node, err error) {
	return lstmLayer(x, h0, c0, w, LSTMOptions{}, true)
}

func lstmLayer(x, h0, c0 *G.Node, w LSTMWeights, o LSTMOptions, infer bool) (y, hn, cn *G.Node, err error) {
	l, err := newLSTM(x, h0, c0, w)
	if err != nil {
		return nil, nil, nil, err
	}
	l.o, l.infer = o, infer
	if l.saved, err = l.run(); err != nil {
		return nil, nil, nil, err
	}
	if y, err = l.output(); err != nil {
		return nil, nil, nil, err
	}
	if hn, err = l.lastHidden(y); err != nil {
		return nil, nil, nil, err
	}
	cn, err = l.lastCell(y)
	return y, hn, cn, err
}

// lstm is one layer in a graph.
//
// All that the backward pass needs is the result of one operation, the run, from
// which those after it take the results. The output is also the one that is
// differentiable, with respect to the inputs of the run, so that there is one way
// back through the steps: the last hidden state is part of the output, and the last
// cells hand their gradient to it on the side.
type lstm struct {
	kernel.LSTM
	o     LSTMOptions
	infer bool
	in    G.Nodes // x, h0, c0, W_ih, W_hh and, if there are, the biases
	saved *G.Node
	dcn   *G.Node // the gradient of cn, once it is known that there is one
}

func newLSTM(x, h0, c0 *G.Node, w LSTMWeights) (*lstm, error) {
	const name = "LSTM"
	if err := argument(name, "input", x, 3, "(N, T, in)"); err != nil {
		return nil, err
	}
	if err := argument(name, "weight_hh", w.HH, 2, "(4*hidden, hidden)"); err != nil {
		return nil, err
	}
	if (w.BiasIH == nil) != (w.BiasHH == nil) {
		return nil, errors.Errorf("%s: one bias of two, want both or none", name)
	}
	n, t, in, hidden := x.Shape()[0], x.Shape()[1], x.Shape()[2], w.HH.Shape()[1]
	l := &lstm{in: withoutNil(x, h0, c0, w.IH, w.HH, w.BiasIH, w.BiasHH)}
	for _, a := range []struct {
		what  string
		node  *G.Node
		shape tensor.Shape
	}{
		{"weight_hh", w.HH, tensor.Shape{4 * hidden, hidden}}, {"weight_ih", w.IH, tensor.Shape{4 * hidden, in}},
		{"bias_ih", w.BiasIH, tensor.Shape{4 * hidden}}, {"bias_hh", w.BiasHH, tensor.Shape{4 * hidden}},
		{"h0", h0, tensor.Shape{n, hidden}}, {"c0", c0, tensor.Shape{n, hidden}},
	} {
		if a.node == nil && (a.what == "bias_ih" || a.what == "bias_hh") {
			continue
		}
		if err := float(name, a.what, a.node); err != nil {
			return nil, err
		}
		if !slices.Equal(a.node.Shape(), a.shape) {
			return nil, errors.Errorf("%s: %s has shape %v, want %v for input %v and %d hidden units", name, a.what, a.node.Shape(), a.shape, x.Shape(), hidden)
		}
	}
	l.LSTM = kernel.LSTM{N: n, T: t, I: in, H: hidden}
	return l, nil
}

func (l *lstm) attrs() string { return fmt.Sprintf("in=%d, hidden=%d", l.I, l.H) }

// macs is the number of multiply-adds with W_ih, or with W_hh, for so many features.
func (l *lstm) macs(features int) int64 {
	return int64(l.N) * int64(l.T) * 4 * int64(l.H) * int64(features)
}

// run computes all steps.
func (l *lstm) run() (*G.Node, error) {
	s := spec{
		name:  "LSTMRun",
		attrs: l.attrs(),
		data:  map[string]any{"hidden": l.H, "bias": len(l.in) > 5},
		shape: tensor.Shape{l.StateLen()},
		macs:  l.macs(l.I + l.H),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			l.Forward(y.Float32s(), values(in, 0), values(in, 1), values(in, 2), values(in, 3), values(in, 4), values(in, 5), values(in, 6))
			return nil
		},
	}
	if l.infer {
		l.store(&s)
	}
	return apply(s, l.in...)
}

// store has the run keep the packed weights.
func (l *lstm) store(s *spec) {
	var packed []float32
	k := &stored{in: l.in, weight: 4, also: []int{3}, size: l.PackedLen, room: func() []float32 { return nil }}
	for i := 5; i < len(l.in); i++ {
		k.also = append(k.also, i)
	}
	k.store = func(w []float32, in []*tensor.Dense) {
		if packed == nil {
			packed = kernel.Aligned(l.PackedLen())
		}
		l.Pack(packed, values(in, 3), w, values(in, 5), values(in, 6))
	}
	s.stored = k
	s.do = func(y *tensor.Dense, in []*tensor.Dense) error {
		k.storeOnce(in)
		l.ForwardPacked(y.Float32s(), values(in, 0), values(in, 1), values(in, 2), values(in, 3), packed)
		return nil
	}
}

// output is y, with inputs as the run and what that saved.
func (l *lstm) output() (*G.Node, error) {
	last := len(l.in)
	s := spec{
		name:  "LSTM",
		attrs: l.attrs(),
		shape: tensor.Shape{l.N, l.T, l.H},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			l.Output(y.Float32s(), in[last].Float32s())
			return nil
		},
	}
	if !l.infer {
		s.diff = []bool{!l.o.NoInputGrad, !l.o.NoStateGrad, !l.o.NoStateGrad}
		for len(s.diff) < last {
			s.diff = append(s.diff, true)
		}
		s.diff = append(s.diff, false)
		s.grad = func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) { return l.gradients(dy) }
	}
	return apply(s, append(slices.Clone(l.in), l.saved)...)
}

// lastHidden is hn; its gradient is that of y, 0 before the last step.
func (l *lstm) lastHidden(y *G.Node) (*G.Node, error) {
	return l.last("LSTMHidden", y, func(hn, saved []float32) { l.Final(hn, nil, saved) }, func(dhn *G.Node) (*G.Node, error) {
		return l.part("LSTMHiddenGrad", y.Shape(), 0, func(dy []float32, in []*tensor.Dense) {
			clear(dy)
			for n := range l.N {
				copy(dy[(n*l.T+l.T-1)*l.H:], values(in, 0)[n*l.H:][:l.H])
			}
		}, dhn)
	})
}

// lastCell is cn; it leaves its gradient to that of y, and adds nothing else.
func (l *lstm) lastCell(y *G.Node) (*G.Node, error) {
	return l.last("LSTMCell", y, func(cn, saved []float32) { l.Final(nil, cn, saved) }, func(dcn *G.Node) (*G.Node, error) {
		l.dcn = dcn
		return l.part("LSTMCellGrad", y.Shape(), 0, func(dy []float32, _ []*tensor.Dense) { clear(dy) }, dcn)
	})
}

// last is one of the states after the last step, differentiable by way of y.
func (l *lstm) last(name string, y *G.Node, take func(y, saved []float32), grad func(d *G.Node) (*G.Node, error)) (*G.Node, error) {
	s := spec{
		name:  name,
		attrs: l.attrs(),
		shape: tensor.Shape{l.N, l.H},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			take(y.Float32s(), in[0].Float32s())
			return nil
		},
	}
	if !l.infer {
		s.diff = []bool{false, true}
		s.grad = func(_ G.Nodes, _, d *G.Node) (G.Nodes, error) {
			dy, err := grad(d)
			return G.Nodes{nil, dy}, err
		}
	}
	return apply(s, l.saved, y)
}

// gradients goes back through the steps, and makes the gradient of every input from
// what that came to.
func (l *lstm) gradients(dy *G.Node) (G.Nodes, error) {
	back, err := l.back(dy)
	if err != nil {
		return nil, err
	}
	x, ih, hh := l.in[0], l.in[3], l.in[4]
	of := func(name string, in *G.Node, features int, do func(d []float32, in []*tensor.Dense), with ...*G.Node) func() (*G.Node, error) {
		return func() (*G.Node, error) {
			return l.part(name, in.Shape(), features, do, append(G.Nodes{back}, with...)...)
		}
	}
	var bias func() (*G.Node, error)
	if len(l.in) > 5 {
		bias = of("LSTMBiasGrad", l.in[5], 0, func(d []float32, in []*tensor.Dense) { l.BiasGrad(d, values(in, 0)) })
	}
	grads, err := gradients(l.in,
		when(!l.o.NoInputGrad, of("LSTMInputGrad", x, l.I, func(d []float32, in []*tensor.Dense) { l.InputGrad(d, values(in, 0), values(in, 1)) }, ih)),
		when(!l.o.NoStateGrad, of("LSTMStateGrad", l.in[1], 0, func(d []float32, in []*tensor.Dense) { l.StateGrad(d, nil, values(in, 0)) })),
		when(!l.o.NoStateGrad, of("LSTMStateGrad", l.in[2], 0, func(d []float32, in []*tensor.Dense) { l.StateGrad(nil, d, values(in, 0)) })),
		of("LSTMInputWeightGrad", ih, l.I, func(d []float32, in []*tensor.Dense) { l.InputWeightGrad(d, values(in, 0), values(in, 1)) }, x),
		of("LSTMHiddenWeightGrad", hh, l.H, func(d []float32, in []*tensor.Dense) { l.HiddenWeightGrad(d, values(in, 0), values(in, 1)) }, l.saved),
		bias, bias)
	return append(grads, nil), err
}

// back is the way back through the steps.
func (l *lstm) back(dy *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  "LSTMBack",
		attrs: l.attrs(),
		shape: tensor.Shape{l.GradLen()},
		macs:  l.macs(l.H),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			l.Backward(y.Float32s(), values(in, 0), values(in, 2), values(in, 3), values(in, 1), !l.o.NoStateGrad)
			return nil
		},
	}, withoutNil(l.saved, l.in[4], dy, l.dcn)...)
}

// part is a gradient that is made of others.
func (l *lstm) part(name string, shape tensor.Shape, features int, do func(y []float32, in []*tensor.Dense), from ...*G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name,
		attrs: l.attrs(),
		shape: shape,
		macs:  l.macs(features),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			do(y.Float32s(), in)
			return nil
		},
	}, from...)
}
