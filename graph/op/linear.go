package op

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Linear is x w' + bias, as torch.nn.Linear: x (N, in), w (out, in), bias (out)
// or nil; the result is (N, out). As in torch, x may have any number of
// dimensions before the last.
func Linear(x, w, bias *G.Node) (*G.Node, error) {
	const name = "Linear"
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	if err := argument(name, "weight", w, 2, "(out, in)"); err != nil {
		return nil, err
	}
	xs, ws := x.Shape(), w.Shape()
	last := xs.Dims() - 1
	if last < 0 || xs[last] != ws[1] {
		return nil, errors.Errorf("%s: input has shape %v, want (N, %d) for weight %v", name, xs, ws[1], ws)
	}
	if err := checkBias(name, bias, ws[0]); err != nil {
		return nil, err
	}
	return product{
		name:  name,
		shape: append(xs[:last:last], ws[0]),
		m:     xs[:last].TotalSize(), n: ws[0], k: ws[1],
		transB: true,
		alpha:  1,
		batch:  single(),
	}.node(x, w, addend{bias, 1})
}

// GemmOptions are the attributes of Gemm.
type GemmOptions struct {
	Alpha, Beta    float32 // 0, the default, means 1
	TransA, TransB bool    // use the transpose of a, of b
}

// Gemm is alpha * a b + beta * c of matrices: a (M, K), b (K, N), each of them
// transposed if the options say so, and c, which may be nil, of any shape that
// can be broadcast to the result's (M, N). It is ONNX's operator Gemm.
func Gemm(a, b, c *G.Node, o GemmOptions) (*G.Node, error) {
	const name = "Gemm"
	if err := argument(name, "the first matrix", a, 2, matrixShape("M", "K", o.TransA)); err != nil {
		return nil, err
	}
	if err := argument(name, "the second matrix", b, 2, matrixShape("K", "N", o.TransB)); err != nil {
		return nil, err
	}
	m, k := oriented(a.Shape(), o.TransA)
	kb, n := oriented(b.Shape(), o.TransB)
	if k != kb {
		return nil, errors.Errorf("%s: (%d, %d) times (%d, %d), want the inner sizes equal", name, m, k, kb, n)
	}
	shape := tensor.Shape{m, n}
	if c != nil {
		if err := float(name, "the addend", c); err != nil {
			return nil, err
		}
		if s, err := broadcast(shape, c.Shape()); err != nil || !s.Eq(shape) {
			return nil, errors.Errorf("%s: the addend has shape %v, want one that can be broadcast to %v", name, c.Shape(), shape)
		}
	}
	return product{
		name:  name,
		shape: shape,
		m:     m, n: n, k: k,
		transA: o.TransA, transB: o.TransB,
		alpha: oneIfZero(o.Alpha),
		batch: single(),
	}.node(a, b, addend{c, oneIfZero(o.Beta)})
}

func oriented(s tensor.Shape, transposed bool) (rows, columns int) {
	if transposed {
		return s[1], s[0]
	}
	return s[0], s[1]
}

func matrixShape(rows, columns string, transposed bool) string {
	if transposed {
		rows, columns = columns, rows
	}
	return "(" + rows + ", " + columns + ")"
}

func oneIfZero(v float32) float32 {
	if v == 0 {
		return 1
	}
	return v
}
