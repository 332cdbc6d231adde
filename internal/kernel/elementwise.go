package kernel

import (
	"fmt"
	"math"
)

//go:generate go run -C gen . -set elementwise -out ../elementwise_amd64.s -stubs ../elementwise_amd64.go -pkg kernel

// Add sets dst = a + b, elementwise. The slices have one length; dst may be a
// or b.
func Add(dst, a, b []float32) { runVector3(elementwise.get().add, dst, a, b) }

// Mul sets dst = a * b, elementwise. The slices have one length; dst may be a
// or b.
func Mul(dst, a, b []float32) { runVector3(elementwise.get().mul, dst, a, b) }

// Scale sets dst = s * a, elementwise. The slices have one length; dst may be
// a.
func Scale(dst, a []float32, s float32) { runScalar(elementwise.get().scale, dst, a, s) }

// Axpy adds alpha * x to dst, elementwise. The slices have one length.
func Axpy(dst []float32, alpha float32, x []float32) {
	runScalar(elementwise.get().axpy, dst, x, alpha)
}

// Clamp brings every element of a into [-limit, limit]; NaN stays NaN. The slices
// have one length; dst may be a.
func Clamp(dst, a []float32, limit float32) { runScalar(clampGo, dst, a, limit) }

// Fill sets every element of dst to v.
func Fill(dst []float32, v float32) {
	fillRegion.run(pieces(len(dst)), fillArgs{dst, v})
}

// Sum returns the sum of x, accumulated in float64; 0 for an empty x.
func Sum(x []float32) float32 { return float32(reduce(elementwise.get().sum, x, nil)) }

// SumSquares returns the sum of the squares of x, accumulated in float64. It
// is float64 because the squares of finite float32 numbers are finite there.
func SumSquares(x []float32) float64 { return reduce(elementwise.get().dot, x, x) }

// Dot returns the inner product of a and b, which have one length, accumulated
// in float64.
func Dot(a, b []float32) float64 {
	sameLength(len(a), len(b))
	return reduce(elementwise.get().dot, a, b)
}

// AddBias sets dst = x + bias for x of shape (n, c, hw) and one bias for each
// of the c channels. dst may be x. Rows of features are (n, c, 1).
func AddBias(dst, x, bias []float32, n, c, hw int) {
	sameLength(len(dst), n*c*hw)
	sameLength(len(x), n*c*hw)
	sameLength(len(bias), c)
	g := newChannelGrid(n, c, hw)
	biasRegion.run(g.blocks(), biasArgs{elementwise.get(), g, dst, x, bias})
}

// BiasGrad sets dbias to the sums of dy, of shape (n, c, hw), over everything
// but the channels, accumulated in float64. It is the gradient of AddBias with
// respect to bias.
func BiasGrad(dbias, dy []float32, n, c, hw int) {
	sameLength(len(dy), n*c*hw)
	sameLength(len(dbias), c)
	g := newChannelGrid(n, c, hw)
	partial := sums.borrow(g.rows * c)
	biasGradRegion.run(g.blocks(), biasGradArgs{elementwise.get(), g, dy, partial})
	for i := range dbias {
		s := 0.0
		for row := range g.rows {
			s += partial[row*c+i]
		}
		dbias[i] = float32(s)
	}
	sums.giveBack(partial)
}

// elementwiseKernels are the single-threaded loops of this file.
type elementwiseKernels struct {
	add, mul    func(dst, a, b []float32)
	scale, axpy func(dst, a []float32, s float32)
	shift       func(dst, a []float32, s float32)
	sum, dot    func(a, b []float32) float64 // sum does not look at b
}

var elementwise = byTier[elementwiseKernels]{Generic: {
	add: addGo, mul: mulGo, scale: scaleGo, axpy: axpyGo, shift: shiftGo, sum: sumGo, dot: dotGo,
}}

// addGo: dst[i] = a[i] + b[i]
func addGo(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// mulGo: dst[i] = a[i] * b[i]
func mulGo(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// scaleGo: dst[i] = s * a[i]
func scaleGo(dst, a []float32, s float32) {
	for i := range dst {
		dst[i] = s * a[i]
	}
}

// axpyGo: dst[i] += s * a[i]
func axpyGo(dst, a []float32, s float32) {
	for i := range dst {
		dst[i] += s * a[i]
	}
}

// clampGo: dst[i] = max(-s, min(a[i], s))
func clampGo(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = max(-s, min(v, s))
	}
}

// shiftGo: dst[i] = a[i] + s
func shiftGo(dst, a []float32, s float32) {
	for i := range dst {
		dst[i] = a[i] + s
	}
}

// sumGo: the sum of a[i]
func sumGo(a, _ []float32) float64 {
	s := 0.0
	for _, v := range a {
		s += float64(v)
	}
	return s
}

// dotGo: the sum of a[i] * b[i]
func dotGo(a, b []float32) float64 {
	s := 0.0
	for i, v := range a {
		s += float64(v) * float64(b[i])
	}
	return s
}

// sameLength panics unless a slice has the length that the others or the shape
// ask for: the loops would go wrong, and those in assembly without notice.
func sameLength(have, want int) {
	if have != want {
		panic(fmt.Sprintf("kernel: slice of length %d, want %d", have, want))
	}
}

type vector3Args struct {
	loop      func(dst, a, b []float32)
	dst, a, b []float32
}

var vector3Region = newRegion(func(v *vector3Args, piece int) {
	i, j := bounds(piece, len(v.dst))
	v.loop(v.dst[i:j], v.a[i:j], v.b[i:j])
})

// runVector3 runs a loop over three slices of one length.
func runVector3(loop func(dst, a, b []float32), dst, a, b []float32) {
	sameLength(len(a), len(dst))
	sameLength(len(b), len(dst))
	vector3Region.run(pieces(len(dst)), vector3Args{loop, dst, a, b})
}

type scalarArgs struct {
	loop   func(dst, a []float32, s float32)
	dst, a []float32
	s      float32
}

var scalarRegion = newRegion(func(v *scalarArgs, piece int) {
	i, j := bounds(piece, len(v.dst))
	v.loop(v.dst[i:j], v.a[i:j], v.s)
})

// runScalar runs a loop over two slices of one length and a number.
func runScalar(loop func(dst, a []float32, s float32), dst, a []float32, s float32) {
	sameLength(len(a), len(dst))
	scalarRegion.run(pieces(len(dst)), scalarArgs{loop, dst, a, s})
}

type fillArgs struct {
	dst []float32
	v   float32
}

var fillRegion = newRegion(func(a *fillArgs, piece int) {
	i, j := bounds(piece, len(a.dst))
	fill(a.dst[i:j], a.v)
})

// fill sets every element of dst to v. Copying what is filled already leaves
// the work to memmove.
func fill(dst []float32, v float32) {
	if math.Float32bits(v) == 0 || len(dst) == 0 { // not -0
		clear(dst)
		return
	}
	dst[0] = v
	for done := 1; done < len(dst); done *= 2 {
		copy(dst[done:], dst[:done])
	}
}

type reduceArgs struct {
	loop    func(a, b []float32) float64
	a, b    []float32
	partial []float64
}

var reduceRegion = newRegion(func(v *reduceArgs, piece int) {
	i, j := bounds(piece, len(v.a))
	b := v.b
	if b != nil {
		b = b[i:j]
	}
	v.partial[piece] = v.loop(v.a[i:j], b)
})

// reduce adds up what loop returns for the pieces of a (and b, unless nil), in
// order.
func reduce(loop func(a, b []float32) float64, a, b []float32) float64 {
	n := pieces(len(a))
	partial := sums.borrow(n)
	reduceRegion.run(n, reduceArgs{loop, a, b, partial})
	s := 0.0
	for _, v := range partial {
		s += v
	}
	sums.giveBack(partial)
	return s
}

type biasArgs struct {
	k            *elementwiseKernels
	grid         channelGrid
	dst, x, bias []float32
}

var biasRegion = newRegion(func(a *biasArgs, piece int) {
	g := &a.grid
	_, n0, n1, c0, c1 := g.block(piece)
	for n := n0; n < n1; n++ {
		if g.hw == 1 {
			i, j := n*g.c+c0, n*g.c+c1
			a.k.add(a.dst[i:j], a.x[i:j], a.bias[c0:c1])
			continue
		}
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			a.k.shift(a.dst[i:j], a.x[i:j], a.bias[c])
		}
	}
})

type biasGradArgs struct {
	k       *elementwiseKernels
	grid    channelGrid
	dy      []float32
	partial []float64 // (rows of blocks, c)
}

var biasGradRegion = newRegion(func(a *biasGradArgs, piece int) {
	g := &a.grid
	row, n0, n1, c0, c1 := g.block(piece)
	partial := a.partial[row*g.c:][:g.c]
	if g.hw == 1 {
		addColumns(partial[c0:c1], a.dy[n0*g.c+c0:], n1-n0, g.c)
		return
	}
	for n := n0; n < n1; n++ {
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			partial[c] += a.k.sum(a.dy[i:j], nil)
		}
	}
})

// addColumns adds rows that are the pitch apart to sums, one after the other. Four
// at a time are read, so that the sums are not read and written for each.
func addColumns(sums []float64, x []float32, rows, pitch int) {
	for ; rows >= 4; rows -= 4 {
		a, b := x[:len(sums)], x[pitch:][:len(sums)]
		c, d := x[2*pitch:][:len(sums)], x[3*pitch:][:len(sums)]
		for i, s := range sums {
			s += float64(a[i])
			s += float64(b[i])
			s += float64(c[i])
			sums[i] = s + float64(d[i])
		}
		x = x[min(4*pitch, len(x)):]
	}
	for r := range rows {
		for i, v := range x[r*pitch:][:len(sums)] {
			sums[i] += float64(v)
		}
	}
}
