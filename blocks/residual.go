package blocks

import (
	"strconv"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Shortcut says how a residual block brings its input to the shape of its
// output where the two differ (He et al. 2015, section 4.1).
type Shortcut string

const (
	// Projection is option B of the paper: a strided 1x1 convolution and a norm,
	// named "downsample.0" and "downsample.1".
	Projection Shortcut = "projection"
	// PadChannels is option A: every stride-th pixel, with channels of zeros on
	// both sides. It has no parameters; the CIFAR nets of the paper use it.
	PadChannels Shortcut = "pad"
)

// Residual configures one residual block, y = ReLU(F(x) + shortcut(x)).
type Residual struct {
	// Width is the number of channels of the stage: the block's output has Width
	// channels, or Width*BottleneckExpansion in a bottleneck.
	Width    int
	Stride   int // default 1
	Dilation int // default 1
	// Groups and BaseWidth make ResNeXt and wide ResNets out of a bottleneck: its
	// inner convolution has Width*BaseWidth/64*Groups channels. Defaults 1, 64.
	Groups, BaseWidth int
	Shortcut          Shortcut // default Projection
	Norm              Norm
	// ZeroInit begins the last norm of the block at zero, see Norm.ZeroInit.
	ZeroInit bool
	// Drop leaves out the convolutions of the block at random.
	Drop StochasticDepth
	Init graph.Init // of the convolutions; see Conv.Init
}

func (r Residual) withDefaults() Residual {
	r.Stride = max(r.Stride, 1)
	r.Dilation = max(r.Dilation, 1)
	r.Groups = max(r.Groups, 1)
	if r.BaseWidth == 0 {
		r.BaseWidth = 64
	}
	if r.Shortcut == "" {
		r.Shortcut = Projection
	}
	return r
}

// last is the norm that ends the block.
func (r Residual) last() Norm {
	n := r.Norm
	n.ZeroInit = r.ZeroInit
	return n
}

// Block is a residual block: Basic or Bottleneck.
type Block interface {
	// Expansion is the number of output channels for each channel of the width.
	Expansion() int
	// Emit adds the block to s.
	Emit(s *graph.Scope, x *G.Node, r Residual) *G.Node
}

// BottleneckExpansion is the ratio of a bottleneck's output to its width.
const BottleneckExpansion = 4

// Basic is the block of ResNet-18 and 34 and of the CIFAR nets: two 3x3
// convolutions.
type Basic struct{}

// Expansion is 1.
func (Basic) Expansion() int { return 1 }

// Emit adds the block: x (N, C, H, W) to (N, Width, H/Stride, W/Stride).
func (Basic) Emit(s *graph.Scope, x *G.Node, r Residual) *G.Node {
	r = r.withDefaults()
	if r.Groups != 1 || r.BaseWidth != 64 || r.Dilation != 1 {
		s.Fail(errors.New("a basic block has no groups, no base width other than 64 and no dilation"))
	}
	y := ConvNormAct{
		ConvName: "conv1", NormName: "bn1",
		Conv: Conv{Out: r.Width, Kernel: 3, Stride: r.Stride, Padding: 1, Init: r.Init},
		Norm: r.Norm,
		ReLU: true,
	}.Emit(s, x)
	return ConvNormAct{
		ConvName: "conv2", NormName: "bn2",
		Conv:     Conv{Out: r.Width, Kernel: 3, Padding: 1, Init: r.Init},
		Norm:     r.last(),
		Residual: func() *G.Node { return r.shortcut(s, x, r.Width) },
		Drop:     r.Drop,
		ReLU:     true,
	}.Emit(s, y)
}

// Bottleneck is the block of the deeper nets: 1x1 to fewer channels, 3x3, 1x1
// back to four times the width. The stride is at the 3x3 convolution, as in
// torchvision (ResNet v1.5).
type Bottleneck struct{}

// Expansion is BottleneckExpansion.
func (Bottleneck) Expansion() int { return BottleneckExpansion }

// Emit adds the block: x (N, C, H, W) to (N, 4 Width, H/Stride, W/Stride).
func (Bottleneck) Emit(s *graph.Scope, x *G.Node, r Residual) *G.Node {
	r = r.withDefaults()
	inner := r.Width * r.BaseWidth / 64 * r.Groups
	out := r.Width * BottleneckExpansion
	y := ConvNormAct{
		ConvName: "conv1", NormName: "bn1",
		Conv: Conv{Out: inner, Kernel: 1, Init: r.Init},
		Norm: r.Norm,
		ReLU: true,
	}.Emit(s, x)
	y = ConvNormAct{
		ConvName: "conv2", NormName: "bn2",
		Conv: Conv{Out: inner, Kernel: 3, Stride: r.Stride, Padding: r.Dilation, Dilation: r.Dilation, Groups: r.Groups, Init: r.Init},
		Norm: r.Norm,
		ReLU: true,
	}.Emit(s, y)
	return ConvNormAct{
		ConvName: "conv3", NormName: "bn3",
		Conv:     Conv{Out: out, Kernel: 1, Init: r.Init},
		Norm:     r.last(),
		Residual: func() *G.Node { return r.shortcut(s, x, out) },
		Drop:     r.Drop,
		ReLU:     true,
	}.Emit(s, y)
}

// shortcut brings x to out channels at the block's stride; it is x itself where
// that changes nothing.
func (r Residual) shortcut(s *graph.Scope, x *G.Node, out int) *G.Node {
	if r.Stride == 1 && channels(x) == out {
		return x
	}
	switch r.Shortcut {
	case Projection:
		return ConvNormAct{
			ConvName: "0", NormName: "1",
			Conv: Conv{Out: out, Kernel: 1, Stride: r.Stride, Init: r.Init},
			Norm: r.Norm,
		}.Emit(s.Sub("downsample"), x)
	case PadChannels:
		s = s.Sub("shortcut")
		y := s.Emit(op.ShortcutA(x, out, r.Stride))
		record(s, "ShortcutA", detail(unless("stride %d", r.Stride, 1)), x, y, 0, 0)
		return y
	}
	s.Fail(errors.Errorf("shortcut %q, want %q or %q", r.Shortcut, Projection, PadChannels))
	return nil
}

// Stage stacks n blocks, torchvision's _make_layer: the first takes r's stride
// and the dilation firstDilation, the others have stride 1 and r's dilation.
// The blocks are named "0", "1" and so on, and r.Drop is that of the first.
func Stage(s *graph.Scope, x *G.Node, b Block, n, firstDilation int, r Residual) *G.Node {
	first := r
	first.Dilation = firstDilation
	x = b.Emit(s.Sub("0"), x, first)
	r.Stride = 1
	for i := 1; i < n; i++ {
		r.Drop = r.Drop.next()
		x = b.Emit(s.Sub(strconv.Itoa(i)), x, r)
	}
	return x
}
