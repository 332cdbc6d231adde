package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// product is y = alpha * op(a) op(b) with op(a) (m, k), op(b) (k, n) and y (m,
// n), where op transposes if told so: a single product, or a batch of them. The
// gradients of a product are products.
type product struct {
	name           string
	shape          tensor.Shape // of the result
	m, n, k        int
	transA, transB bool
	alpha          float32
	batch          []triple
}

// triple says which matrix y, in the order of memory, is the product of which a
// and b. Products of one y are added up.
type triple struct{ y, a, b int }

// single is the batch of one product.
func single() []triple { return []triple{{}} }

// addend is what a product is added to: c times beta, where c is broadcast to
// the shape of the result.
type addend struct {
	c    *G.Node // or nil
	beta float32
}

// node adds the product to the graph.
func (p product) node(a, b *G.Node, plus addend) (*G.Node, error) {
	in := withoutNil(a, b, plus.c)
	start := func([]float32, []*tensor.Dense) float32 { return 0 }
	if plus.c != nil {
		start = p.startFrom(plus)
	}
	return apply(spec{
		name:  p.name,
		attrs: p.attrs(),
		data: map[string]any{
			"trans_a": p.transA, "trans_b": p.transB, "alpha": float64(p.alpha), "beta": float64(plus.beta),
		},
		shape: p.shape,
		macs:  int64(p.m) * int64(p.n) * int64(p.k) * int64(len(p.batch)),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			p.compute(y.Float32s(), in[0].Float32s(), in[1].Float32s(), start(y.Float32s(), in))
			return nil
		},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in,
				func() (*G.Node, error) { return p.gradA(dy, in[0], in[1]) },
				func() (*G.Node, error) { return p.gradB(dy, in[0], in[1]) },
				func() (*G.Node, error) { return sumTo(dy, in[2], plus.beta) })
		},
	}, in...)
}

// startFrom fills the result with the addend and gives the factor, 1, by which
// it enters the sum.
func (p product) startFrom(plus addend) func(y []float32, in []*tensor.Dense) float32 {
	w := newWalk(p.shape, plus.c.Shape())
	n, step := w.row(), w.rowStep(0)
	return func(y []float32, in []*tensor.Dense) float32 {
		c := in[2].Float32s()
		w.rows(func(at int, operand []int) {
			i := operand[0]
			for k := range n {
				y[at+k] = plus.beta * c[i]
				i += step
			}
		})
		return 1
	}
}

func (p product) compute(y, a, b []float32, beta float32) {
	lda, ldb := p.k, p.n
	if p.transA {
		lda = p.m
	}
	if p.transB {
		ldb = p.k
	}
	seen := -1 // products of one y may be far apart, but the first ones come in order
	for _, t := range p.batch {
		into := beta
		if t.y <= seen {
			into = 1
		}
		seen = max(seen, t.y)
		kernel.Gemm(p.transA, p.transB, p.m, p.n, p.k,
			p.alpha, matrix(a, t.a, p.m*p.k), lda, matrix(b, t.b, p.k*p.n), ldb,
			into, matrix(y, t.y, p.m*p.n), p.n)
	}
}

// matrix is the one at index i of a batch of matrices of the given size.
func matrix(batch []float32, i, size int) []float32 { return batch[i*size : (i+1)*size] }

// gradA is the gradient of a: dy op(b)', transposed if a was.
func (p product) gradA(dy, a, b *G.Node) (*G.Node, error) {
	g := product{name: p.name + "Grad", shape: a.Shape(), alpha: p.alpha}
	if p.transA {
		g.m, g.n, g.k, g.transA, g.transB = p.k, p.m, p.n, p.transB, true
		g.batch = permuted(p.batch, func(t triple) triple { return triple{y: t.a, a: t.b, b: t.y} })
		return g.node(b, dy, addend{})
	}
	g.m, g.n, g.k, g.transA, g.transB = p.m, p.k, p.n, false, !p.transB
	g.batch = permuted(p.batch, func(t triple) triple { return triple{y: t.a, a: t.y, b: t.b} })
	return g.node(dy, b, addend{})
}

// gradB is the gradient of b: op(a)' dy, transposed if b was.
func (p product) gradB(dy, a, b *G.Node) (*G.Node, error) {
	g := product{name: p.name + "Grad", shape: b.Shape(), alpha: p.alpha}
	if p.transB {
		g.m, g.n, g.k, g.transA, g.transB = p.n, p.k, p.m, true, p.transA
		g.batch = permuted(p.batch, func(t triple) triple { return triple{y: t.b, a: t.y, b: t.a} })
		return g.node(dy, a, addend{})
	}
	g.m, g.n, g.k, g.transA, g.transB = p.k, p.n, p.m, !p.transA, false
	g.batch = permuted(p.batch, func(t triple) triple { return triple{y: t.b, a: t.a, b: t.y} })
	return g.node(a, dy, addend{})
}

func permuted(batch []triple, f func(triple) triple) []triple {
	var out []triple
	for _, t := range batch {
		out = append(out, f(t))
	}
	return out
}

func (p product) attrs() string {
	a := fmt.Sprintf("m=%d, n=%d, k=%d", p.m, p.n, p.k)
	if len(p.batch) > 1 {
		a += fmt.Sprintf(", batch=%d", len(p.batch))
	}
	if p.alpha != 1 {
		a += fmt.Sprintf(", alpha=%v", p.alpha)
	}
	return a
}
