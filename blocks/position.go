package blocks

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// LearnedPositions adds a learned vector for its place to every step of x (N, T,
// E), with T at most context: parameter "weight" (context, E), drawn from a normal
// distribution of deviation 0.02 (Radford et al. 2018). position, an int node of
// shape (1) or nil for 0, is the place of the first step: generation goes on where
// the run before ended.
func LearnedPositions(s *graph.Scope, x *G.Node, context int, position *G.Node) *G.Node {
	e := features(x)
	y := s.Emit(op.AddPositions(x, s.Param("weight", graph.Normal(0, 0.02), context, e), position))
	record(s, "LearnedPositions", contextOf(context), x, y, context*e, 0)
	return y
}

// SinusoidalPositions is LearnedPositions with a fixed table of waves, which is no
// part of the state (Vaswani et al. 2017, "Attention is all you need", section
// 3.5): sin in the even columns, cos in the odd ones.
func SinusoidalPositions(s *graph.Scope, x *G.Node, context int, position *G.Node) *G.Node {
	y := s.Emit(op.AddSinusoids(x, context, position))
	record(s, "SinusoidalPositions", contextOf(context), x, y, 0, 0)
	return y
}

func contextOf(context int) string { return fmt.Sprintf("context %d", context) }
