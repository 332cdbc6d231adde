package op

import (
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// broadcast is the shape of an elementwise result of a and b by the rule of
// numpy and torch: shapes are aligned at their last dimension, and a dimension
// that is missing or 1 is repeated to the size of the other.
func broadcast(a, b tensor.Shape) (tensor.Shape, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	y := a.Clone()
	for i, size := range b {
		switch at := &y[len(a)-len(b)+i]; {
		case *at == 1:
			*at = size
		case size != 1 && size != *at:
			return nil, errors.Errorf("shapes %v and %v cannot be broadcast", a, b)
		}
	}
	return y, nil
}

// A walk goes through the elements of a shape, in order, row by row, and tells
// where the elements of operands are that are broadcast to that shape.
type walk struct {
	sizes []int
	steps [][]int // of each operand, at each dimension; 0 where it is repeated
}

// newWalk goes through shape along with operands of the given shapes.
// Dimensions are merged where every operand runs through both, or repeats in
// both: rows become as long as possible.
func newWalk(shape tensor.Shape, operands ...tensor.Shape) walk {
	full := make([][]int, len(operands))
	for i, s := range operands {
		full[i] = steps(shape, s)
	}
	w := walk{steps: make([][]int, len(operands))}
	for d, size := range shape {
		if size == 1 {
			continue
		}
		last := len(w.sizes) - 1
		merge := last >= 0
		for i := range operands {
			merge = merge && w.steps[i][last] == full[i][d]*size
		}
		if !merge {
			w.sizes = append(w.sizes, 1)
			for i := range w.steps {
				w.steps[i] = append(w.steps[i], 0)
			}
			last++
		}
		w.sizes[last] *= size
		for i := range w.steps {
			w.steps[i][last] = full[i][d]
		}
	}
	if len(w.sizes) == 0 { // a single element
		w.sizes = []int{1}
		for i := range w.steps {
			w.steps[i] = []int{1}
		}
	}
	return w
}

// steps is how far apart in operand s the neighbours of each dimension of shape
// are.
func steps(shape, s tensor.Shape) []int {
	steps := make([]int, len(shape))
	step := 1
	for d := len(s) - 1; d >= 0; d-- {
		if s[d] != 1 {
			steps[len(shape)-len(s)+d] = step
		}
		step *= s[d]
	}
	return steps
}

// row is the number of elements of a row, and rowStep how far apart they are in
// an operand: 1, or 0 where it is repeated.
func (w walk) row() int                { return w.sizes[len(w.sizes)-1] }
func (w walk) rowStep(operand int) int { return w.steps[operand][len(w.sizes)-1] }

// rows calls f for each row in order with its place in the shape and in each
// operand. f must not keep the slice.
func (w walk) rows(f func(at int, operand []int)) {
	outer := len(w.sizes) - 1
	index, operand := make([]int, outer), make([]int, len(w.steps))
	for at := 0; ; at += w.row() {
		f(at, operand)
		d := outer - 1
		for ; d >= 0; d-- {
			index[d]++
			for i := range operand {
				operand[i] += w.steps[i][d]
			}
			if index[d] < w.sizes[d] {
				break
			}
			for i := range operand {
				operand[i] -= w.steps[i][d] * index[d]
			}
			index[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// channels reports whether the operand is a vector of c elements that is
// repeated before and behind, as a bias is over the channels of an image: the
// shape is then (n, c, hw) and the operand (c).
func (w walk) channels(operand int) (n, c, hw int, ok bool) {
	n, c, hw = 1, 1, 1
	sizes, s := w.sizes, w.steps[operand]
	if len(s) > 1 && s[0] == 0 {
		n, sizes, s = sizes[0], sizes[1:], s[1:]
	}
	if len(s) > 0 && s[0] > 0 {
		c, sizes, s = sizes[0], sizes[1:], s[1:]
	}
	if len(s) > 0 && s[0] == 0 {
		hw, s = sizes[0], s[1:]
	}
	return n, c, hw, len(s) == 0
}
