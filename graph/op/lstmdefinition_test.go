package op

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
)

// lstmDefinition is a layer by its definition: in holds x (N, T, I), h0 and c0
// (N, H), W_ih, W_hh and, if there are, both biases.
func lstmDefinition(in [][]float64, n, steps, features, hidden int) (y, hn, cn []float64) {
	sigmoid := func(a float64) float64 { return 1 / (1 + math.Exp(-a)) }
	dot := func(a, b []float64) (sum float64) {
		for i, v := range a {
			sum += v * b[i]
		}
		return sum
	}
	y = make([]float64, n*steps*hidden)
	for s := range n {
		h, c := in[1][s*hidden:][:hidden], in[2][s*hidden:][:hidden]
		for t := range steps {
			x := in[0][(s*steps+t)*features:][:features]
			nextH, nextC := make([]float64, hidden), make([]float64, hidden)
			for u := range hidden {
				var gates [4]float64 // i, f, g, o
				for g := range gates {
					row := g*hidden + u
					gates[g] = dot(x, in[3][row*features:][:features]) + dot(h, in[4][row*hidden:][:hidden])
					for _, bias := range in[5:] {
						gates[g] += bias[row]
					}
				}
				nextC[u] = sigmoid(gates[1])*c[u] + sigmoid(gates[0])*math.Tanh(gates[2])
				nextH[u] = sigmoid(gates[3]) * math.Tanh(nextC[u])
			}
			h, c = nextH, nextC
			copy(y[(s*steps+t)*hidden:], h)
		}
		hn, cn = append(hn, h...), append(cn, c...)
	}
	return y, hn, cn
}

// Each result, and all together, have the values and the gradients of the definition.
func TestLSTMDefinition(t *testing.T) {
	for _, s := range [][4]int{{1, 1, 1, 1}, {2, 1, 3, 4}, {2, 3, 4, 5}, {3, 5, 2, 17}, {1, 6, 5, 3}} {
		n, steps, features, hidden := s[0], s[1], s[2], s[3]
		for _, bias := range []bool{true, false} {
			values := lstmInputs(n, steps, features, hidden)
			if !bias {
				values = values[:5]
			}
			for use, c := range map[string]struct {
				of   func(y, hn, cn *G.Node) (*G.Node, error)
				want func(y, hn, cn []float64) []float64
			}{
				"y":  {func(y, _, _ *G.Node) (*G.Node, error) { return y, nil }, func(y, _, _ []float64) []float64 { return y }},
				"hn": {func(_, hn, _ *G.Node) (*G.Node, error) { return hn, nil }, func(_, hn, _ []float64) []float64 { return hn }},
				"cn": {func(_, _, cn *G.Node) (*G.Node, error) { return cn, nil }, func(_, _, cn []float64) []float64 { return cn }},
				"all": {
					func(y, hn, cn *G.Node) (*G.Node, error) { return sumOfStates(y, hn, cn) },
					func(y, hn, cn []float64) []float64 {
						all := make([]float64, len(y))
						for i := range y {
							at := i/(steps*hidden)*hidden + i%hidden
							all[i] = y[i] + hn[at] + cn[at]
						}
						return all
					},
				},
			} {
				checkOp(t, opCase{
					name: fmt.Sprintf("%v, bias %v, %s", s, bias, use),
					in:   values,
					op: func(in G.Nodes) (*G.Node, error) {
						y, hn, cn, err := LSTM(in[0], in[1], in[2], weightsOf(in), LSTMOptions{})
						if err != nil {
							return nil, err
						}
						return c.of(y, hn, cn)
					},
					ref: func(in [][]float64) []float64 { return c.want(lstmDefinition(in, n, steps, features, hidden)) },
				})
			}
		}
	}
}

// sumOfStates adds the states after the last step to the output of every step.
func sumOfStates(y, hn, cn *G.Node) (*G.Node, error) {
	states, err := Add(hn, cn)
	if err != nil {
		return nil, err
	}
	if states, err = Reshape(states, hn.Shape()[0], 1, hn.Shape()[1]); err != nil {
		return nil, err
	}
	return Add(y, states)
}
