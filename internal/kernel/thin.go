package kernel

// thin is a product C = alpha*A*B' with few rows of A, as that of a linear layer
// at a small batch size. Every value of B is used so seldom that packing it
// would take longer than the product: the rows of A and B are multiplied as they
// lie in memory.
type thin struct {
	m, n, k       int
	alpha         float32
	a, b, c       []float32
	lda, ldb, ldc int
	accumulate    bool // add to C
	rows          int  // of B in a piece
}

const (
	thinMost  = 8       // rows of A
	thinDepth = 64      // at least for each row up to the fourth, so that the time goes into the inner loop
	thinGrain = 1 << 15 // values of B in a piece, about: they stay in the second-level cache for all rows of A
)

// isThin reports whether a product of this size is better done without packing.
func isThin(transA, transB bool, m, n, k int) bool {
	return !transA && transB && m <= thinMost && n >= maxLanes && k >= thinDepth*min(m, 4)
}

var thinRegion = newRegion((*thin).piece)

func (g thin) compute() {
	g.rows = max(maxLanes, thinGrain/g.k)
	if g.n*g.k < 1<<14 {
		g.rows = g.n // not worth waking anybody
	}
	thinRegion.run(ceilDiv(g.n, g.rows), g)
}

// thinWork multiplies some rows of A, at most as many as the kernel takes, with
// as many rows of B as it takes at once.
type thinWork struct {
	dotArgs
	kernel        *dotKernel
	count, beside int  // rows of A and of B
	swapped       bool // the kernel's columns are the rows of A
	columns       [maxLanes]int64
	result        [2 * maxLanes]float32
}

var idleThinWork spares[thinWork]

// piece computes the products with some rows of B.
func (g *thin) piece(piece int) {
	w := idleThinWork.take()
	begin := piece * g.rows
	end := min(begin+g.rows, g.n)
	for i := 0; i < g.m; i += w.count {
		w.choose(g, g.m-i)
		for j := begin; j < end; j += w.beside {
			g.multiply(w, i, j, min(j+w.beside, end))
		}
	}
	w.a, w.b, w.off, w.sums = nil, nil, nil, nil // keeps nobody's memory alive
	idleThinWork.put(w)
}

// choose takes a kernel for so many rows of A: one whose rows they fill, or else
// one with rows of B, if there is more than one of A.
func (w *thinWork) choose(g *thin, left int) {
	kernels := dotSets.get().kernels
	best := len(kernels) - 1
	for best > 0 && kernels[best-1].rows <= left {
		best--
	}
	w.swapped = kernels[best].rows == 1 && left > 1
	if w.swapped {
		best = 0
	}
	k := &kernels[best]
	ld := g.ldb
	w.count, w.beside, w.stride = k.rows, k.columns, 4*g.lda
	if w.swapped {
		ld = g.lda
		w.count, w.beside, w.stride = min(left, k.columns), k.rows, 4*g.ldb
	}
	for v := range k.columns {
		w.columns[v] = int64(4 * ld * v)
		if w.swapped {
			w.columns[v] = int64(4 * ld * min(v, w.count-1)) // a row that exists, whatever comes of it
		}
	}
	w.kernel, w.vectors = k, g.k/k.lanes
}

// multiply computes columns [j, end) of C in the rows of A from i on. At the end
// of B it begins with rows that were there before.
func (g *thin) multiply(w *thinWork, i, j, end int) {
	first := min(j, g.n-w.beside)
	w.a, w.b = &g.a[i*g.lda], &g.b[first*g.ldb]
	stepA, stepB := w.kernel.columns, 1
	if w.swapped {
		w.a, w.b = w.b, w.a
		stepA, stepB = 1, w.kernel.columns
	}
	clear(w.result[:w.kernel.rows*w.kernel.columns])
	w.off, w.sums, w.runs = &w.columns[0], &w.result[0], 1
	w.kernel.run(&w.dotArgs)
	for r := range w.count {
		c, at := g.c[(i+r)*g.ldc:][j:end], r*stepA+(j-first)*stepB
		if done := w.vectors * w.kernel.lanes; done < g.k {
			g.finish(w.result[at:], stepB, g.a[(i+r)*g.lda:][:g.k], j, end, done)
		}
		for q, old := range c {
			sum := g.alpha * w.result[at]
			if at += stepB; g.accumulate {
				sum += old
			}
			c[q] = sum
		}
	}
}

// finish adds the products from the done-th on, less than a vector of them, of
// row a of A and rows [j, end) of B to every step-th of sums.
func (g *thin) finish(sums []float32, step int, a []float32, j, end, done int) {
	for q := j; q < end; q++ {
		for p, v := range g.b[q*g.ldb:][done:g.k] {
			sums[(q-j)*step] += a[done+p] * v
		}
	}
}
