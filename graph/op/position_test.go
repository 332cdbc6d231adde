package op

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// placed is x (n, t, e) with the rows of a table added from the given place on.
func placed(x, table []float64, t, e, first int) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v + table[(first+i/e%t)*e+i%e]
	}
	return y
}

func TestAddPositions(t *testing.T) {
	checkOp(t, opCase{
		name: "from 0",
		in:   []*tensor.Dense{random(1, 2, 3, 5), random(2, 4, 5)},
		op:   func(in G.Nodes) (*G.Node, error) { return AddPositions(in[0], in[1], nil) },
		ref:  func(in [][]float64) []float64 { return placed(in[0], in[1], 3, 5, 0) },
	})
	for _, first := range []int{0, 1, 4} {
		checkOp(t, opCase{
			name: "going on",
			in:   []*tensor.Dense{random(1, 2, 3, 5), random(2, 7, 5), ints([]int{first}, 1)},
			op:   func(in G.Nodes) (*G.Node, error) { return AddPositions(in[0], in[1], in[2]) },
			ref:  func(in [][]float64) []float64 { return placed(in[0], in[1], 3, 5, first) },
		})
	}
}

func TestAddSinusoids(t *testing.T) {
	const context, e = 9, 5
	table := make([]float64, context*e)
	for place := range context {
		for i := range e {
			angle := float64(place) / math.Pow(10000, float64(i/2*2)/e)
			table[place*e+i] = []float64{math.Sin(angle), math.Cos(angle)}[i%2]
		}
	}
	checkOp(t, opCase{
		name: "from 0",
		in:   []*tensor.Dense{random(1, 2, 3, e)},
		op:   func(in G.Nodes) (*G.Node, error) { return AddSinusoids(in[0], context, nil) },
		ref:  func(in [][]float64) []float64 { return placed(in[0], table, 3, e, 0) },
	})
	checkOp(t, opCase{
		name: "going on",
		in:   []*tensor.Dense{random(1, 2, 3, e), ints([]int{6}, 1)},
		op:   func(in G.Nodes) (*G.Node, error) { return AddSinusoids(in[0], context, in[1]) },
		ref:  func(in [][]float64) []float64 { return placed(in[0], table, 3, e, 6) },
	})
}

func TestPositionErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3, 5}, tensor.Shape{4, 5}, tensor.Shape{2, 5}, tensor.Shape{4, 6}, tensor.Shape{1})
	x, table := in[0], in[1]
	two := G.NewTensor(x.Graph(), tensor.Int, 1, G.WithShape(2), G.WithName("two"))
	_, err := AddPositions(nil, table, nil)
	wantError(t, err, "AddPositions", "input is nil")
	_, err = AddPositions(x, nil, nil)
	wantError(t, err, "AddPositions", "table is nil")
	_, err = AddPositions(table, table, nil)
	wantError(t, err, "AddPositions", "(4, 5)", "(N, T, E)")
	_, err = AddPositions(x, in[2], nil)
	wantError(t, err, "AddPositions", "3 steps", "context of 2")
	_, err = AddPositions(x, in[3], nil)
	wantError(t, err, "AddPositions", "table has shape (4, 6)", "(context, 5)")
	_, err = AddPositions(x, table, in[4])
	wantError(t, err, "AddPositions", "position (in4) is float32, want int")
	_, err = AddPositions(x, table, two)
	wantError(t, err, "AddPositions", "position has shape (2), want (1)")
	_, err = AddSinusoids(x, 2, nil)
	wantError(t, err, "AddSinusoids", "3 steps", "context of 2")
	_, err = AddSinusoids(x, 0, nil)
	wantError(t, err, "AddSinusoids", "context 0")
	_, err = AddSinusoids(table, 9, nil)
	wantError(t, err, "AddSinusoids", "(N, T, E)")
	for _, first := range []int{-1, 2} {
		r := compile(t, func(in G.Nodes) (*G.Node, error) { return AddPositions(in[0], in[1], in[2]) },
			[]*tensor.Dense{random(1, 2, 3, 5), random(2, 4, 5), ints([]int{first}, 1)}, nil)
		wantError(t, oneLine(r.vm.RunAll()), "AddPositions: position", "3 steps, want places 0 to 3")
	}
}

func TestPositionsAllocateNothing(t *testing.T) {
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return AddPositions(in[0], in[1], in[2]) },
		[]*tensor.Dense{random(1, 32, 64, 32), random(2, 128, 32), ints([]int{5}, 1)}, []bool{true, true, false})
}
