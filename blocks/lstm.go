package blocks

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// LSTM configures layers of LSTM, as torch.nn.LSTM with batch_first.
type LSTM struct {
	Hidden int // size of the state of a layer
	Layers int // default 1
	// Dropout is the probability with which the values between two layers are dropped
	// in training.
	Dropout float64
}

// Emit adds the layers to s: sequences x (N, T, in), and states h0 and c0 (Layers,
// N, Hidden). The results are y (N, T, Hidden), the last layer's h of every step,
// and the states after the last step, hn and cn (Layers, N, Hidden).
//
// The parameters of layer i are "weight_ih_l<i>" (4*Hidden, in), "weight_hh_l<i>"
// (4*Hidden, Hidden), "bias_ih_l<i>" and "bias_hh_l<i>" (4*Hidden), with the gates in
// the order i, f, g, o, all drawn uniformly in ±1/sqrt(Hidden).
func (l LSTM) Emit(s *graph.Scope, x, h0, c0 *G.Node) (y, hn, cn *G.Node) {
	l.Layers = max(l.Layers, 1)
	if s.Err() != nil {
		return nil, nil, nil
	}
	if err := l.check(x, h0, c0); err != nil {
		s.Fail(err)
		return nil, nil, nil
	}
	var h, c G.Nodes
	y = x
	params, macs := 0, int64(0)
	for i := range l.Layers {
		if i > 0 && l.Dropout != 0 {
			y = Dropout(s.Sub(fmt.Sprintf("drop_l%d", i-1)), y, l.Dropout)
		}
		if s.Err() != nil {
			return nil, nil, nil
		}
		in := y.Shape()[2]
		w := l.weights(s, i, in)
		size := 4 * l.Hidden * (in + l.Hidden)
		params, macs = params+size+8*l.Hidden, macs+int64(size)*int64(y.Shape()[0]*y.Shape()[1])
		out, hi, ci, err := l.layer(s, y, s.Emit(op.Select(h0, i)), s.Emit(op.Select(c0, i)), w, op.LSTMOptions{
			NoInputGrad: s.IsData(y), NoStateGrad: s.IsData(h0) && s.IsData(c0),
		})
		y = s.Emit(out, err)
		h, c = append(h, s.Emit(hi, err)), append(c, s.Emit(ci, err))
	}
	hn, cn = s.Emit(op.Stack(h...)), s.Emit(op.Stack(c...))
	y = s.Emit(y, nil) // again and last: it is the value of the scope
	if y != nil {
		record(s, "LSTM", detail(fmt.Sprintf("%d → %d", x.Shape()[2], l.Hidden), unless("%d layers", l.Layers, 1)), x, y, params, macs)
	}
	return y, hn, cn
}

// layer is a layer as the mode of s wants it.
func (l LSTM) layer(s *graph.Scope, x, h0, c0 *G.Node, w op.LSTMWeights, o op.LSTMOptions) (y, hn, cn *G.Node, err error) {
	if s.Mode() == graph.Infer {
		return op.LSTMInfer(x, h0, c0, w)
	}
	return op.LSTM(x, h0, c0, w, o)
}

func (l LSTM) check(x, h0, c0 *G.Node) error {
	if l.Hidden < 1 {
		return errors.Errorf("LSTM of %d hidden units, want at least 1", l.Hidden)
	}
	if len(x.Shape()) != 3 {
		return errors.Errorf("LSTM: input %v, want (N, T, features)", x.Shape())
	}
	want := tensor.Shape{l.Layers, x.Shape()[0], l.Hidden}
	for _, state := range []*G.Node{h0, c0} {
		if !state.Shape().Eq(want) {
			return errors.Errorf("LSTM: state %v, want %v (layers, N, hidden)", state.Shape(), want)
		}
	}
	return nil
}

// weights are the parameters of a layer.
func (l LSTM) weights(s *graph.Scope, layer, in int) op.LSTMWeights {
	init := graph.UniformFanIn(l.Hidden)
	name := func(what string) string { return fmt.Sprintf("%s_l%d", what, layer) }
	return op.LSTMWeights{
		IH:     s.Param(name("weight_ih"), init, 4*l.Hidden, in),
		HH:     s.Param(name("weight_hh"), init, 4*l.Hidden, l.Hidden),
		BiasIH: s.ParamNoDecay(name("bias_ih"), init, 4*l.Hidden),
		BiasHH: s.ParamNoDecay(name("bias_hh"), init, 4*l.Hidden),
	}
}
