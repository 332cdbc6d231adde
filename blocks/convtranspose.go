package blocks

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// ConvTranspose configures a transposed convolution, as torch.nn.ConvTranspose2d.
type ConvTranspose struct {
	Out           int // output channels
	Kernel        int // height and width
	Stride        int // default 1
	Padding       int // cut off on every side
	OutputPadding int // added at the bottom and on the right
	// Bias adds one. Convolutions before a norm have none.
	Bias bool
	// Init draws the weight; default graph.Default, as torch's. A bias begins as
	// torch's too, which takes Out*Kernel*Kernel for the fan-in.
	Init graph.Init
}

func (c ConvTranspose) withDefaults() ConvTranspose {
	c.Stride = max(c.Stride, 1)
	if c.Init == nil {
		c.Init = graph.Default
	}
	return c
}

func (c ConvTranspose) String() string {
	return detail(
		fmt.Sprintf("%dx%d", c.Kernel, c.Kernel),
		unless("stride %d", c.Stride, 1),
		unless("padding %d", c.Padding, 0),
		unless("output padding %d", c.OutputPadding, 0),
	)
}

// ConvTranspose2d is a transposed convolution of x (N, C, H, W) with the parameters
// "weight" (C, Out, Kernel, Kernel) and, with Bias, "bias" (Out).
func ConvTranspose2d(s *graph.Scope, x *G.Node, c ConvTranspose) *G.Node {
	c = c.withDefaults()
	in, fan := channels(x), c.Out*c.Kernel*c.Kernel
	w := s.Param("weight", c.Init, in, c.Out, c.Kernel, c.Kernel)
	params := in * fan
	var bias *G.Node
	if c.Bias {
		bias, params = s.ParamNoDecay("bias", graph.UniformFanIn(fan), c.Out), params+c.Out
	}
	o := op.ConvTranspose2dOptions{
		Stride:        [2]int{c.Stride, c.Stride},
		Padding:       [2]int{c.Padding, c.Padding},
		OutputPadding: [2]int{c.OutputPadding, c.OutputPadding},
		NoInputGrad:   s.IsData(x),
	}
	if s.Err() != nil {
		return nil
	}
	x = s.Emit(op.ForConvTranspose2d(x, w, o))
	y := s.Emit(op.ConvTranspose2d(x, w, bias, o))
	if y != nil {
		at := shape(x)
		record(s, "ConvTranspose2d", c.String(), x, y, params, int64(in*fan)*int64(at[0]*at[2]*at[3]))
	}
	return y
}

// ConvTransposeNormAct is the unit of networks that make images: a transposed
// convolution, then, if wanted, a norm and a ReLU.
type ConvTransposeNormAct struct {
	// ConvName and NormName are the names of the two parts in the scope. An empty
	// NormName is for no norm.
	ConvName, NormName string
	Conv               ConvTranspose
	Norm               Norm
	// ReLU ends the unit with max(·, 0).
	ReLU bool
}

// Emit adds the unit to s.
func (u ConvTransposeNormAct) Emit(s *graph.Scope, x *G.Node) *G.Node {
	y := ConvTranspose2d(s.Sub(u.ConvName), x, u.Conv)
	switch {
	case u.NormName != "":
		norm, n := s.Sub(u.NormName), u.Norm.withDefaults()
		return normalise(norm, y, n, normParams(norm, channels(y), n), nil, u.ReLU)
	case u.ReLU:
		return ReLU.Emit(s, y)
	}
	return y
}
