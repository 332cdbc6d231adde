package blocks

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Conv configures a convolution, as torch.nn.Conv2d.
type Conv struct {
	Out      int // output channels
	Kernel   int // height and width
	Stride   int // default 1
	Padding  int // on every side
	Dilation int // default 1
	Groups   int // default 1
	// Bias adds one. Convolutions before a norm have none.
	Bias bool
	// Init draws the weight; default graph.KaimingNormalFanOut, as torchvision's
	// ResNets. A bias begins as torch's, uniform in ±1/sqrt(fan_in).
	Init graph.Init
}

func (c Conv) withDefaults() Conv {
	c.Stride = max(c.Stride, 1)
	c.Dilation = max(c.Dilation, 1)
	c.Groups = max(c.Groups, 1)
	if c.Init == nil {
		c.Init = graph.KaimingNormalFanOut
	}
	return c
}

func (c Conv) String() string {
	return detail(
		fmt.Sprintf("%dx%d", c.Kernel, c.Kernel),
		unless("stride %d", c.Stride, 1),
		unless("padding %d", c.Padding, 0),
		unless("dilation %d", c.Dilation, 1),
		unless("groups %d", c.Groups, 1),
	)
}

// Norm configures batch normalisation, as torch.nn.BatchNorm2d.
type Norm struct {
	Eps      float64 // default 1e-5
	Momentum float64 // default 0.1, the weight of the new batch
	// ZeroInit begins with a scale of 0 instead of 1: for the last norm of a
	// residual block, so that the block begins as the identity (Goyal et al.
	// 2017, "Accurate, large minibatch SGD", section 5.1).
	ZeroInit bool
	// Init draws the scale, if ZeroInit is not set; default graph.Ones.
	Init graph.Init
}

func (n Norm) withDefaults() Norm {
	if n.Eps == 0 {
		n.Eps = 1e-5
	}
	if n.Momentum == 0 {
		n.Momentum = 0.1
	}
	return n
}

// Conv2d is a convolution with the parameters "weight" (Out, C/Groups, Kernel,
// Kernel) and, with Bias, "bias" (Out).
func Conv2d(s *graph.Scope, x *G.Node, c Conv) *G.Node { return convolve(s, x, c, false) }

// ConvReLU is Conv2d and a ReLU, in an Infer graph one operation.
func ConvReLU(s *graph.Scope, x *G.Node, c Conv) *G.Node { return convolve(s, x, c, true) }

func convolve(s *graph.Scope, x *G.Node, c Conv, relu bool) *G.Node {
	c = c.withDefaults()
	w, bias := convParams(s, x, c)
	o := convOptions(s, x, c)
	x = forConv(s, x, c, &o)
	var y *G.Node
	if s.Mode() == graph.Infer {
		y = s.Emit(op.Conv2dInfer(x, w, bias, op.Conv2dInferOptions{Conv2dOptions: o, ReLU: relu}))
	} else if y = s.Emit(op.Conv2d(x, w, bias, o)); relu {
		y = ReLU.Emit(s, y)
	}
	recordConv(s, c, x, y)
	return y
}

// forConv brings x into the layout that is best for a convolution and sets the
// option that asks for that of the result.
func forConv(s *graph.Scope, x *G.Node, c Conv, o *op.Conv2dOptions) *G.Node {
	if s.Err() != nil {
		return nil
	}
	y, isBlocked, err := op.ForConv2d(x, c.Out, c.Groups)
	o.Blocked = isBlocked
	return s.Emit(y, err)
}

func convParams(s *graph.Scope, x *G.Node, c Conv) (w, bias *G.Node) {
	in := channels(x)
	if s.Err() == nil && in%c.Groups != 0 {
		s.Fail(errors.Errorf("%d groups do not divide %d input channels", c.Groups, in))
	}
	w = s.Param("weight", c.Init, c.Out, in/c.Groups, c.Kernel, c.Kernel)
	if c.Bias {
		bias = s.ParamNoDecay("bias", graph.UniformFanIn(in/c.Groups*c.Kernel*c.Kernel), c.Out)
	}
	return w, bias
}

func convOptions(s *graph.Scope, x *G.Node, c Conv) op.Conv2dOptions {
	return op.Conv2dOptions{
		Stride:      [2]int{c.Stride, c.Stride},
		Padding:     [2]int{c.Padding, c.Padding},
		Dilation:    [2]int{c.Dilation, c.Dilation},
		Groups:      c.Groups,
		NoInputGrad: s.IsData(x),
	}
}

func recordConv(s *graph.Scope, c Conv, x, y *G.Node) {
	if y == nil {
		return
	}
	weights := c.Out * channels(x) / c.Groups * c.Kernel * c.Kernel
	out := shape(y)
	macs := int64(weights) * int64(out[0]*out[2]*out[3])
	params := weights
	if c.Bias {
		params += c.Out
	}
	record(s, "Conv2d", c.String(), x, y, params, macs)
}

// BatchNorm2d normalises every channel, then scales and shifts it: parameters
// "weight" and "bias", buffers "running_mean" and "running_var", all (C). Ioffe
// and Szegedy 2015.
func BatchNorm2d(s *graph.Scope, x *G.Node, n Norm) *G.Node {
	n = n.withDefaults()
	return normalise(s, x, n, normParams(s, channels(x), n), nil, false)
}

// normalise emits the norm, and with it the sum with a residual, unless that is
// nil, and the ReLU.
func normalise(s *graph.Scope, x *G.Node, n Norm, p *op.Norm, residual *G.Node, relu bool) *G.Node {
	norm := op.BatchNormEval
	if s.NormByBatch("weight", "bias", "running_mean", "running_var") {
		norm = op.BatchNormTrain
	}
	if s.FixedStatistics() {
		n.Momentum = math.SmallestNonzeroFloat64 // 0 is the default
	}
	y := s.Emit(norm(x, p.Weight, p.Bias, p.RunningMean, p.RunningVar,
		op.BatchNormOptions{Eps: n.Eps, Momentum: n.Momentum, Residual: residual, ReLU: relu}))
	recordNorm(s, x, y)
	return y
}

func normParams(s *graph.Scope, c int, n Norm) *op.Norm {
	scale := graph.Ones
	switch {
	case n.ZeroInit:
		scale = graph.Zeros
	case n.Init != nil:
		scale = n.Init
	}
	return &op.Norm{
		Weight:      s.ParamNoDecay("weight", scale, c),
		Bias:        s.ParamNoDecay("bias", graph.Zeros, c),
		RunningMean: s.Buffer("running_mean", graph.Zeros, c),
		RunningVar:  s.Buffer("running_var", graph.Ones, c),
		Eps:         n.Eps,
	}
}

func recordNorm(s *graph.Scope, x, y *G.Node) {
	record(s, "BatchNorm2d", "", x, y, 2*channels(x), 0)
}

// ConvNormAct is the unit of all the networks here: a convolution and its norm,
// then, if wanted, the sum with a residual and the activation.
type ConvNormAct struct {
	// ConvName and NormName are the names of the two parts in the scope: "conv1"
	// and "bn1" in torchvision's ResNets, "0" and "1" in a torch.nn.Sequential.
	ConvName, NormName string
	Conv               Conv
	Norm               Norm
	// Residual, if set, emits what is added to the output of the norm. It is
	// called after the unit has defined its own parameters: in PyTorch's state
	// dicts the shortcut of a block comes last.
	Residual func() *G.Node
	// Drop leaves out everything but the residual at random.
	Drop StochasticDepth
	// ReLU ends the unit with max(·, 0).
	ReLU bool
}

// Emit adds the unit to s. In an Infer graph all of it is one operation.
func (u ConvNormAct) Emit(s *graph.Scope, x *G.Node) *G.Node {
	if s.Mode() == graph.Infer {
		return u.emitFused(s, x)
	}
	y := Conv2d(s.Sub(u.ConvName), x, u.Conv)
	norm, n := s.Sub(u.NormName), u.Norm.withDefaults()
	p := normParams(norm, channels(y), n)
	var residual *G.Node
	if u.Residual != nil {
		residual = u.Residual()
	}
	if u.Drop.P != 0 && u.Residual != nil && s.Mode() == graph.Train {
		y = normalise(norm, y, n, p, nil, false)
		y = u.Drop.join(s, norm, y, residual, u.ReLU)
	} else {
		y = normalise(norm, y, n, p, residual, u.ReLU)
	}
	u.Drop.record(s, y)
	return y
}

func (u ConvNormAct) emitFused(s *graph.Scope, x *G.Node) *G.Node {
	c, n := u.Conv.withDefaults(), u.Norm.withDefaults()
	conv, norm := s.Sub(u.ConvName), s.Sub(u.NormName)
	w, bias := convParams(conv, x, c)
	o := op.Conv2dInferOptions{
		Conv2dOptions: convOptions(s, x, c),
		Norm:          normParams(norm, c.Out, n),
		ReLU:          u.ReLU,
	}
	x = forConv(s, x, c, &o.Conv2dOptions)
	if u.Residual != nil {
		o.Residual = u.Residual()
	}
	fused, err := op.Conv2dInfer(x, w, bias, o)
	y := conv.EmitAs(norm, fused, err)
	recordConv(conv, c, x, y)
	recordNorm(norm, y, y)
	u.Drop.record(s, y)
	return y
}
