package blocks

import (
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// LayerNorm normalises every vector along the last axis of x (..., E), then
// scales and shifts it, as torch.nn.LayerNorm: parameters "weight" and "bias",
// both (E). An eps of 0 is 1e-5. Ba et al. 2016.
func LayerNorm(s *graph.Scope, x *G.Node, eps float64) *G.Node {
	return LayerNormOfSum(s, x, nil, eps)
}

// LayerNormOfSum is LayerNorm of x + residual, in one operation: what ends a part
// of a post-norm Transformer. A nil residual is left out.
func LayerNormOfSum(s *graph.Scope, x, residual *G.Node, eps float64) *G.Node {
	return normaliseRows(s, x, residual, layerNormParams(s, features(x)), eps)
}

func layerNormParams(s *graph.Scope, e int) affine {
	return affine{s.ParamNoDecay("weight", graph.Ones, e), s.ParamNoDecay("bias", graph.Zeros, e)}
}

// normaliseRows is LayerNormOfSum with parameters that are there already.
func normaliseRows(s *graph.Scope, x, residual *G.Node, p affine, eps float64) *G.Node {
	y := s.Emit(op.LayerNorm(x, p.weight, p.bias, op.LayerNormOptions{Eps: eps, Residual: residual}))
	record(s, "LayerNorm", "", x, y, 2*features(x), 0)
	return y
}
