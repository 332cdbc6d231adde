package graph_test

import (
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

func TestNames(t *testing.T) {
	g, err := graph.Build(graph.NewParams(1), graph.Eval, func(s *graph.Scope) {
		x, a := s.Input("x", 2), s.Input("a", 2)
		s.Output("z", s.Sub("part").Sub("1").Emit(op.Add(x, a)))
		s.Output("b", x)
	})
	if err != nil {
		t.Fatal(err)
	}
	if in := g.Inputs(); len(in) != 2 || in[0].Name() != "x" || in[1].Name() != "a" {
		t.Errorf("inputs are %v, want x and a", in)
	}
	if out := g.Outputs(); !slices.Equal(out, []string{"b", "z"}) {
		t.Errorf("outputs are %v, want b and z", out)
	}
	if where := g.Where(g.Output("z")); where != "part.1" {
		t.Errorf("z is in %q, want part.1", where)
	}
}
