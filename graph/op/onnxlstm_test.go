package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
)

func init() {
	onnxOps = append(onnxOps, "LSTM")
	onnxBuilders["LSTM"] = (*onnxGraph).lstm
	notApplicable["node/test_lstm_with_peepholes"] = "peepholes: torch has none"
}

// lstm is one direction. ONNX has the gates in the order i, o, f, c, both biases in
// one array, and all of them for every direction.
func (m *onnxGraph) lstm(n *onnxtest.Node) (*G.Node, error) {
	if d := n.Attrs["direction"].String; d != "" && d != "forward" {
		return nil, errors.Errorf("direction %q", d)
	}
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	var v [7]*onnxtest.Tensor // X, W, R, B, sequence_lens, initial_h, initial_c
	for i := range v {
		if v[i], err = m.value(n, i); err != nil {
			return nil, err
		}
	}
	hidden, byBatch := n.Int("hidden_size", 0), n.Int("layout", 0) == 1
	length, batch, features := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	if byBatch {
		length, batch = batch, length
	} else if x, err = G.Transpose(x, 1, 0, 2); err != nil {
		return nil, err
	}
	node := func(name string, values []float32, shape ...int) *G.Node {
		return G.NodeFromAny(m.g, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values)), G.WithName(n.Outputs[len(n.Outputs)-1]+" "+name))
	}
	state := func(name string, initial *onnxtest.Tensor) *G.Node {
		values := make([]float32, batch*hidden)
		if initial != nil {
			copy(values, initial.Floats)
		}
		return node(name, values, batch, hidden)
	}
	w := LSTMWeights{
		IH: node("W", torchGates(v[1].Floats, hidden*features), 4*hidden, features),
		HH: node("R", torchGates(v[2].Floats, hidden*hidden), 4*hidden, hidden),
	}
	if v[3] != nil {
		w.BiasIH = node("Wb", torchGates(v[3].Floats[:4*hidden], hidden), 4*hidden)
		w.BiasHH = node("Rb", torchGates(v[3].Floats[4*hidden:], hidden), 4*hidden)
	}
	y, hn, cn, err := LSTM(x, state("h0", v[5]), state("c0", v[6]), w, LSTMOptions{})
	if err != nil {
		return nil, err
	}
	direction := []int{1, batch, hidden}
	if byBatch {
		direction = []int{batch, 1, hidden}
	}
	for i, last := range []*G.Node{hn, cn} {
		if i+1 >= len(n.Outputs) || n.Outputs[i+1] == "" {
			continue
		}
		if m.nodes[n.Outputs[i+1]], err = Reshape(last, direction...); err != nil {
			return nil, err
		}
	}
	if byBatch {
		return Reshape(y, batch, length, 1, hidden)
	}
	if y, err = G.Transpose(y, 1, 0, 2); err != nil {
		return nil, err
	}
	return Reshape(y, length, 1, batch, hidden)
}

// torchGates brings four runs of so many values from the order i, o, f, c into i, f,
// c, o.
func torchGates(x []float32, size int) []float32 {
	return slices.Concat(x[:size], x[2*size:4*size], x[size:2*size])
}
