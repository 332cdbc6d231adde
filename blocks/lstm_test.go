package blocks_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// lstm emits layers over x from states that are data.
func lstm(l blocks.LSTM) emitter {
	return func(s *graph.Scope, x *G.Node) *G.Node {
		n := x.Shape()[0]
		y, hn, cn := l.Emit(s, x, s.Input("h0", max(l.Layers, 1), n, l.Hidden), s.Input("c0", max(l.Layers, 1), n, l.Hidden))
		s.Output("hn", hn)
		s.Output("cn", cn)
		return y
	}
}

// lstmNames are the parameters of two layers in torch's order.
var lstmNames = []string{
	"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l1", "weight_hh_l1", "bias_ih_l1", "bias_hh_l1",
}

// TestLSTMParity compares the results and all gradients with those of torch.nn.LSTM,
// in programs that plan their memory.
func TestLSTMParity(t *testing.T) {
	cases, err := parity.LSTMOps()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if _, biased := c.Inputs["bias_ih_l0"]; !biased || c.Attrs.Uses != "output" && c.Attrs.Uses != "all" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			hidden := c.Inputs["weight_hh_l0"].Shape[1]
			checkCase(t, c.Op, 2e-5, func(s *graph.Scope, input func(string) *G.Node) *G.Node {
				y, hn, cn := blocks.LSTM{Hidden: hidden, Layers: c.Attrs.Layers}.Emit(s, input("x"), input("h0"), input("c0"))
				if c.Attrs.Uses == "all" {
					for i := range c.Attrs.Layers {
						for _, states := range []*G.Node{hn, cn} {
							last := s.Emit(op.Select(states, i))
							y = s.Emit(op.Add(y, s.Emit(op.Reshape(last, last.Shape()[0], 1, hidden))))
						}
					}
				}
				return y
			})
		})
	}
}

// TestLSTMParameters wants torch's names, their order, sizes and first values, and no
// decay of biases.
func TestLSTMParameters(t *testing.T) {
	params := graph.NewParams(1)
	g := build(t, params, graph.Train, tensor.Shape{3, 4, 5}, lstm(blocks.LSTM{Hidden: 16, Layers: 2}))
	if got := names(params); !slices.Equal(got, lstmNames) {
		t.Errorf("parameters %v, want %v", got, lstmNames)
	}
	for e := range params.All() {
		if e.NoDecay != strings.HasPrefix(e.Name, "bias") {
			t.Errorf("%s: no decay is %v", e.Name, e.NoDecay)
		}
		var largest float64
		for _, v := range e.Value.Float32s() {
			largest = max(largest, math.Abs(float64(v)))
		}
		if largest > 0.25 || largest < 0.2 {
			t.Errorf("%s: the largest of the first values is %v, want almost 1/sqrt(16)", e.Name, largest)
		}
	}
	const count, macs = 4 * 16 * (5 + 16 + 2 + 16 + 16 + 2), 3 * 4 * 4 * 16 * (5 + 16 + 16 + 16)
	if l := g.Layers(); len(l) != 1 || l[0].Kind != "LSTM" || l[0].Params != count || l[0].MACs != macs || params.Count() != count {
		t.Errorf("layers %+v, %d parameters, want one LSTM of %d and %d multiply-adds", l, params.Count(), count, macs)
	}
	for _, n := range []string{"hn", "cn"} {
		if got := g.Output(n).Shape(); !got.Eq(tensor.Shape{2, 3, 16}) {
			t.Errorf("%s has shape %v", n, got)
		}
	}
}

// TestLSTMModes wants evaluation and inference to compute the same, and only training
// to drop out, between layers alone.
func TestLSTMModes(t *testing.T) {
	for _, layers := range []int{1, 2} {
		in := tensor.Shape{2, 6, 5}
		params := graph.NewParams(1)
		emit := lstm(blocks.LSTM{Hidden: 17, Layers: layers, Dropout: 0.5})
		eval := lstmRun(t, build(t, params, graph.Eval, in, emit))
		if d := distance(lstmRun(t, build(t, params, graph.Infer, in, emit)), eval); d > 1e-6 {
			t.Errorf("%d layers: inference and evaluation differ by %g of the norm", layers, d)
		}
		train := lstmRun(t, build(t, params, graph.Train, in, emit))
		if d := distance(train, eval); (d > 1e-2) != (layers > 1) {
			t.Errorf("%d layers: training and evaluation differ by %g of the norm", layers, d)
		}
		if again := lstmRun(t, build(t, params, graph.Train, in, emit)); !slices.Equal(again, train) {
			t.Errorf("%d layers: training draws other values than before", layers)
		}
	}
}

// lstmRun runs g from states that are not 0.
func lstmRun(t *testing.T, g *graph.Graph) []float32 {
	t.Helper()
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, name := range []string{"x", "h0", "c0"} {
		shape := g.Input(name).Shape()
		if err := p.Let(name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(image(shape)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	y, err := p.Output("y")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(y.Float32s())
}

// TestLSTMGoesOn wants a sequence in two pieces, the second from where the first
// ended, to give what the whole gives.
func TestLSTMGoesOn(t *testing.T) {
	const n, length, features, hidden = 2, 7, 5, 17
	params := graph.NewParams(1)
	emit := lstm(blocks.LSTM{Hidden: hidden, Layers: 2})
	x := image(tensor.Shape{n, length, features})
	states := map[string]*tensor.Dense{}
	for _, name := range []string{"h0", "c0"} {
		states[name] = tensor.New(tensor.WithShape(2, n, hidden), tensor.Of(tensor.Float32))
	}
	piece := func(from, to int) []float32 {
		g := build(t, params, graph.Infer, tensor.Shape{n, to - from, features}, emit)
		p, err := graph.NewProgram(g)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var part []float32
		for row := range n {
			part = append(part, x[(row*length+from)*features:(row*length+to)*features]...)
		}
		p.Let("x", tensor.New(tensor.WithShape(n, to-from, features), tensor.WithBacking(part)))
		p.Let("h0", states["h0"])
		p.Let("c0", states["c0"])
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		for in, out := range map[string]string{"h0": "hn", "c0": "cn"} {
			v, err := p.Output(out)
			if err != nil {
				t.Fatal(err)
			}
			states[in] = v.Clone().(*tensor.Dense)
		}
		y, err := p.Output("y")
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(y.Float32s())
	}
	zeros := states["h0"]
	want := piece(0, length)
	states["h0"], states["c0"] = zeros, zeros
	first, second := piece(0, 6), piece(6, length)
	var got []float32
	for row := range n {
		got = append(got, first[row*6*hidden:(row+1)*6*hidden]...)
		got = append(got, second[row*hidden:(row+1)*hidden]...)
	}
	if d := distance(got, want); d > 1e-6 {
		t.Errorf("pieces differ from the whole by %g of the norm", d)
	}
}

// TestLSTMLeavesOut wants no gradient of data, and that of states that are none.
func TestLSTMLeavesOut(t *testing.T) {
	for _, data := range []bool{true, false} {
		g, err := graph.Build(graph.NewParams(1), graph.Train, func(s *graph.Scope) {
			state := func(name string) *G.Node {
				if data {
					return s.Input(name, 2, 3, 4)
				}
				return s.Param(name, graph.Zeros, 2, 3, 4)
			}
			y, _, _ := blocks.LSTM{Hidden: 4, Layers: 2}.Emit(s, s.Input("x", 3, 5, 6), state("h0"), state("c0"))
			s.Loss(s.Emit(G.Sum(y)))
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.NewProgram(g)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		count := map[string]int{}
		for _, n := range g.Expr().AllNodes() {
			count[op.Name(n)]++
		}
		states := 4
		if data {
			states = 0
		}
		if count["LSTMBack"] != 2 || count["LSTMInputGrad"] != 1 || count["LSTMStateGrad"] != states {
			t.Errorf("states are data %v: %d ways back, %d gradients of inputs, %d of states; want 2, 1, %d",
				data, count["LSTMBack"], count["LSTMInputGrad"], count["LSTMStateGrad"], states)
		}
	}
}

func TestLSTMErrors(t *testing.T) {
	for _, c := range []struct {
		l        blocks.LSTM
		x, state tensor.Shape
		want     string
	}{
		{blocks.LSTM{}, tensor.Shape{2, 3, 4}, tensor.Shape{1, 2, 5}, "rnn: LSTM of 0 hidden units"},
		{blocks.LSTM{Hidden: 5}, tensor.Shape{2, 4}, tensor.Shape{1, 2, 5}, "rnn: LSTM: input (2, 4), want (N, T, features)"},
		{blocks.LSTM{Hidden: 5, Layers: 2}, tensor.Shape{2, 3, 4}, tensor.Shape{1, 2, 5}, "rnn: LSTM: state (1, 2, 5), want (2, 2, 5)"},
		{blocks.LSTM{Hidden: 5}, tensor.Shape{2, 3, 4}, tensor.Shape{1, 3, 5}, "rnn: LSTM: state (1, 3, 5), want (1, 2, 5)"},
		{blocks.LSTM{Hidden: 5, Layers: 2, Dropout: 2}, tensor.Shape{2, 3, 4}, tensor.Shape{2, 2, 5}, "2"},
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Train, func(s *graph.Scope) {
			y, _, _ := c.l.Emit(s.Sub("rnn"), s.Input("x", c.x...), s.Input("h0", c.state...), s.Input("c0", c.state...))
			s.Output("y", y)
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: got %v, want one line with %q", c.l, err, c.want)
		}
	}
}
