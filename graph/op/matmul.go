package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// MatMul is the matrix product as torch.matmul and numpy.matmul: (M, K) times
// (K, N) is (M, N). Dimensions before those two are a batch and are broadcast.
// A vector on the left is a row, one on the right a column, and that dimension
// is dropped from the result; two vectors make a scalar.
func MatMul(a, b *G.Node) (*G.Node, error) {
	const name = "MatMul"
	if err := operands(name, a, b); err != nil {
		return nil, err
	}
	as, bs := a.Shape(), b.Shape()
	if as.Dims() == 0 || bs.Dims() == 0 {
		return nil, errors.Errorf("%s: shapes %v and %v, want no scalars", name, as, bs)
	}
	batchA, m, k := matrices(as, tensor.Shape{1, as[0]})
	batchB, kb, n := matrices(bs, tensor.Shape{bs[0], 1})
	if k != kb {
		return nil, errors.Errorf("%s: %v times %v, want the inner sizes %d and %d equal", name, as, bs, k, kb)
	}
	batch, err := broadcast(batchA, batchB)
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	shape := batch
	if as.Dims() > 1 {
		shape = append(shape, m)
	}
	if bs.Dims() > 1 {
		shape = append(shape, n)
	}
	p := product{name: name, shape: shape, m: m, n: n, k: k, alpha: 1, batch: single()}
	if batchB.TotalSize() == 1 {
		p.m *= batchA.TotalSize() // all rows of a meet the same b
	} else {
		p.batch = triples(batch, batchA, batchB)
	}
	return p.node(a, b, addend{})
}

// matrices takes the shape of a batch of matrices apart; vector is the matrix
// to take for a vector.
func matrices(s, vector tensor.Shape) (batch tensor.Shape, rows, columns int) {
	if s.Dims() == 1 {
		s = vector
	}
	last := s.Dims() - 2
	return slices.Clone(s[:last]), s[last], s[last+1]
}

// triples lists the products of a batch.
func triples(batch, a, b tensor.Shape) (list []triple) {
	w := newWalk(batch, a, b)
	w.rows(func(at int, operand []int) {
		for i := range w.row() {
			list = append(list, triple{at + i, operand[0] + i*w.rowStep(0), operand[1] + i*w.rowStep(1)})
		}
	})
	return list
}
