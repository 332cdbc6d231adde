package blocks

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Linear is x·Wᵀ + b, as torch.nn.Linear: x (N, in) to (N, out), parameters
// "weight" (out, in) and "bias" (out), both drawn uniformly in ±1/sqrt(in). There
// may be more axes before the last, (N, T, in) to (N, T, out); four dimensions are
// those of images, which want Flatten first.
func Linear(s *graph.Scope, x *G.Node, out int) *G.Node {
	if s.Err() == nil && (len(shape(x)) < 2 || isImage(x)) {
		s.Fail(errors.Errorf("linear layer: input %v, want (N, features)", shape(x)))
	}
	return linear(s, x, linearParams(s, graph.Default, features(x), out))
}

// affine holds weight and bias of a linear layer, or those of a norm.
type affine struct{ weight, bias *G.Node }

// linearParams are those of Linear, the weight drawn by init.
func linearParams(s *graph.Scope, init graph.Init, in, out int) affine {
	return affine{s.Param("weight", init, out, in), s.ParamNoDecay("bias", graph.UniformFanIn(in), out)}
}

// linear is Linear with parameters that are there already.
func linear(s *graph.Scope, x *G.Node, p affine) *G.Node {
	y := s.Emit(op.Linear(x, p.weight, p.bias))
	in, out := features(x), features(y)
	recordLinear(s, in, out, (in+1)*out, x, y)
	return y
}

func recordLinear(s *graph.Scope, in, out, params int, x, y *G.Node) {
	if y != nil {
		rows := y.Shape().TotalSize() / out
		record(s, "Linear", fmt.Sprintf("%d → %d", in, out), x, y, params, int64(in*out*rows))
	}
}

// GlobalAvgPool averages each channel over the image: (N, C, H, W) to (N, C),
// torch's AdaptiveAvgPool2d(1) and flatten.
func GlobalAvgPool(s *graph.Scope, x *G.Node) *G.Node {
	y := s.Emit(op.GlobalAvgPool(x))
	record(s, "GlobalAvgPool", "", x, y, 0, 0)
	return y
}

// Flatten makes one vector of each image: (N, C, H, W) to (N, C*H*W), as
// torch.nn.Flatten.
func Flatten(s *graph.Scope, x *G.Node) *G.Node {
	if s.Err() != nil {
		return nil
	}
	if _, blocked := op.ImageShape(x); blocked {
		x = s.Emit(op.ToPlanar(x))
	}
	return s.Emit(op.Flatten(x, 1))
}

// Unflatten makes an image of each vector: (N, C*H*W) to (N, C, H, W), as
// torch.nn.Unflatten.
func Unflatten(s *graph.Scope, x *G.Node, c, h, w int) *G.Node {
	if s.Err() != nil {
		return nil
	}
	return s.Emit(op.Reshape(x, x.Shape()[0], c, h, w))
}

// Head ends a classifier: global average pool and a linear layer named "fc",
// (N, C, H, W) to the logits (N, classes).
func Head(s *graph.Scope, x *G.Node, classes int) *G.Node {
	return Linear(s.Sub("fc"), GlobalAvgPool(s.Sub("avgpool"), x), classes)
}
