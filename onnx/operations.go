package onnx

import (
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// translations are those of graph/op's operations, by name. It is filled at the
// start, because translations refer to it by way of the translator.
var translations map[string]translation

func init() {
	translations = map[string]translation{
		"Conv2d": convolve, "ConvTranspose2d": convolveTransposed, "BatchNormEval": batchNorm, "AddBias": addBias,
		"MaxPool2d": pool("MaxPool"), "AvgPool2d": pool("AveragePool"), "GlobalAvgPool": globalAvgPool,
		"ShortcutA": place, "ZeroPad2d": place, "ToBlocked": same, "ToPlanar": same,

		"Add": sum, "AddReLU": sumReLU, "MatMul": matMul, "Linear": linear, "Gemm": gemm,
		"ReLU": elementwise("Relu"), "Sigmoid": elementwise("Sigmoid"), "Tanh": elementwise("Tanh"),
		"LeakyReLU": leakyReLU, "GELU": gelu, "Softmax": softmax("Softmax"), "LogSoftmax": softmax("LogSoftmax"),

		"Reshape": reshaped, "Flatten": reshaped, "Select": choose, "Stack": stack,

		"Embedding": embedding, "AddPositions": addPositions, "AddSinusoids": addSinusoids, "LayerNorm": layerNorm,
		"SelfAttention": selfAttention, "Attention": attention,
		"LSTMRun": lstm, "LSTM": lstmOutput, "LSTMHidden": lstmState(1), "LSTMCell": lstmState(2),
	}
}

// same is a change of the layout, of which ONNX knows nothing.
func same(_ *translator, _ *G.Node, _ attributes, in []value) (value, error) { return in[0], nil }

func (t *translator) add(a, b value) value {
	return value{t.emit("Add", []string{a.name, b.name}), broadcast(a.dims, b.dims)}
}

// sum may be of blocked images, if both are.
func sum(t *translator, n *G.Node, _ attributes, in []value) (value, error) {
	d, _ := op.Describe(n)
	if !d.Inputs[0].Shape().Eq(d.Inputs[1].Shape()) {
		if err := planar(n); err != nil {
			return value{}, err
		}
	}
	return t.add(in[0], in[1]), nil
}

func sumReLU(t *translator, _ *G.Node, _ attributes, in []value) (value, error) {
	y := t.add(in[0], in[1])
	y.name = t.emit("Relu", []string{y.name})
	return y, nil
}

func elementwise(name string) translation {
	return func(t *translator, _ *G.Node, _ attributes, in []value) (value, error) {
		return value{t.emit(name, names(in)), in[0].dims}, nil
	}
}

func leakyReLU(t *translator, _ *G.Node, a attributes, in []value) (value, error) {
	return value{t.emit("LeakyRelu", names(in), attr("alpha", float32(a.float("slope")))), in[0].dims}, nil
}

// gelu is written out: ONNX has it since operator set 20 only.
func gelu(t *translator, _ *G.Node, a attributes, in []value) (value, error) {
	x := in[0].name
	share := ""
	if a.text("approximate") == "tanh" {
		cube := t.emit("Mul", []string{x, t.emit("Mul", []string{x, x})})
		inner := t.emit("Add", []string{x, t.emit("Mul", []string{cube, t.float(0.044715)})})
		share = t.emit("Tanh", []string{t.emit("Mul", []string{inner, t.float(math.Sqrt(2 / math.Pi))})})
	} else {
		share = t.emit("Erf", []string{t.emit("Div", []string{x, t.float(math.Sqrt2)})})
	}
	share = t.emit("Add", []string{share, t.float(1)})
	return value{t.emit("Mul", []string{t.emit("Mul", []string{x, share}), t.float(0.5)}), in[0].dims}, nil
}

func softmax(name string) translation {
	return func(t *translator, n *G.Node, a attributes, in []value) (value, error) {
		return value{t.emit(name, names(in), attr("axis", a.int("axis"))), in[0].dims}, planar(n)
	}
}

func matMul(t *translator, n *G.Node, _ attributes, in []value) (value, error) {
	a, b := in[0].dims, in[1].dims
	batch := broadcast(a[:max(len(a)-2, 0)], b[:max(len(b)-2, 0)])
	if len(a) > 1 {
		batch = append(batch, a[len(a)-2])
	}
	if len(b) > 1 {
		batch = append(batch, b[len(b)-1])
	}
	return value{t.emit("MatMul", names(in)), batch}, planar(n)
}

func linear(t *translator, n *G.Node, _ attributes, in []value) (value, error) {
	x, w := in[0], in[1]
	last := len(x.dims) - 1
	y := value{"", append(slices.Clone(x.dims[:last]), w.dims[0])}
	if last == 1 {
		y.name = t.emit("Gemm", names(in), attr("transB", 1))
		return y, nil
	}
	turned := t.once("transposed "+w.name, func() string { return t.emit("Transpose", []string{w.name}, attr("perm", []int{1, 0})) })
	y.name = t.emit("MatMul", []string{x.name, turned})
	if len(in) > 2 {
		y.name = t.emit("Add", []string{y.name, in[2].name})
	}
	return y, planar(n)
}

func gemm(t *translator, _ *G.Node, a attributes, in []value) (value, error) {
	rows, columns := 0, 1
	transA, transB := 0, 0
	if a.bool("trans_a") {
		transA, rows = 1, 1
	}
	if a.bool("trans_b") {
		transB, columns = 1, 0
	}
	name := t.emit("Gemm", names(in), attr("alpha", float32(a.float("alpha"))), attr("beta", float32(a.float("beta"))), attr("transA", transA), attr("transB", transB))
	return value{name, dims{in[0].dims[rows], in[1].dims[columns]}}, nil
}

func reshaped(t *translator, n *G.Node, _ attributes, in []value) (value, error) {
	if err := planar(n); err != nil {
		return value{}, err
	}
	y, shape, err := reshape(in[0].dims, n.Shape(), t.known)
	if err != nil {
		return value{}, err
	}
	return value{t.emit("Reshape", []string{in[0].name, t.ints(shape...)}), y}, nil
}

// choose is one of the parts along the first axis.
func choose(t *translator, n *G.Node, a attributes, in []value) (value, error) {
	return value{t.emit("Gather", []string{in[0].name, t.int(a.int("index"))}, attr("axis", 0)), in[0].dims[1:]}, planar(n)
}

func stack(t *translator, n *G.Node, _ attributes, in []value) (value, error) {
	var parts []string
	for _, v := range in {
		parts = append(parts, t.emit("Unsqueeze", []string{v.name, t.ints(0)}))
	}
	return value{t.emit("Concat", parts, attr("axis", 0)), append(fixed(len(in)), in[0].dims...)}, planar(n)
}
