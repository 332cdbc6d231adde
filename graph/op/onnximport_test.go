package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
)

// onnxGraph is an ONNX model as a graph of this package's operations.
type onnxGraph struct {
	g     *G.ExprGraph
	opset int64
	known map[string]*onnxtest.Tensor // inputs, initializers, constants
	nodes map[string]*G.Node

	// after makes, when the graph has run, those outputs that are neither.
	after map[string]func() (*onnxtest.Tensor, error)
}

// onnxBuilders make the result of a node's first output; those that have more
// leave the others in m.
var onnxBuilders = map[string]func(m *onnxGraph, n *onnxtest.Node) (*G.Node, error){
	"Add":                       binary(Add),
	"AveragePool":               (*onnxGraph).averagePool,
	"BatchNormalization":        (*onnxGraph).batchNorm,
	"Concat":                    (*onnxGraph).concat,
	"Constant":                  (*onnxGraph).constant,
	"ConstantOfShape":           (*onnxGraph).constantOfShape,
	"Conv":                      (*onnxGraph).conv,
	"ConvTranspose":             (*onnxGraph).convTranspose,
	"Dropout":                   (*onnxGraph).dropout,
	"Flatten":                   (*onnxGraph).flatten,
	"Gelu":                      (*onnxGraph).gelu,
	"Gemm":                      (*onnxGraph).gemm,
	"GlobalAveragePool":         (*onnxGraph).globalAveragePool,
	"LeakyRelu":                 (*onnxGraph).leakyRelu,
	"LogSoftmax":                (*onnxGraph).softmax,
	"MatMul":                    binary(MatMul),
	"MaxPool":                   (*onnxGraph).maxPool,
	"Mul":                       (*onnxGraph).mul,
	"NegativeLogLikelihoodLoss": (*onnxGraph).nllLoss,
	"Relu":                      unary(ReLU),
	"Reshape":                   (*onnxGraph).reshape,
	"Sigmoid":                   unary(Sigmoid),
	"Softmax":                   (*onnxGraph).softmax,
	"SoftmaxCrossEntropyLoss":   (*onnxGraph).crossEntropy,
	"Squeeze":                   (*onnxGraph).squeeze,
	"Sum":                       binary(Add),
	"Tanh":                      unary(Tanh),
	"Transpose":                 (*onnxGraph).transpose,
	"Unsqueeze":                 (*onnxGraph).unsqueeze,
}

// importONNX builds the model's graph.
func importONNX(model *onnxtest.Model, inputs []*onnxtest.Tensor) (*onnxGraph, error) {
	if len(inputs) != len(model.Inputs) {
		return nil, errors.Errorf("%d inputs, want %d", len(inputs), len(model.Inputs))
	}
	m := &onnxGraph{
		g: G.NewGraph(), opset: model.Opset,
		known: map[string]*onnxtest.Tensor{}, nodes: map[string]*G.Node{},
		after: map[string]func() (*onnxtest.Tensor, error){},
	}
	for name, v := range model.Initializers {
		m.known[name] = v
	}
	for i, v := range inputs {
		m.known[model.Inputs[i].Name] = v
	}
	for i := range model.Nodes {
		n := &model.Nodes[i]
		build := onnxBuilders[n.OpType]
		if build == nil {
			return nil, errors.Errorf("no operation for %s", n.OpType)
		}
		y, err := build(m, n)
		if err != nil {
			return nil, errors.Wrap(err, n.OpType)
		}
		if y != nil {
			m.nodes[n.Outputs[0]] = y
		}
	}
	return m, nil
}

// run executes the graph and gives the outputs of these names.
func (m *onnxGraph) run(names []string) ([]*onnxtest.Tensor, error) {
	vm := G.NewTapeMachine(m.g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		return nil, err
	}
	var out []*onnxtest.Tensor
	for _, name := range names {
		v, err := m.result(name)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (m *onnxGraph) result(name string) (*onnxtest.Tensor, error) {
	if f := m.after[name]; f != nil {
		return f()
	}
	if n := m.nodes[name]; n != nil {
		return &onnxtest.Tensor{Shape: n.Shape(), Floats: floats(n.Value())}, nil
	}
	return nil, errors.Errorf("no output %q", name)
}

// in is the node of input i, nil if it is left out.
func (m *onnxGraph) in(n *onnxtest.Node, i int) (*G.Node, error) {
	if i >= len(n.Inputs) || n.Inputs[i] == "" {
		return nil, nil
	}
	return m.node(n.Inputs[i])
}

func (m *onnxGraph) node(name string) (*G.Node, error) {
	if node := m.nodes[name]; node != nil {
		return node, nil
	}
	v := m.known[name]
	switch {
	case v == nil:
		return nil, errors.Errorf("no value %q", name)
	case v.Floats != nil && len(v.Shape) == 0:
		m.nodes[name] = G.NewScalar(m.g, G.Float32, G.WithName(name), G.WithValue(G.NewF32(v.Floats[0])))
	case v.Floats != nil:
		m.nodes[name] = G.NodeFromAny(m.g, tensor.New(tensor.WithShape(v.Shape...), tensor.WithBacking(slices.Clone(v.Floats))), G.WithName(name))
	case v.Ints != nil && len(v.Shape) > 0:
		m.nodes[name] = G.NodeFromAny(m.g, ints(v.Ints, v.Shape...), G.WithName(name))
	default:
		return nil, errors.Errorf("value %q is %v %v", name, v.Type, v.Shape)
	}
	return m.nodes[name], nil
}

// value is input i where it must be known before the graph runs, nil if it is
// left out.
func (m *onnxGraph) value(n *onnxtest.Node, i int) (*onnxtest.Tensor, error) {
	if i >= len(n.Inputs) || n.Inputs[i] == "" {
		return nil, nil
	}
	if v := m.known[n.Inputs[i]]; v != nil {
		return v, nil
	}
	return nil, errors.Errorf("input %d is not known before the graph runs", i)
}

func unary(op func(x *G.Node) (*G.Node, error)) func(*onnxGraph, *onnxtest.Node) (*G.Node, error) {
	return func(m *onnxGraph, n *onnxtest.Node) (*G.Node, error) {
		x, err := m.in(n, 0)
		if err != nil {
			return nil, err
		}
		return op(x)
	}
}

func binary(op func(a, b *G.Node) (*G.Node, error)) func(*onnxGraph, *onnxtest.Node) (*G.Node, error) {
	return func(m *onnxGraph, n *onnxtest.Node) (*G.Node, error) {
		a, err := m.in(n, 0)
		if err != nil {
			return nil, err
		}
		b, err := m.in(n, 1)
		if err != nil {
			return nil, err
		}
		return op(a, b)
	}
}

// Activations.

func (m *onnxGraph) leakyRelu(n *onnxtest.Node) (*G.Node, error) {
	return unary(func(x *G.Node) (*G.Node, error) { return LeakyReLU(x, n.Float("alpha", 0.01)) })(m, n)
}

func (m *onnxGraph) gelu(n *onnxtest.Node) (*G.Node, error) {
	approximate := n.Attrs["approximate"].String
	if approximate == "" {
		approximate = "none"
	}
	return unary(func(x *G.Node) (*G.Node, error) { return GELU(x, approximate) })(m, n)
}

// softmax is Softmax or LogSoftmax. Before version 13 they took all dimensions
// from axis on for one.
func (m *onnxGraph) softmax(n *onnxtest.Node) (*G.Node, error) {
	op, axis := Softmax, n.Int("axis", -1)
	if n.OpType == "LogSoftmax" {
		op = LogSoftmax
	}
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	if m.opset >= 13 {
		return op(x, axis)
	}
	shape := x.Shape()
	flat, err := Reshape(x, shape[:n.Int("axis", 1)].TotalSize(), -1)
	if err != nil {
		return nil, err
	}
	y, err := op(flat, 1)
	if err != nil {
		return nil, err
	}
	return Reshape(y, shape...)
}

// dropout is that of inference, which leaves it out.
func (m *onnxGraph) dropout(n *onnxtest.Node) (*G.Node, error) {
	if len(n.Inputs) > 1 {
		return nil, errors.Errorf("inputs %v, want one", n.Inputs)
	}
	return m.in(n, 0)
}

// Normalisation.

// batchNorm has momentum the other way round, and moves the running variance by
// the biased one, in which it differs from PyTorch.
func (m *onnxGraph) batchNorm(n *onnxtest.Node) (*G.Node, error) {
	var in [5]*G.Node
	for i := range in {
		var err error
		if in[i], err = m.in(n, i); err != nil {
			return nil, err
		}
	}
	x, weight, bias, mean, variance := in[0], in[1], in[2], in[3], in[4]
	momentum := 1 - n.Float("momentum", 0.9)
	o := BatchNormOptions{Eps: n.Float("epsilon", 1e-5), Momentum: momentum}
	if n.Int("training_mode", 0) == 0 {
		return BatchNormEval(x, weight, bias, mean, variance, o)
	}
	before := floats(variance.Value())
	m.nodes[n.Outputs[1]] = mean // whose value the run changes
	m.after[n.Outputs[2]] = func() (*onnxtest.Tensor, error) {
		values := float64(x.Shape().TotalSize() / x.Shape()[1])
		now := floats(variance.Value())
		for i, v := range now {
			kept := (1 - momentum) * float64(before[i])
			now[i] = float32(kept + (float64(v)-kept)*(values-1)/values)
		}
		return &onnxtest.Tensor{Shape: variance.Shape(), Floats: now}, nil
	}
	return BatchNormTrain(x, weight, bias, mean, variance, o)
}

// Losses.

func (m *onnxGraph) crossEntropy(n *onnxtest.Node) (*G.Node, error) {
	x, labels, o, err := m.loss(n)
	if err != nil {
		return nil, err
	}
	if len(n.Outputs) > 1 {
		if m.nodes[n.Outputs[1]], err = LogSoftmax(x, 1); err != nil {
			return nil, err
		}
	}
	return CrossEntropy(x, labels, o)
}

func (m *onnxGraph) nllLoss(n *onnxtest.Node) (*G.Node, error) {
	x, labels, o, err := m.loss(n)
	if err != nil {
		return nil, err
	}
	return NLLLoss(x, labels, NLLLossOptions{o.Weight, o.IgnoreIndex, o.Reduction})
}

func (m *onnxGraph) loss(n *onnxtest.Node) (x, labels *G.Node, o CrossEntropyOptions, err error) {
	if x, err = m.in(n, 0); err != nil {
		return nil, nil, o, err
	}
	if labels, err = m.in(n, 1); err != nil {
		return nil, nil, o, err
	}
	weight, err := m.value(n, 2)
	if err != nil {
		return nil, nil, o, err
	}
	if weight != nil {
		o.Weight = weight.Floats
	}
	if _, ok := n.Attrs["ignore_index"]; ok {
		ignore := n.Int("ignore_index", 0)
		o.IgnoreIndex = &ignore
	}
	o.Reduction = Mean // ONNX's default too
	if name := n.Attrs["reduction"].String; name != "" {
		var ok bool
		if o.Reduction, ok = reductions[name]; !ok {
			return nil, nil, o, errors.Errorf("reduction %q", name)
		}
	}
	return x, labels, o, nil
}

// Products.

func (m *onnxGraph) gemm(n *onnxtest.Node) (*G.Node, error) {
	var in [3]*G.Node
	for i := range in {
		var err error
		if in[i], err = m.in(n, i); err != nil {
			return nil, err
		}
	}
	return Gemm(in[0], in[1], in[2], GemmOptions{
		Alpha: float32(n.Float("alpha", 1)), Beta: float32(n.Float("beta", 1)),
		TransA: n.Int("transA", 0) != 0, TransB: n.Int("transB", 0) != 0,
	})
}

// mul is by constants, which are repeated to the shape of the other factor:
// there is no such operation in this package.
func (m *onnxGraph) mul(n *onnxtest.Node) (*G.Node, error) {
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	factor, err := m.value(n, 1)
	if err != nil {
		return nil, err
	}
	shape := x.Shape()
	if len(factor.Shape) != 3 || len(shape) != 4 || factor.Len() != shape[1] {
		return nil, errors.Errorf("%v times %v, want one factor for each channel", shape, factor.Shape)
	}
	all := tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	for i := range all.Float32s() {
		all.Float32s()[i] = factor.Floats[i/(shape[2]*shape[3])%shape[1]]
	}
	return G.HadamardProd(x, G.NodeFromAny(m.g, all, G.WithName(n.Outputs[0]+" factors")))
}

// Convolution.

func (m *onnxGraph) conv(n *onnxtest.Node) (*G.Node, error) {
	x, w, bias, err := m.convInputs(n)
	if err != nil {
		return nil, err
	}
	s, err := onnxWindow(n, x.Shape(), w.Shape()[2:])
	if err != nil {
		return nil, err
	}
	return s.in2D(x, w, func(x, w *G.Node) (*G.Node, error) {
		return Conv2d(x, w, bias, Conv2dOptions{
			Stride: s.pair(s.stride, 1), Padding: s.pair(s.begin, 0), PaddingEnd: ptr(s.pair(s.end, 0)),
			Dilation: s.pair(s.dilation, 1), Groups: n.Int("group", 1),
		})
	})
}

func (m *onnxGraph) convTranspose(n *onnxtest.Node) (*G.Node, error) {
	x, w, bias, err := m.convInputs(n)
	if err != nil {
		return nil, err
	}
	s, err := onnxWindow(n, x.Shape(), w.Shape()[2:])
	if err != nil {
		return nil, err
	}
	extra := n.Ints("output_padding")
	if extra == nil {
		extra = make([]int, len(s.stride))
	}
	s.forOutput(n, x.Shape()[2:], extra)
	return s.in2D(x, w, func(x, w *G.Node) (*G.Node, error) {
		return ConvTranspose2d(x, w, bias, ConvTranspose2dOptions{
			Stride: s.pair(s.stride, 1), Padding: s.pair(s.begin, 0), PaddingEnd: ptr(s.pair(s.end, 0)),
			OutputPadding: s.pair(extra, 0), Dilation: s.pair(s.dilation, 1), Groups: n.Int("group", 1),
		})
	})
}

func (m *onnxGraph) convInputs(n *onnxtest.Node) (x, w, bias *G.Node, err error) {
	if x, err = m.in(n, 0); err != nil {
		return nil, nil, nil, err
	}
	if w, err = m.in(n, 1); err != nil {
		return nil, nil, nil, err
	}
	bias, err = m.in(n, 2)
	return x, w, bias, err
}

// Pooling.

func (m *onnxGraph) averagePool(n *onnxtest.Node) (*G.Node, error) {
	return m.pool(n, AvgPool2d)
}

func (m *onnxGraph) maxPool(n *onnxtest.Node) (*G.Node, error) {
	y, err := m.pool(n, MaxPool2d)
	if err != nil || len(n.Outputs) == 1 {
		return y, err
	}
	return y, m.maxIndices(n, y)
}

// pool goes over two dimensions at a time: the maximum of maxima is the
// maximum, and the mean of means is the mean, as what each counts is a product.
func (m *onnxGraph) pool(n *onnxtest.Node, op func(*G.Node, Pool2dOptions) (*G.Node, error)) (*G.Node, error) {
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	s, err := onnxWindow(n, x.Shape(), n.Ints("kernel_shape"))
	if err != nil {
		return nil, err
	}
	if len(s.stride) < 3 {
		return s.in2D(x, nil, func(x, _ *G.Node) (*G.Node, error) { return op(x, s.pooling(n)) })
	}
	shape := x.Shape() // (N, C, D, H, W)
	if x, err = Reshape(x, shape[0], shape[1]*shape[2], shape[3], shape[4]); err != nil {
		return nil, err
	}
	if x, err = op(x, s.axes(1, 3).pooling(n)); err != nil {
		return nil, err
	}
	height, width := x.Shape()[2], x.Shape()[3]
	if x, err = Reshape(x, shape[0], shape[1], shape[2], height*width); err != nil {
		return nil, err
	}
	if x, err = op(x, s.axes(0, 1).beside().pooling(n)); err != nil {
		return nil, err
	}
	return Reshape(x, shape[0], shape[1], -1, height, width)
}

// maxIndices is MaxPool's second output: places in the whole input, column by
// column if storage_order is 1.
func (m *onnxGraph) maxIndices(n *onnxtest.Node, y *G.Node) error {
	x, err := m.in(n, 0)
	if err != nil {
		return err
	}
	w, err := onnxWindow(n, x.Shape(), n.Ints("kernel_shape"))
	if err != nil {
		return err
	}
	s, _, err := poolShape("MaxPool", x, w.pooling(n))
	if err != nil {
		return err
	}
	m.after[n.Outputs[1]] = func() (*onnxtest.Tensor, error) {
		at := make([]int64, y.Shape().TotalSize())
		s.MaxIndices(at, floats(x.Value()))
		out := &onnxtest.Tensor{Shape: y.Shape()}
		for i, v := range at {
			h, w := int(v)/s.W, int(v)%s.W
			place := h*s.W + w
			if n.Int("storage_order", 0) == 1 {
				place = w*s.H + h
			}
			out.Ints = append(out.Ints, i/y.Shape()[2:].TotalSize()*s.H*s.W+place)
		}
		return out, nil
	}
	return nil
}

func (m *onnxGraph) globalAveragePool(n *onnxtest.Node) (*G.Node, error) {
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	y, err := GlobalAvgPool(x)
	if err != nil {
		return nil, err
	}
	return Reshape(y, x.Shape()[0], x.Shape()[1], 1, 1)
}

// Shapes.

func (m *onnxGraph) flatten(n *onnxtest.Node) (*G.Node, error) {
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	axis, shape := n.Int("axis", 1), x.Shape()
	y, err := Flatten(x, axis)
	if err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += len(shape)
	}
	return Reshape(y, shape[:axis].TotalSize(), -1) // ONNX flattens what is before axis too
}

func (m *onnxGraph) reshape(n *onnxtest.Node) (*G.Node, error) {
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	to, err := m.value(n, 1)
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(to.Ints)
	for i, size := range shape {
		if size == 0 { // as in x
			shape[i] = x.Shape()[i]
		}
	}
	return Reshape(x, shape...)
}

func (m *onnxGraph) squeeze(n *onnxtest.Node) (*G.Node, error) {
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	var shape []int
	for i, size := range x.Shape() {
		if !slices.Contains(n.Ints("axes"), i) {
			shape = append(shape, size)
		}
	}
	return Reshape(x, shape...)
}

// unsqueeze of a constant is a constant.
func (m *onnxGraph) unsqueeze(n *onnxtest.Node) (*G.Node, error) {
	widen := func(shape []int) []int {
		shape = slices.Clone(shape)
		for _, axis := range n.Ints("axes") {
			shape = slices.Insert(shape, axis, 1)
		}
		return shape
	}
	if v := m.known[n.Inputs[0]]; v != nil && m.nodes[n.Inputs[0]] == nil {
		m.known[n.Outputs[0]] = &onnxtest.Tensor{Type: v.Type, Shape: widen(v.Shape), Floats: v.Floats, Ints: v.Ints}
		return nil, nil
	}
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	return Reshape(x, widen(x.Shape())...)
}

// transpose and concat are Gorgonia's own.
func (m *onnxGraph) transpose(n *onnxtest.Node) (*G.Node, error) {
	x, err := m.in(n, 0)
	if err != nil {
		return nil, err
	}
	return G.Transpose(x, n.Ints("perm")...)
}

func (m *onnxGraph) concat(n *onnxtest.Node) (*G.Node, error) {
	var in G.Nodes
	for i := range n.Inputs {
		x, err := m.in(n, i)
		if err != nil {
			return nil, err
		}
		in = append(in, x)
	}
	return G.Concat(n.Int("axis", 0), in...)
}

func (m *onnxGraph) constant(n *onnxtest.Node) (*G.Node, error) {
	m.known[n.Outputs[0]] = n.Attrs["value"].Tensor
	return nil, nil
}

func (m *onnxGraph) constantOfShape(n *onnxtest.Node) (*G.Node, error) {
	shape, err := m.value(n, 0)
	if err != nil {
		return nil, err
	}
	v := &onnxtest.Tensor{Type: onnxtest.Float, Shape: shape.Ints}
	v.Floats = make([]float32, v.Len())
	kernel.Fill(v.Floats, n.Attrs["value"].Tensor.Floats[0])
	m.known[n.Outputs[0]] = v
	return nil, nil
}

func ptr[T any](v T) *T { return &v }
