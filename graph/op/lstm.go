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

// LSTM is a layer of torch.nn.LSTM with batch_first (Hochreiter and Schmidhuber
// 1997, "Long short-term memory"), over all steps in one operation: sequences x
// (N, T, in), and the state before the first step, h0 and c0 (N, hidden). The
// results are y (N, T, hidden), h of every step, and the state after the last one,
// hn and cn (N, hidden).
func LSTM(x, h0, c0 *G.Node, w LSTMWeights) (y, hn, cn *G.Node, err error) {
	return lstmLayer(x, h0, c0, w, false)
}

// LSTMInfer is LSTM for inference. It has no gradient, and keeps the weights in the
// kernel's form from its first run on; after changing them call Refresh.
func LSTMInfer(x, h0, c0 *G.Node, w LSTMWeights) (y, hn, cn *G.Node, err error) {
	return lstmLayer(x, h0, c0, w, true)
}

func lstmLayer(x, h0, c0 *G.Node, w LSTMWeights, infer bool) (y, hn, cn *G.Node, err error) {
	l, err := newLSTM(x, h0, c0, w)
	if err != nil {
		return nil, nil, nil, err
	}
	if l.saved, err = l.run(infer); err != nil {
		return nil, nil, nil, err
	}
	n, t, hidden := l.plan.N, l.plan.T, l.plan.Hidden
	if y, err = l.result("LSTM", tensor.Shape{n, t, hidden}, infer, func(y, saved []float32) { l.plan.Output(y, saved) }, lstmGrads{y: true}); err != nil {
		return nil, nil, nil, err
	}
	if hn, err = l.result("LSTMHidden", tensor.Shape{n, hidden}, infer, func(y, saved []float32) { l.plan.State(y, nil, saved) }, lstmGrads{hn: true}); err != nil {
		return nil, nil, nil, err
	}
	cn, err = l.result("LSTMCell", tensor.Shape{n, hidden}, infer, func(y, saved []float32) { l.plan.State(nil, y, saved) }, lstmGrads{cn: true})
	return y, hn, cn, err
}

// lstm is one layer in a graph.
//
// All that the backward pass needs is the result of one operation, the run; the
// operations after it take their results from there. These are also the ones that
// are differentiable, with respect to the inputs of the run.
type lstm struct {
	plan  *kernel.LSTM
	in    G.Nodes // x, h0, c0, W_ih, W_hh and, if there are, the biases
	saved *G.Node
}

// lstmGrads says which result's gradient a backward pass starts from.
type lstmGrads struct{ y, hn, cn bool }

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
	l.plan = kernel.NewLSTM(n, t, in, hidden)
	return l, nil
}

func (l *lstm) attrs() string { return fmt.Sprintf("in=%d, hidden=%d", l.plan.In, l.plan.Hidden) }

// macs is the number of multiply-adds with W_ih or, of as many units, with W_hh.
func (l *lstm) macs(in int) int64 {
	return int64(l.plan.N) * int64(l.plan.T) * 4 * int64(l.plan.Hidden) * int64(in)
}

// run computes all steps.
func (l *lstm) run(infer bool) (*G.Node, error) {
	s := spec{
		name:  "LSTMRun",
		attrs: l.attrs(),
		shape: tensor.Shape{l.plan.SavedLen()},
		macs:  l.macs(l.plan.In + l.plan.Hidden),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			l.plan.Compute(y.Float32s(), values(in, 0), values(in, 1), values(in, 2), values(in, 3), values(in, 4), values(in, 5), values(in, 6))
			return nil
		},
	}
	if infer {
		l.store(&s)
	}
	return apply(s, l.in...)
}

// store has the run keep the packed weights.
func (l *lstm) store(s *spec) {
	var packed []float32
	room := func() []float32 {
		if packed == nil {
			packed = kernel.Aligned(l.plan.PackedLen())
		}
		return packed
	}
	k := &stored{in: l.in, weight: 4, also: []int{3}, size: l.plan.PackedLen, room: func() []float32 { return nil }}
	for i := 5; i < len(l.in); i++ {
		k.also = append(k.also, i)
	}
	k.store = func(w []float32, in []*tensor.Dense) {
		l.plan.Pack(room(), values(in, 3), w, values(in, 5), values(in, 6))
	}
	s.stored = k
	s.do = func(y *tensor.Dense, in []*tensor.Dense) error {
		k.storeOnce(in)
		l.plan.Forward(y.Float32s(), values(in, 0), values(in, 1), values(in, 2), packed)
		return nil
	}
}

// result takes a result from what the run has saved.
func (l *lstm) result(name string, shape tensor.Shape, infer bool, take func(y, saved []float32), from lstmGrads) (*G.Node, error) {
	last := len(l.in)
	s := spec{
		name:  name,
		attrs: l.attrs(),
		shape: shape,
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			take(y.Float32s(), in[last].Float32s())
			return nil
		},
	}
	if !infer {
		s.diff = make([]bool, last+1)
		for i := range last {
			s.diff[i] = true
		}
		s.grad = func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) { return l.gradients(from, dy) }
	}
	return apply(s, append(slices.Clone(l.in), l.saved)...)
}

// gradients goes back through the steps, and makes the gradient of every input from
// what that came to.
func (l *lstm) gradients(from lstmGrads, dy *G.Node) (G.Nodes, error) {
	back, err := l.back(from, dy)
	if err != nil {
		return nil, err
	}
	p := l.plan
	x, ih := l.in[0], l.in[3]
	bias := func() (*G.Node, error) {
		return l.part("LSTMBiasGrad", tensor.Shape{4 * p.Hidden}, 0, func(y []float32, in []*tensor.Dense) { p.BiasGrad(y, values(in, 0)) }, back)
	}
	grads, err := gradients(l.in,
		func() (*G.Node, error) {
			return l.part("LSTMInputGrad", x.Shape(), p.In, func(y []float32, in []*tensor.Dense) { p.InputGrad(y, values(in, 0), values(in, 1)) }, back, ih)
		},
		func() (*G.Node, error) {
			return l.part("LSTMHiddenGrad", l.in[1].Shape(), 0, func(y []float32, in []*tensor.Dense) { p.InitialGrad(y, nil, values(in, 0)) }, back)
		},
		func() (*G.Node, error) {
			return l.part("LSTMCellGrad", l.in[2].Shape(), 0, func(y []float32, in []*tensor.Dense) { p.InitialGrad(nil, y, values(in, 0)) }, back)
		},
		func() (*G.Node, error) {
			return l.part("LSTMInputWeightGrad", ih.Shape(), p.In, func(y []float32, in []*tensor.Dense) { p.InputWeightGrad(y, values(in, 0), values(in, 1)) }, back, x)
		},
		func() (*G.Node, error) {
			return l.part("LSTMHiddenWeightGrad", l.in[4].Shape(), p.Hidden, func(y []float32, in []*tensor.Dense) { p.HiddenWeightGrad(y, values(in, 0), values(in, 1)) }, back, l.saved)
		},
		bias, bias)
	return append(grads, nil), err
}

// back is the way back through the steps.
func (l *lstm) back(from lstmGrads, dy *G.Node) (*G.Node, error) {
	given := func(wanted bool, in []*tensor.Dense) []float32 {
		if !wanted {
			return nil
		}
		return in[2].Float32s()
	}
	return apply(spec{
		name:  "LSTMBack",
		attrs: l.attrs(),
		shape: tensor.Shape{l.plan.BackLen()},
		macs:  l.macs(l.plan.Hidden),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			l.plan.Backward(y.Float32s(), in[0].Float32s(), in[1].Float32s(), given(from.y, in), given(from.hn, in), given(from.cn, in))
			return nil
		},
	}, l.saved, l.in[4], dy)
}

// part is a gradient that is made of what back has computed.
func (l *lstm) part(name string, shape tensor.Shape, in int, do func(y []float32, in []*tensor.Dense), from ...*G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name,
		attrs: l.attrs(),
		shape: shape,
		macs:  l.macs(in),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			do(y.Float32s(), in)
			return nil
		},
	}, from...)
}
