package op

import (
	"fmt"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestSelect(t *testing.T) {
	for _, s := range []tensor.Shape{{1, 1}, {3, 4}, {2, 3, 5}, {4, 1, 2, 3}} {
		size := s[1:].TotalSize()
		for i := range s[0] {
			checkOp(t, opCase{
				name: fmt.Sprintf("part %d of %v", i, s),
				in:   []*tensor.Dense{random(1, s...)},
				op:   func(in G.Nodes) (*G.Node, error) { return Select(in[0], i) },
				ref:  func(in [][]float64) []float64 { return in[0][i*size:][:size] },
			})
		}
	}
}

func TestStack(t *testing.T) {
	for _, s := range []tensor.Shape{{1}, {4}, {2, 3}, {2, 1, 5}} {
		for _, n := range []int{1, 2, 5} {
			var in []*tensor.Dense
			for i := range n {
				in = append(in, random(uint64(i), s...))
			}
			checkOp(t, opCase{
				name: fmt.Sprintf("%d of %v", n, s),
				in:   in,
				op:   func(in G.Nodes) (*G.Node, error) { return Stack(in...) },
				ref:  func(in [][]float64) []float64 { return slices.Concat(in...) },
			})
		}
	}
}

// A value may be stacked more than once, beside parts of itself.
func TestStackOfSharedValues(t *testing.T) {
	checkOp(t, opCase{
		name: "shared",
		in:   []*tensor.Dense{random(1, 2, 3), random(2, 3)},
		op: func(in G.Nodes) (*G.Node, error) {
			part, err := Select(in[0], 1)
			if err != nil {
				return nil, err
			}
			return Stack(part, in[1], part, in[1])
		},
		ref: func(in [][]float64) []float64 { return slices.Concat(in[0][3:], in[1], in[0][3:], in[1]) },
	})
}

func TestStackErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{3, 2}, tensor.Shape{2})
	_, err := Select(nil, 0)
	wantError(t, err, "Select", "input is nil")
	for _, i := range []int{-1, 2} {
		_, err = Select(in[0], i)
		wantError(t, err, "Select", "(2, 3)")
	}
	_, err = Select(in[2], 0)
	wantError(t, err, "Select", "(2)", "(L, ...)")
	_, err = Stack()
	wantError(t, err, "Stack", "no inputs")
	_, err = Stack(in[0], nil)
	wantError(t, err, "Stack", "input is nil")
	_, err = Stack(in[0], in[1])
	wantError(t, err, "Stack", "(2, 3) and (3, 2)")
}
