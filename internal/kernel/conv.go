package kernel

import (
	"fmt"

	"github.com/pkg/errors"
)

// ConvShape is the shape of a two-dimensional convolution (cross-correlation,
// as in PyTorch) of x (N, C, H, W) with weights (K, C/Groups, KH, KW) into
// y (N, K, OH, OW). All of it must be set: strides, dilations and Groups are 1
// where there is nothing special, paddings 0.
type ConvShape struct {
	N, C, H, W int // images, input channels in all, input height and width
	K          int // output channels in all
	KH, KW     int // height and width of the window

	StrideH, StrideW                     int
	PadTop, PadLeft, PadBottom, PadRight int // zeros around the input
	DilationH, DilationW                 int // distance of two neighbouring taps
	Groups                               int // must divide C and K
}

// Validate returns an error if no convolution has this shape.
func (s ConvShape) Validate() error {
	switch {
	case s.N < 1 || s.C < 1 || s.H < 1 || s.W < 1:
		return errors.Errorf("convolution: input sizes must be at least 1, found (%d, %d, %d, %d)", s.N, s.C, s.H, s.W)
	case s.K < 1:
		return errors.Errorf("convolution: expected at least 1 output channel, found %d", s.K)
	case s.KH < 1 || s.KW < 1:
		return errors.Errorf("convolution: the window must be at least 1x1, found %dx%d", s.KH, s.KW)
	case s.StrideH < 1 || s.StrideW < 1:
		return errors.Errorf("convolution: strides must be at least 1, found %dx%d", s.StrideH, s.StrideW)
	case s.DilationH < 1 || s.DilationW < 1:
		return errors.Errorf("convolution: dilations must be at least 1, found %dx%d", s.DilationH, s.DilationW)
	case s.PadTop < 0 || s.PadLeft < 0 || s.PadBottom < 0 || s.PadRight < 0:
		return errors.Errorf("convolution: paddings must not be negative, found top %d, left %d, bottom %d, right %d",
			s.PadTop, s.PadLeft, s.PadBottom, s.PadRight)
	case s.Groups < 1 || s.C%s.Groups != 0 || s.K%s.Groups != 0:
		return errors.Errorf("convolution: groups must divide %d input and %d output channels, found %d", s.C, s.K, s.Groups)
	}
	if h, w := s.padded(); s.spanH() > h || s.spanW() > w {
		return errors.Errorf("convolution: the window spans %dx%d, but the padded input is only %dx%d", s.spanH(), s.spanW(), h, w)
	}
	return nil
}

// Out returns the height and width of the output of a valid shape.
func (s ConvShape) Out() (oh, ow int) {
	h, w := s.padded()
	return (h-s.spanH())/s.StrideH + 1, (w-s.spanW())/s.StrideW + 1
}

func (s ConvShape) padded() (h, w int) {
	return s.H + s.PadTop + s.PadBottom, s.W + s.PadLeft + s.PadRight
}

// spanH and spanW return the size of the dilated window.
func (s ConvShape) spanH() int { return (s.KH-1)*s.DilationH + 1 }
func (s ConvShape) spanW() int { return (s.KW-1)*s.DilationW + 1 }

// inLen, outLen and weightLen return the number of values of x, y and w.
func (s ConvShape) inLen() int     { return s.N * s.C * s.H * s.W }
func (s ConvShape) outLen() int    { oh, ow := s.Out(); return s.N * s.K * oh * ow }
func (s ConvShape) weightLen() int { return s.K * (s.C / s.Groups) * s.KH * s.KW }

// Epilogue is what Forward does to the sums before it stores them:
// y = relu(conv(x) + Bias + Residual), each part only if set.
type Epilogue struct {
	Bias     []float32 // (K), or nil
	Residual []float32 // as the output, or nil; may be y itself
	ReLU     bool      // max(0, .), which keeps NaN
}

// Layout says how the images of a convolution lie in memory.
type Layout int

// The layouts. In the blocked one (see [Block]) the channels of every image come in
// whole blocks. So do those of every group, unless groups have 1, 2, 4 or 8
// channels and lead to as many.
const (
	Planar  Layout = iota // (N, C, H, W) to (N, K, OH, OW)
	Blocked               // (N, C/Block, H, W, Block) to (N, K/Block, OH, OW, Block)
	Entry                 // (N, C, H, W) to (N, K/Block, OH, OW, Block)
)

// Conv is a plan for convolutions of one shape and layout: it has chosen how to compute
// them and owns the packed weights and the scratch memory. After the first
// call of a method its further calls allocate nothing. A Conv is not for
// concurrent use; it spreads its own work with [Parallel].
type Conv struct {
	shape ConvShape
	algorithm
}

// algorithm is one way to compute convolutions of one shape. Lengths of the
// slices are checked before.
type algorithm interface {
	pack(w []float32)
	packedLen() int
	room() []float32
	forward(y, x []float32, e Epilogue)
	compute(y, x, w []float32, e Epilogue)
	inputGrad(dx, dy, w, bias []float32) // bias may be nil
	weightGrad(dw, x, dy []float32)
	name(p Pass) string
}

// Pass is one of the three things that a plan computes.
type Pass int

// The passes.
const (
	Forward Pass = iota
	InputGrad
	WeightGrad
)

// NewConv returns a plan for shape s on the current tier, or the error of
// s.Validate. The channels must suit the layout, see [ConvShape.Suits].
func NewConv(s ConvShape, l Layout) (*Conv, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if !s.Suits(l) {
		return nil, errors.Errorf("convolution: %d input and %d output channels in %d groups are not whole blocks of %d", s.C, s.K, s.Groups, Block)
	}
	c := &Conv{shape: s}
	switch l {
	case Blocked:
		c.algorithm = newBlocked(s)
	case Entry:
		c.algorithm = newEntry(s)
	default:
		c.algorithm = choosePlanar(s)
	}
	return c, nil
}

// Suits reports whether there is a plan for a valid shape in that layout.
func (s ConvShape) Suits(l Layout) bool {
	switch l {
	case Blocked:
		return s.C%(s.Groups*Block) == 0 && s.K%(s.Groups*Block) == 0 || s.narrowGroups() > 0
	case Entry:
		return s.Groups == 1 && s.K%Block == 0
	}
	return true
}

// Algorithm names how a pass is computed: "1x1", "direct", "grouped",
// "Winograd F(4x4, 3x3)".
func (c *Conv) Algorithm(p Pass) string { return c.name(p) }

// Pack brings weights w (K, C/Groups, KH, KW) into the order that Forward
// reads. It must be called before the first Forward and whenever w has changed;
// w itself is not kept.
func (c *Conv) Pack(w []float32) {
	checkLen("Pack", "weights", len(w), c.shape.weightLen())
	c.pack(w)
}

// Forward computes y from x, the packed weights and the epilogue. y must not
// overlap x. Here and below images are in the plan's layout.
func (c *Conv) Forward(y, x []float32, e Epilogue) {
	c.checkForward("Forward", y, x, e)
	c.forward(y, x, e)
}

// Compute is Pack and Forward with weights w that change from call to call: they
// are packed in memory that all plans share. What Pack has stored may be lost.
func (c *Conv) Compute(y, x, w []float32, e Epilogue) {
	c.checkForward("Compute", y, x, e)
	checkLen("Compute", "weights", len(w), c.shape.weightLen())
	c.compute(y, x, w, e)
}

func (c *Conv) checkForward(method string, y, x []float32, e Epilogue) {
	checkLen(method, "x", len(x), c.shape.inLen())
	checkLen(method, "y", len(y), c.shape.outLen())
	if e.Bias != nil {
		checkLen(method, "bias", len(e.Bias), c.shape.K)
	}
	if e.Residual != nil {
		checkLen(method, "residual", len(e.Residual), c.shape.outLen())
	}
}

// InputGrad overwrites dx with the gradient of the input, from dy and the
// weights w (K, C/Groups, KH, KW). It does not read what Pack has stored.
func (c *Conv) InputGrad(dx, dy, w []float32) { c.Transpose(dx, dy, w, nil) }

// Transpose computes the transposed convolution, from y to x: InputGrad, with a
// bias (C) added to the result unless that is nil.
func (c *Conv) Transpose(x, y, w, bias []float32) {
	checkLen("Transpose", "x", len(x), c.shape.inLen())
	checkLen("Transpose", "y", len(y), c.shape.outLen())
	checkLen("Transpose", "weights", len(w), c.shape.weightLen())
	if bias != nil {
		checkLen("Transpose", "bias", len(bias), c.shape.C)
	}
	c.inputGrad(x, y, w, bias)
}

// WeightGrad overwrites dw (K, C/Groups, KH, KW) with the gradient of the
// weights, from x and dy. It sums in an order that
// depends on the shape alone. A NaN or an infinity in x or dy may spread from
// the gradients that depend on it to those of other taps of the same pair of
// channels.
func (c *Conv) WeightGrad(dw, x, dy []float32) {
	checkLen("WeightGrad", "dw", len(dw), c.shape.weightLen())
	checkLen("WeightGrad", "x", len(x), c.shape.inLen())
	checkLen("WeightGrad", "dy", len(dy), c.shape.outLen())
	c.weightGrad(dw, x, dy)
}

func checkLen(method, name string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("kernel: Conv.%s: expected %d values of %s, found %d", method, want, name, got))
	}
}
