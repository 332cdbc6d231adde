package blocks_test

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

func init() {
	fragments = append(fragments, []fragment{
		{
			"layer norm", tensor.Shape{2, 3, 5},
			func(s *graph.Scope, x *G.Node) *G.Node { return blocks.LayerNorm(s, x, 1e-6) },
			tensor.Shape{2, 3, 5}, []string{"weight", "bias"},
		},
		{
			"layer norm of a sum", tensor.Shape{2, 3, 5},
			func(s *graph.Scope, x *G.Node) *G.Node { return blocks.LayerNormOfSum(s, x, x, 0) },
			tensor.Shape{2, 3, 5}, []string{"weight", "bias"},
		},
	}...)
}
