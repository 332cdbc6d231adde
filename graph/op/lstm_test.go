package op

import (
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// lstmLayers is layers of LSTM, one after the other; in holds x, h0, c0 and the
// state dict of torch.nn.LSTM.
func lstmLayers(in map[string]*G.Node, layers int) (y, hn, cn *G.Node, err error) {
	y = in["x"]
	var hs, cs G.Nodes
	for i := range layers {
		name := func(what string) string { return fmt.Sprintf("%s_l%d", what, i) }
		h0, err := Select(in["h0"], i)
		if err != nil {
			return nil, nil, nil, err
		}
		c0, err := Select(in["c0"], i)
		if err != nil {
			return nil, nil, nil, err
		}
		w := LSTMWeights{in[name("weight_ih")], in[name("weight_hh")], in[name("bias_ih")], in[name("bias_hh")]}
		var h, c *G.Node
		if y, h, c, err = LSTM(y, h0, c0, w, LSTMOptions{}); err != nil {
			return nil, nil, nil, err
		}
		hs, cs = append(hs, h), append(cs, c)
	}
	if hn, err = Stack(hs...); err != nil {
		return nil, nil, nil, err
	}
	cn, err = Stack(cs...)
	return y, hn, cn, err
}

// sumOfParts is the sum of x (L, N, H) over its first dimension.
func sumOfParts(x *G.Node) (*G.Node, error) {
	sum, err := Select(x, 0)
	for i := 1; i < x.Shape()[0] && err == nil; i++ {
		var part *G.Node
		if part, err = Select(x, i); err == nil {
			sum, err = Add(sum, part)
		}
	}
	return sum, err
}

func TestLSTMParity(t *testing.T) {
	cases, err := parity.LSTMOps()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		checkCases(t, []parity.Op{c.Op}, 2e-5, func(_ parity.Op, in map[string]*G.Node) (*G.Node, error) {
			y, hn, cn, err := lstmLayers(in, c.Attrs.Layers)
			if err != nil || c.Attrs.Uses == "output" {
				return y, err
			}
			if hn, err = sumOfParts(hn); err != nil || c.Attrs.Uses == "hidden" {
				return hn, err
			}
			if cn, err = sumOfParts(cn); err != nil || c.Attrs.Uses == "cell" {
				return cn, err
			}
			states, err := Add(hn, cn)
			if err != nil {
				return nil, err
			}
			if states, err = Reshape(states, hn.Shape()[0], 1, hn.Shape()[1]); err != nil {
				return nil, err
			}
			return Add(y, states)
		}, nil)
	}
}

// lstmInputs are random operands of a layer, with biases.
func lstmInputs(n, t, in, hidden int) []*tensor.Dense {
	values := []*tensor.Dense{
		random(1, n, t, in), random(2, n, hidden), random(3, n, hidden),
		random(4, 4*hidden, in), random(5, 4*hidden, hidden), random(6, 4*hidden), random(7, 4*hidden),
	}
	for _, w := range values[3:5] {
		for i := range w.Float32s() {
			w.Float32s()[i] /= float32(math.Sqrt(float64(hidden)))
		}
	}
	return values
}

// weightsOf are the weights among such operands, which may be without biases.
func weightsOf(in G.Nodes) LSTMWeights {
	w := LSTMWeights{IH: in[3], HH: in[4]}
	if len(in) > 5 {
		w.BiasIH, w.BiasHH = in[5], in[6]
	}
	return w
}

// What the options leave out has no gradient; the others stay the same bits.
func TestLSTMOptions(t *testing.T) {
	values := lstmInputs(3, 5, 4, 17)
	op := func(o LSTMOptions) func(in G.Nodes) (*G.Node, error) {
		return func(in G.Nodes) (*G.Node, error) {
			y, _, _, err := LSTM(in[0], in[1], in[2], weightsOf(in), o)
			return y, err
		}
	}
	all := compile(t, op(LSTMOptions{}), values, []bool{true, true, true, true, true, true, true})
	all.run(t)
	want := all.results()
	for _, o := range []LSTMOptions{{NoInputGrad: true}, {NoStateGrad: true}, {NoInputGrad: true, NoStateGrad: true}} {
		wrt := []bool{!o.NoInputGrad, !o.NoStateGrad, !o.NoStateGrad, true, true, true, true}
		r := compile(t, op(o), values, wrt)
		r.run(t)
		got := r.results()[1:]
		for i, w := range wrt {
			if !w {
				continue
			}
			if !sameBits(got[0], want[1+i]) {
				t.Errorf("%+v: the gradient of input %d is another", o, i)
			}
			got = got[1:]
		}
		_, err := G.Grad(G.Must(G.Sum(r.y)), r.in[slices.Index(wrt, false)])
		if err == nil {
			t.Errorf("%+v: there is a gradient that is left out", o)
		}
		for _, n := range r.y.Graph().AllNodes() {
			if name := Name(n); o.NoInputGrad && name == "LSTMInputGrad" || o.NoStateGrad && name == "LSTMStateGrad" {
				t.Errorf("%+v: there is a %s", o, name)
			}
		}
	}
}

// There is one way back through the steps, whichever results are used.
func TestLSTMGoesBackOnce(t *testing.T) {
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		y, hn, cn, err := LSTM(in[0], in[1], in[2], weightsOf(in), LSTMOptions{})
		if err != nil {
			return nil, err
		}
		for _, state := range []*G.Node{hn, cn} {
			if state, err = Reshape(state, 3, 1, 17); err != nil {
				return nil, err
			}
			if y, err = Add(y, state); err != nil {
				return nil, err
			}
		}
		return y, nil
	}, lstmInputs(3, 5, 4, 17), []bool{true, true, true, true, true, true, true})
	count := 0
	for _, n := range r.y.Graph().AllNodes() {
		if Name(n) == "LSTMBack" {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d ways back, want 1", count)
	}
}

func TestLSTMInfer(t *testing.T) {
	for _, s := range [][4]int{{1, 1, 3, 5}, {3, 1, 16, 16}, {2, 3, 4, 17}, {2, 6, 7, 32}, {60, 1, 5, 20}} {
		for _, bias := range []bool{true, false} {
			values := lstmInputs(s[0], s[1], s[2], s[3])
			if !bias {
				values = values[:5]
			}
			onEachTier(t, fmt.Sprintf("%v, bias %v", s, bias), func(t *testing.T) {
				var results [2][3][]float32
				for i, layer := range []func(x, h0, c0 *G.Node, w LSTMWeights) (y, hn, cn *G.Node, err error){
					func(x, h0, c0 *G.Node, w LSTMWeights) (y, hn, cn *G.Node, err error) {
						return LSTM(x, h0, c0, w, LSTMOptions{})
					}, LSTMInfer,
				} {
					var out [3]*G.Node
					r := compile(t, func(in G.Nodes) (y *G.Node, err error) {
						out[0], out[1], out[2], err = layer(in[0], in[1], in[2], weightsOf(in))
						return out[0], err
					}, values, nil)
					r.run(t)
					r.run(t)
					for k, n := range out {
						results[i][k] = floats(n.Value())
					}
				}
				for k, name := range []string{"y", "hn", "cn"} {
					var want []float64
					for _, v := range results[0][k] {
						want = append(want, float64(v))
					}
					compare(t, name, results[1][k], want, 2e-6)
				}
			})
		}
	}
}

// The packed weights are made again after Refresh, and only then.
func TestLSTMInferKeepsWeights(t *testing.T) {
	values := lstmInputs(2, 1, 4, 17)
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		y, _, _, err := LSTMInfer(in[0], in[1], in[2], weightsOf(in))
		return y, err
	}, values, nil)
	r.run(t)
	first := floats(r.y.Value())
	for _, w := range values[3:] {
		for i := range w.Float32s() {
			w.Float32s()[i] *= 2
		}
	}
	r.run(t)
	if !sameBits(floats(r.y.Value()), first) {
		t.Error("weights were packed again without Refresh")
	}
	Refresh(r.y.Graph())
	r.run(t)
	if sameBits(floats(r.y.Value()), first) {
		t.Error("weights were not packed again after Refresh")
	}
}

func TestLSTMErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3, 4}, tensor.Shape{2, 5}, tensor.Shape{2, 5}, tensor.Shape{20, 4}, tensor.Shape{20, 5}, tensor.Shape{20}, tensor.Shape{20}, tensor.Shape{2, 4})
	bad := in[7]
	for _, c := range []struct {
		input int
		node  *G.Node
		parts []string
	}{
		{0, nil, []string{"input is nil"}},
		{0, bad, []string{"input has shape (2, 4)", "(N, T, in)"}},
		{1, bad, []string{"h0 has shape (2, 4)", "(2, 5)"}},
		{2, nil, []string{"c0 is nil"}},
		{3, bad, []string{"weight_ih has shape (2, 4)", "(20, 4)"}},
		{4, bad, []string{"weight_hh has shape (2, 4)", "(16, 4)"}},
		{4, in[5], []string{"weight_hh", "(4*hidden, hidden)"}},
		{5, bad, []string{"bias_ih has shape (2, 4)", "(20)"}},
		{6, nil, []string{"one bias of two"}},
	} {
		with := slices.Clone(in)
		with[c.input] = c.node
		_, _, _, err := LSTM(with[0], with[1], with[2], weightsOf(with), LSTMOptions{})
		wantError(t, err, append(c.parts, "LSTM")...)
		_, _, _, err = LSTMInfer(with[0], with[1], with[2], weightsOf(with))
		wantError(t, err, append(c.parts, "LSTM")...)
	}
}

func TestLSTMAllocatesNothing(t *testing.T) {
	for _, use := range []string{"y", "hn", "cn"} {
		checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) {
			y, hn, cn, err := LSTM(in[0], in[1], in[2], weightsOf(in), LSTMOptions{})
			return map[string]*G.Node{"y": y, "hn": hn, "cn": cn}[use], err
		}, lstmInputs(32, 20, 64, 64), []bool{true, true, true, true, true, true, true})
	}
	checkAllocates(t, 1<<15, func(in G.Nodes) (*G.Node, error) {
		y, _, _, err := LSTMInfer(in[0], in[1], in[2], weightsOf(in))
		return y, err
	}, lstmInputs(32, 20, 64, 64), nil)
}
