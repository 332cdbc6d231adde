package blocks

import (
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Stem configures the first layers of a network: a convolution, norm and ReLU,
// and a max pool.
type Stem struct {
	Out, Kernel, Stride, Padding int
	// Pool is the window of the max pool, with PoolStride and PoolPadding; 0 for
	// none.
	Pool, PoolStride, PoolPadding int
	Norm                          Norm
	Init                          graph.Init
}

// Emit adds the stem, with the names "conv1" and "bn1".
func (t Stem) Emit(s *graph.Scope, x *G.Node) *G.Node {
	x = ConvNormAct{
		ConvName: "conv1", NormName: "bn1",
		Conv: Conv{Out: t.Out, Kernel: t.Kernel, Stride: t.Stride, Padding: t.Padding, Init: t.Init},
		Norm: t.Norm,
		ReLU: true,
	}.Emit(s, x)
	if t.Pool == 0 {
		return x
	}
	return MaxPool2d(s.Sub("maxpool"), x, t.Pool, t.PoolStride, t.PoolPadding)
}

// MaxPool2d takes the largest value of each square window, as
// torch.nn.MaxPool2d.
func MaxPool2d(s *graph.Scope, x *G.Node, kernel, stride, padding int) *G.Node {
	y := s.Emit(op.MaxPool2d(x, op.Pool2dOptions{
		Kernel:  [2]int{kernel, kernel},
		Stride:  [2]int{stride, stride},
		Padding: [2]int{padding, padding},
	}))
	record(s, "MaxPool2d", detail(unless("kernel %d", kernel, 0), unless("stride %d", stride, 1), unless("padding %d", padding, 0)), x, y, 0, 0)
	return y
}
