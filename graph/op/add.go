package op

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Add is a + b, elementwise. Where the shapes differ they are broadcast as in
// torch and numpy: aligned at the last dimension, with sizes of 1 and missing
// dimensions repeated. The gradient of an operand that was repeated is the sum
// over its repetitions. Images may be in different layouts: the result is
// blocked if one of them is.
func Add(a, b *G.Node) (*G.Node, error) {
	const name = "Add"
	if err := operands(name, a, b); err != nil {
		return nil, err
	}
	a, b, err := alike(a, b)
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	shape, err := broadcast(a.Shape(), b.Shape())
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	return apply(spec{
		name:  name,
		shape: shape,
		do:    adder(shape, a.Shape(), b.Shape()),
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in,
				func() (*G.Node, error) { return sumTo(dy, in[0], 1) },
				func() (*G.Node, error) { return sumTo(dy, in[1], 1) })
		},
	}, a, b)
}

// AddReLU is max(a + b, 0) of two nodes of one shape: the end of a residual
// block in one pass over memory. As in torch, NaN stays NaN. Layouts may differ
// as those of Add.
func AddReLU(a, b *G.Node) (*G.Node, error) {
	const name = "AddReLU"
	if err := operands(name, a, b); err != nil {
		return nil, err
	}
	a, b, err := alike(a, b)
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	if !slices.Equal(a.Shape(), b.Shape()) {
		return nil, errors.Errorf("%s: shapes %v and %v, want the same", name, a.Shape(), b.Shape())
	}
	return apply(spec{
		name:  name,
		shape: a.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			kernel.AddReLU(y.Float32s(), in[0].Float32s(), in[1].Float32s())
			return nil
		},
		grad: func(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			d, err := reluGrad(y, dy)
			if err != nil {
				return nil, err
			}
			return gradients(in,
				func() (*G.Node, error) { return sumTo(d, in[0], 1) },
				func() (*G.Node, error) { return sumTo(d, in[1], 1) })
		},
	}, a, b)
}

// operands checks the operands of a sum or product.
func operands(name string, a, b *G.Node) error {
	if err := float(name, "the first operand", a); err != nil {
		return err
	}
	return float(name, "the second operand", b)
}

// adder computes y = a + b for operands that are broadcast to shape.
func adder(shape, a, b tensor.Shape) func(y *tensor.Dense, in []*tensor.Dense) error {
	w := newWalk(shape, a, b)
	wholeA, wholeB := a.TotalSize() == shape.TotalSize(), b.TotalSize() == shape.TotalSize()
	add := func(y, a, b []float32) { addRows(w, y, a, b) }
	if n, c, hw, ok := w.channels(1); ok && wholeA {
		add = func(y, a, b []float32) { kernel.AddBias(y, a, b, n, c, hw) }
	}
	if n, c, hw, ok := w.channels(0); ok && wholeB {
		add = func(y, a, b []float32) { kernel.AddBias(y, b, a, n, c, hw) }
	}
	if wholeA && wholeB {
		add = kernel.Add
	}
	return func(y *tensor.Dense, in []*tensor.Dense) error {
		add(y.Float32s(), in[0].Float32s(), in[1].Float32s())
		return nil
	}
}

// addRows is the sum for any pattern of repetition.
func addRows(w walk, y, a, b []float32) {
	n, stepA, stepB := w.row(), w.rowStep(0), w.rowStep(1)
	w.rows(func(at int, operand []int) {
		y, i, j := y[at:at+n], operand[0], operand[1]
		for k := range y {
			y[k] = a[i] + b[j]
			i, j = i+stepA, j+stepB
		}
	})
}

// sumTo is the gradient, times scale, of an operand that was broadcast to the
// shape of dy: the sums over its repetitions.
func sumTo(dy, operand *G.Node, scale float32) (*G.Node, error) {
	from, to := dy.Shape(), operand.Shape()
	if scale == 1 && slices.Equal(from, to) {
		return handOn(dy, operand)
	}
	s := spec{name: "SumTo", attrs: fmt.Sprint(to), shape: to}
	if scale != 1 {
		s.attrs += fmt.Sprintf(", scale=%v", scale)
	}
	w := newWalk(from, to)
	n, c, hw, channels := w.channels(0)
	var sums []float64
	s.do = func(y *tensor.Dense, in []*tensor.Dense) error {
		dst, src := y.Float32s(), in[0].Float32s()
		switch {
		case len(dst) == len(src):
			copy(dst, src)
		case channels:
			kernel.BiasGrad(dst, src, n, c, hw)
		default:
			if sums == nil {
				sums = make([]float64, len(dst))
			}
			sumRows(w, dst, src, sums)
		}
		if scale != 1 {
			kernel.Scale(dst, dst, scale)
		}
		return nil
	}
	return apply(s, dy)
}

// sumRows adds up the repetitions in src of each element of dst.
func sumRows(w walk, dst, src []float32, sums []float64) {
	clear(sums)
	n, step := w.row(), w.rowStep(0)
	w.rows(func(at int, operand []int) {
		i := operand[0]
		for _, v := range src[at : at+n] {
			sums[i] += float64(v)
			i += step
		}
	})
	for i, sum := range sums {
		dst[i] = float32(sum)
	}
}

// handOn gives dy on to an operand as its gradient. An input of the graph gets
// a copy: Gorgonia may add further gradients to dy in place, on behalf of the
// other operand, before the user reads it.
func handOn(dy, operand *G.Node) (*G.Node, error) {
	if operand.Op() != nil {
		return dy, nil
	}
	return reshaped("Copy", dy, dy.Shape())
}
