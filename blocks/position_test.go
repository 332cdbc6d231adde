package blocks_test

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

func init() {
	fragments = append(fragments, []fragment{
		{
			"learned positions", tensor.Shape{2, 3, 5},
			func(s *graph.Scope, x *G.Node) *G.Node { return blocks.LearnedPositions(s, x, 8, nil) },
			tensor.Shape{2, 3, 5}, []string{"weight"},
		},
		{
			"sinusoidal positions", tensor.Shape{2, 3, 5},
			func(s *graph.Scope, x *G.Node) *G.Node { return blocks.SinusoidalPositions(s, x, 8, nil) },
			tensor.Shape{2, 3, 5}, nil,
		},
	}...)
}

// TestPositionsGoOn wants the last steps of a sequence, run alone from their
// place on, to be what they are in the whole.
func TestPositionsGoOn(t *testing.T) {
	for name, place := range map[string]func(s *graph.Scope, x *G.Node, context int, position *G.Node) *G.Node{
		"learned": blocks.LearnedPositions, "sinusoidal": blocks.SinusoidalPositions,
	} {
		params := graph.NewParams(1)
		whole := run(t, build(t, params, graph.Infer, tensor.Shape{1, 6, 4}, func(s *graph.Scope, x *G.Node) *G.Node {
			return place(s, x, 6, nil)
		}), tensor.Shape{1, 6, 4})
		g := build(t, params, graph.Infer, tensor.Shape{1, 2, 4}, func(s *graph.Scope, x *G.Node) *G.Node {
			return place(s, x, 6, s.Labels("position", 1))
		})
		p, err := graph.NewProgram(g)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		all, position := image(tensor.Shape{1, 6, 4}), []int{0}
		x := make([]float32, 8)
		p.Let("x", tensor.New(tensor.WithShape(1, 2, 4), tensor.WithBacking(x)))
		p.Let("position", tensor.New(tensor.WithShape(1), tensor.WithBacking(position)))
		for position[0] = 0; position[0] <= 4; position[0]++ {
			copy(x, all[4*position[0]:])
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			y, err := p.Output("y")
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(y.Float32s(), whole[4*position[0]:][:8]); d != 0 {
				t.Errorf("%s: from step %d on off by %g", name, position[0], d)
			}
		}
		if err := p.Run(); err == nil {
			t.Errorf("%s: no error for steps beyond the context", name)
		}
	}
}

// TestSinusoids compares a few values with those of the paper's formula.
func TestSinusoids(t *testing.T) {
	in := tensor.Shape{1, 3, 4}
	y := run(t, build(t, graph.NewParams(1), graph.Eval, in, func(s *graph.Scope, x *G.Node) *G.Node {
		return blocks.SinusoidalPositions(s, x, 3, nil)
	}), in)
	x := image(in)
	for i, want := range []float64{0, 1, 0, 1, math.Sin(1), math.Cos(1), math.Sin(0.01), math.Cos(0.01), math.Sin(2), math.Cos(2), math.Sin(0.02), math.Cos(0.02)} {
		if got := float64(y[i]) - float64(x[i]); math.Abs(got-want) > 1e-6 {
			t.Errorf("place %d, column %d: %v, want %v", i/4, i%4, got, want)
		}
	}
}
