package op

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// plainMatMul multiplies batches of matrices whose batch shapes, of one rank,
// are broadcast.
func plainMatMul(as, bs tensor.Shape) func(in [][]float64) []float64 {
	last := len(as) - 2
	m, k, n := as[last], as[last+1], bs[last+1]
	batch := make(tensor.Shape, last)
	for d := range batch {
		batch[d] = max(as[d], bs[d])
	}
	// which gives the matrix of s that product i of the batch takes.
	which := func(s tensor.Shape, i int) int {
		place, step := 0, 1
		for d := last - 1; d >= 0; d-- {
			if s[d] > 1 {
				place += i % batch[d] * step
			}
			step *= s[d]
			i /= batch[d]
		}
		return place
	}
	return func(in [][]float64) []float64 {
		y := make([]float64, batch.TotalSize()*m*n)
		for i := range y {
			a, b := in[0][which(as, i/(m*n))*m*k:], in[1][which(bs, i/(m*n))*k*n:]
			row, column := i/n%m, i%n
			for p := range k {
				y[i] += a[row*k+p] * b[p*n+column]
			}
		}
		return y
	}
}

func TestMatMul(t *testing.T) {
	shape := func(s ...int) tensor.Shape { return s }
	for _, c := range []struct {
		name    string
		a, b, y tensor.Shape
		fa, fb  tensor.Shape // a and b as matrices in batches of one rank
	}{
		{"matrices", shape(3, 4), shape(4, 5), shape(3, 5), shape(3, 4), shape(4, 5)},
		{"one number", shape(1, 1), shape(1, 1), shape(1, 1), shape(1, 1), shape(1, 1)},
		{"batch", shape(2, 3, 4), shape(2, 4, 5), shape(2, 3, 5), shape(2, 3, 4), shape(2, 4, 5)},
		{"two batch axes", shape(2, 3, 2, 4), shape(2, 3, 4, 3), shape(2, 3, 2, 3), shape(2, 3, 2, 4), shape(2, 3, 4, 3)},
		{"one b", shape(2, 3, 4), shape(4, 5), shape(2, 3, 5), shape(2, 3, 4), shape(1, 4, 5)},
		{"one b of rank 3", shape(2, 3, 4), shape(1, 4, 5), shape(2, 3, 5), shape(2, 3, 4), shape(1, 4, 5)},
		{"one a", shape(3, 4), shape(2, 4, 5), shape(2, 3, 5), shape(1, 3, 4), shape(2, 4, 5)},
		{"broadcast both ways", shape(3, 1, 2, 4), shape(2, 4, 2), shape(3, 2, 2, 2), shape(3, 1, 2, 4), shape(1, 2, 4, 2)},
		{"broadcast outside", shape(2, 2, 3), shape(3, 2, 3, 2), shape(3, 2, 2, 2), shape(1, 2, 2, 3), shape(3, 2, 3, 2)},
		{"vectors", shape(5), shape(5), shape(), shape(1, 5), shape(5, 1)},
		{"vector times matrix", shape(4), shape(4, 3), shape(3), shape(1, 4), shape(4, 3)},
		{"matrix times vector", shape(3, 4), shape(4), shape(3), shape(3, 4), shape(4, 1)},
		{"vector times batch", shape(4), shape(2, 4, 3), shape(2, 3), shape(1, 1, 4), shape(2, 4, 3)},
		{"batch times vector", shape(2, 3, 4), shape(4), shape(2, 3), shape(2, 3, 4), shape(1, 4, 1)},
	} {
		checkOp(t, opCase{
			name: c.name,
			in:   []*tensor.Dense{random(1, c.a...), random(2, c.b...)},
			op: func(in G.Nodes) (*G.Node, error) {
				y, err := MatMul(in[0], in[1])
				if err == nil && !slices.Equal(y.Shape(), c.y) {
					t.Fatalf("%s: the result has shape %v, want %v", c.name, y.Shape(), c.y)
				}
				return y, err
			},
			ref: plainMatMul(c.fa, c.fb),
		})
	}
}

func TestMatMulErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{4, 5}, tensor.Shape{2, 3, 4}, tensor.Shape{3, 4, 5}, tensor.Shape{2})
	_, err := MatMul(in[0], in[1])
	wantError(t, err, "MatMul: (2, 3) times (4, 5), want the inner sizes 3 and 4 equal")
	_, err = MatMul(in[2], in[3])
	wantError(t, err, "MatMul: ", "cannot be broadcast")
	_, err = MatMul(in[4], in[1])
	wantError(t, err, "MatMul: ", "2 and 4")
	_, err = MatMul(nil, in[1])
	wantError(t, err, "MatMul: the first operand is nil")
	_, err = MatMul(in[0], nil)
	wantError(t, err, "MatMul: the second operand is nil")
	_, err = MatMul(G.NewScalar(in[0].Graph(), tensor.Float32, G.WithName("s")), in[0])
	wantError(t, err, "MatMul: ", "want no scalars")
}
