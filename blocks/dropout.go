package blocks

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Dropout makes each value of x zero with probability p in Train graphs, and the
// others larger for it, as torch.nn.Dropout; elsewhere it is x. It draws from the
// seed of the scope, so each Dropout of a model is best in a scope of its own.
func Dropout(s *graph.Scope, x *G.Node, p float64) *G.Node {
	y := x
	if s.Mode() == graph.Train {
		y = s.Emit(op.Dropout(x, p, s.Seed()))
	}
	record(s, "Dropout", fmt.Sprintf("p=%v", p), x, y, 0, 0)
	return y
}
