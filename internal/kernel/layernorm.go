package kernel

import "math"

//go:generate go run -C gen . -set layernorm -out ../layernorm_amd64.s -stubs ../layernorm_amd64.go -pkg kernel

// LayerNorm normalises each of some rows by its own mean and biased variance, as
// torch.nn.LayerNorm does over the last axis. Both are exact to the rounding of
// float64, whatever the mean, and a row of equal values becomes 0.
type LayerNorm struct {
	Rows, E int     // an array is Rows*E values, row by row
	Eps     float64 // added to the variance
}

// Forward sets y = norm(x + residual) * weight + bias. The arrays y, x and
// residual are (Rows, E), weight and bias (E); residual, weight and bias may be
// nil. y may be x or residual.
func (n LayerNorm) Forward(y, x, residual, weight, bias []float32) {
	n.check(y, x, residual, weight, bias)
	rows := n.atOnce()
	layerNormRegion.run(ceilDiv(n.Rows, rows), layerNormArgs{
		n: n, y: y, x: x, residual: residual, weight: weight, bias: bias, rows: rows,
	})
}

// Backward sets dx to the gradient of x, which is that of residual too, from the
// gradient dy of y, all of shape (Rows, E), and dweight and dbias, of shape (E),
// to those of weight and bias. residual and weight are those of Forward; dweight
// and dbias may both be nil. dx may be dy.
func (n LayerNorm) Backward(dx, dweight, dbias, x, residual, dy, weight []float32) {
	n.check(dx, x, residual, weight, dbias)
	n.check(dy, x, nil, dweight, nil)
	a := layerNormArgs{n: n, y: dx, x: x, residual: residual, weight: weight, dy: dy}
	const most = 64 // pieces, each of which has sums of its own
	a.rows = max(n.atOnce(), ceilDiv(n.Rows, most))
	pieces := ceilDiv(n.Rows, a.rows)
	if dweight != nil {
		a.sums = scratch.borrow(pieces * 2 * n.E)
	}
	layerNormGradRegion.run(pieces, a)
	if dweight != nil {
		const columns = len(layerNormWork{}.wide)
		layerNormSumRegion.run(ceilDiv(2*n.E, columns), layerNormSumArgs{a.sums, dweight, dbias, pieces})
		scratch.giveBack(a.sums)
	}
}

// atOnce returns how many rows make a piece of work: one goes over a row several
// times.
func (n LayerNorm) atOnce() int { return max(grain/4/max(n.E, 1), 1) }

// check panics unless the arrays fit the shape.
func (n LayerNorm) check(y, x, residual, weight, bias []float32) {
	sameLength(len(y), n.Rows*n.E)
	sameLength(len(x), n.Rows*n.E)
	if residual != nil {
		sameLength(len(residual), n.Rows*n.E)
	}
	for _, p := range [][]float32{weight, bias} {
		if p != nil {
			sameLength(len(p), n.E)
		}
	}
}

// layerNormArgs are those of a pass; y is dx in the backward pass.
type layerNormArgs struct {
	n                            LayerNorm
	y, x, residual, weight, bias []float32
	dy                           []float32
	sums                         []float32 // [piece][2][E], of weight and of bias; or nil
	rows                         int       // of a piece
}

var layerNormRegion = newRegion(func(a *layerNormArgs, piece int) {
	w := takeLayerNormWork(a)
	for row := piece * a.rows; row < min((piece+1)*a.rows, a.n.Rows); row++ {
		w.forward(a, row)
	}
	w.end()
})

var layerNormGradRegion = newRegion(func(a *layerNormArgs, piece int) {
	w := takeLayerNormWork(a)
	total := part(a.sums, piece*2*a.n.E, (piece+1)*2*a.n.E)
	clear(total)
	clear(w.sums)
	first, end := piece*a.rows, min((piece+1)*a.rows, a.n.Rows)
	for row := first; row < end; row++ {
		w.backward(a, row)
		// Sums of sums lose less to rounding than one long sum.
		const most = 32
		if done := row + 1 - first; total != nil && (done%most == 0 || row+1 == end) {
			w.e.add(total, total, w.sums)
			clear(w.sums)
		}
	}
	w.end()
})

type layerNormSumArgs struct {
	sums           []float32 // [piece][2][E]
	dweight, dbias []float32
	pieces         int
}

// layerNormSumRegion adds up the pieces' sums of some columns.
var layerNormSumRegion = newRegion(func(a *layerNormSumArgs, piece int) {
	w := layerNormWorks.take()
	e := len(a.dweight)
	first := piece * len(w.wide)
	total := w.wide[:min(len(w.wide), 2*e-first)]
	clear(total)
	for p := range a.pieces {
		for i, v := range a.sums[p*2*e+first:][:len(total)] {
			total[i] += float64(v)
		}
	}
	for i, v := range total {
		if at := first + i; at < e {
			a.dweight[at] = float32(v)
		} else if a.dbias != nil {
			a.dbias[at-e] = float32(v)
		}
	}
	layerNormWorks.put(w)
})

// A layerNormWork is what one works with on a row.
type layerNormWork struct {
	k *layerNormKernels
	e *elementwiseKernels

	weight, bias []float32 // those given, or ones and zeros
	row          []float32 // x + residual
	sums         []float32 // of weight and of bias, for the rows since the last time they were taken
	ones, zeros  []float32
	norm         rowNorm // of the row at hand
	wide         [256]float64
}

var layerNormWorks spares[layerNormWork]

// takeLayerNormWork returns one to be put back to layerNormWorks.
func takeLayerNormWork(a *layerNormArgs) *layerNormWork {
	w, e := layerNormWorks.take(), a.n.E
	w.k, w.e = layerNorms.get(), elementwise.get()
	if cap(w.row) < e {
		w.row, w.sums, w.ones, w.zeros = make([]float32, e), make([]float32, 2*e), make([]float32, e), make([]float32, e)
		fill(w.ones, 1)
	}
	w.row, w.sums, w.weight, w.bias = w.row[:e], w.sums[:2*e], a.weight, a.bias
	if w.weight == nil {
		w.weight = w.ones[:e]
	}
	if w.bias == nil {
		w.bias = w.zeros[:e]
	}
	return w
}

// end puts the work back and keeps nobody's memory alive.
func (w *layerNormWork) end() {
	w.weight, w.bias = nil, nil
	layerNormWorks.put(w)
}

// measure returns the given row of x + residual and what it is normalised by.
func (w *layerNormWork) measure(a *layerNormArgs, row int) (x []float32, r *rowNorm) {
	e := a.n.E
	r = &w.norm
	x = a.x[row*e:][:e]
	var sum float64
	if a.residual != nil {
		sum = w.k.addSum(w.row, x, a.residual[row*e:][:e])
		x = w.row
	} else {
		sum = w.e.sum(x, nil)
	}
	mean := sum / float64(e)
	variance := w.k.deviations(x, mean) / float64(e)
	r.mean = float32(mean)
	r.rest = float32(mean - float64(r.mean))
	r.scale = float32(1 / math.Sqrt(variance+a.n.Eps))
	return x, r
}

func (w *layerNormWork) forward(a *layerNormArgs, row int) {
	x, r := w.measure(a, row)
	w.k.affine(a.y[row*a.n.E:][:a.n.E], x, w.weight, w.bias, r)
}

func (w *layerNormWork) backward(a *layerNormArgs, row int) {
	e := a.n.E
	x, r := w.measure(a, row)
	dy := a.dy[row*e:][:e]
	sum, product := w.k.products(w.sums[:e], w.sums[e:], x, dy, w.weight, r)
	r.sum, r.product = float32(sum/float64(e)), float32(product/float64(e))
	w.k.inputGrad(a.y[row*e:][:e], x, dy, w.weight, r)
}
