package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

func embedding(t *translator, _ *G.Node, _ attributes, in []value) (value, error) {
	tokens, table := in[0], in[1]
	y := append(tokens.dims[:len(tokens.dims):len(tokens.dims)], table.dims[1])
	return value{t.emit("Gather", []string{table.name, tokens.name}, attr("axis", 0)), y}, nil
}

func addPositions(t *translator, _ *G.Node, _ attributes, in []value) (value, error) {
	return t.addRows(in[0], in[1], len(in) > 2)
}

func addSinusoids(t *translator, _ *G.Node, a attributes, in []value) (value, error) {
	context, e := a.int("context"), in[0].dims[2].size
	table := t.once(fmt.Sprintf("sinusoids %d %d", context, e), func() string { return t.floats(a.floats("table"), context, e) })
	return t.addRows(in[0], value{table, fixed(context, e)}, len(in) > 1)
}

// addRows adds the first rows of a table to the steps of x (N, T, E).
func (t *translator) addRows(x, table value, elsewhere bool) (value, error) {
	if elsewhere {
		return value{}, errors.New("it begins at a position that is an input, as for decoding, which cannot be written as ONNX")
	}
	rows := table.name
	if steps := x.dims[1]; steps.dynamic() || steps.size != table.dims[0].size {
		end := t.emit("Unsqueeze", []string{t.size(x, 1), t.ints(0)})
		rows = t.emit("Slice", []string{rows, t.ints(0), end, t.ints(0)})
	}
	return value{t.emit("Add", []string{x.name, rows}), x.dims}, nil
}

// size is the size of an axis when the model is run, a scalar.
func (t *translator) size(v value, axis int) string {
	if d := v.dims[axis]; !d.dynamic() {
		return t.int(d.size)
	}
	return t.emit("Gather", []string{t.emit("Shape", []string{v.name}), t.int(axis)}, attr("axis", 0))
}

func layerNorm(t *translator, n *G.Node, a attributes, in []value) (value, error) {
	if err := planar(n); err != nil {
		return value{}, err
	}
	x, rest := in[0], in[1:]
	if a.bool("residual") {
		x = t.add(x, rest[len(rest)-1])
		rest = rest[:len(rest)-1]
	}
	inputs := append([]string{x.name}, names(rest)...)
	if !a.bool("weight") {
		inputs = append(inputs, t.filled(1, x.dims[len(x.dims)-1].size))
	}
	return value{t.emit("LayerNormalization", inputs, attr("axis", -1), attr("epsilon", float32(a.float("eps")))), x.dims}, nil
}

func selfAttention(t *translator, _ *G.Node, a attributes, in []value) (value, error) {
	qkv := in[0]
	e := qkv.dims[2].size / 3
	parts := t.emitAll("Split", 3, []string{qkv.name}, attr("axis", 2))
	var of [3]value
	for i, name := range parts {
		of[i] = value{name, dims{qkv.dims[0], qkv.dims[1], {size: e}}}
	}
	return t.attend(of, in[1:], a)
}

func attention(t *translator, _ *G.Node, a attributes, in []value) (value, error) {
	return t.attend([3]value(in[:3]), in[3:], a)
}

// attend is attention of queries to keys and values, of all heads at once.
func (t *translator) attend(of [3]value, rest []value, a attributes) (value, error) {
	if a.bool("dropout") {
		return value{}, errors.New("dropout cannot be written as ONNX")
	}
	q, k, v := of[0], of[1], of[2]
	heads := a.int("heads")
	split := func(x value, perm ...int) string {
		y := t.emit("Reshape", []string{x.name, t.ints(0, 0, heads, x.dims[2].size/heads)})
		return t.emit("Transpose", []string{y}, attr("perm", perm))
	}
	scaled := t.emit("Mul", []string{split(q, 0, 2, 1, 3), t.float(a.float("scale"))})
	scores := t.emit("MatMul", []string{scaled, split(k, 0, 2, 3, 1)})
	if a.bool("causal") {
		scores = t.emit("Add", []string{scores, t.causal(q, k)})
	}
	if a.bool("mask") {
		scores = t.emit("Add", []string{scores, rest[0].name})
	}
	y := t.emit("MatMul", []string{t.emit("Softmax", []string{scores}, attr("axis", 3)), split(v, 0, 2, 1, 3)})
	y = t.emit("Transpose", []string{y}, attr("perm", []int{0, 2, 1, 3}))
	y = t.emit("Reshape", []string{y, t.ints(0, 0, v.dims[2].size)})
	return value{y, dims{q.dims[0], q.dims[1], v.dims[2]}}, nil
}

// causal is what is added to scores (queries, keys): -Inf where a key comes after
// the query.
func (t *translator) causal(q, k value) string {
	return t.once(fmt.Sprint("causal ", q.dims[1], k.dims[1]), func() string {
		count := func(x value) string { return t.emit("Range", []string{t.int(0), t.size(x, 1), t.int(1)}) }
		query := t.emit("Unsqueeze", []string{count(q), t.ints(1)})
		later := t.emit("Less", []string{query, count(k)})
		return t.emit("Where", []string{later, t.float(math.Inf(-1)), t.float(0)})
	})
}

// lstm is one layer. Its weights are put in ONNX's order of gates, i, o, f, g, from
// torch's, i, f, g, o.
func lstm(t *translator, n *G.Node, a attributes, in []value) (value, error) {
	x, h0, c0 := in[0], in[1], in[2]
	alone := func(name string) string { return t.emit("Unsqueeze", []string{name, t.ints(0)}) }
	inputs := []string{
		t.emit("Transpose", []string{x.name}, attr("perm", []int{1, 0, 2})),
		alone(t.gates(in[3].name)), alone(t.gates(in[4].name)), "", "", alone(h0.name), alone(c0.name),
	}
	if a.bool("bias") {
		inputs[3] = alone(t.emit("Concat", []string{t.gates(in[5].name), t.gates(in[6].name)}, attr("axis", 0)))
	}
	out := t.emitAll("LSTM", 3, inputs, attr("hidden_size", a.int("hidden")))
	y := t.emit("Transpose", []string{t.emit("Squeeze", []string{out[0], t.ints(1)})}, attr("perm", []int{1, 0, 2}))
	t.states[n] = [3]value{
		{y, dims{x.dims[0], x.dims[1], h0.dims[1]}},
		{t.emit("Squeeze", []string{out[1], t.ints(0)}), h0.dims},
		{t.emit("Squeeze", []string{out[2], t.ints(0)}), c0.dims},
	}
	return value{}, nil
}

// gates brings those of a weight or bias into ONNX's order.
func (t *translator) gates(name string) string {
	g := t.emitAll("Split", 4, []string{name}, attr("axis", 0))
	return t.emit("Concat", []string{g[0], g[3], g[1], g[2]}, attr("axis", 0))
}

// lstmOutput is what the layer made at every step; the last input is its run.
func lstmOutput(t *translator, n *G.Node, _ attributes, _ []value) (value, error) {
	return t.states[lstmRun(n)][0], nil
}

// lstmState is one of the states after the last step.
func lstmState(i int) translation {
	return func(t *translator, n *G.Node, _ attributes, _ []value) (value, error) {
		return t.states[lstmRun(n)][i], nil
	}
}

// lstmRun is the operation that made what n takes its values from.
func lstmRun(n *G.Node) *G.Node {
	d, _ := op.Describe(n)
	i := slices.IndexFunc(d.Inputs, func(in *G.Node) bool { return op.Name(in) == "LSTMRun" })
	return d.Inputs[i]
}
