package kernel

import "math"

// Softmax sets y = exp(x) / sum(exp(x)) along the middle axis of x, of shape
// (outer, n, inner). The largest entry is subtracted first, so nothing
// overflows; a line with NaN or +Inf, or of -Inf only, becomes NaN, as in
// torch. y may be x.
func Softmax(y, x []float32, outer, n, inner int) {
	runSoftmax(softmaxStrip, y, x, nil, outer, n, inner)
}

// SoftmaxGrad sets dx = y * (dy - sum(dy * y)) for the output y of Softmax. dx
// may be y or dy.
func SoftmaxGrad(dx, y, dy []float32, outer, n, inner int) {
	runSoftmax(softmaxGradStrip, dx, y, dy, outer, n, inner)
}

// LogSoftmax sets y = x - log(sum(exp(x))) along the middle axis of x, of shape
// (outer, n, inner). y may be x.
func LogSoftmax(y, x []float32, outer, n, inner int) {
	runSoftmax(logSoftmaxStrip, y, x, nil, outer, n, inner)
}

// LogSoftmaxGrad sets dx = dy - exp(y) * sum(dy) for the output y of
// LogSoftmax. dx may be y or dy.
func LogSoftmaxGrad(dx, y, dy []float32, outer, n, inner int) {
	runSoftmax(logSoftmaxGradStrip, dx, y, dy, outer, n, inner)
}

// strip is how many neighbouring lines along the middle axis are worked on
// together, so that memory is read in runs where inner is large.
const strip = 64

// A stripFunc works on w <= strip lines of n entries that begin at index at,
// inner apart: entry k of line j has index at + k*inner + j.
type stripFunc func(dst, a, b []float32, at, n, inner, w int)

type softmaxArgs struct {
	strip           stripFunc
	dst, a, b       []float32
	outer, n, inner int
	lines           int // in a piece
}

// runSoftmax runs f over all lines of an (outer, n, inner) array. Lines are
// numbered outer*inner; those of one strip share the outer index.
func runSoftmax(f stripFunc, dst, a, b []float32, outer, n, inner int) {
	sameLength(len(dst), outer*n*inner)
	sameLength(len(a), len(dst))
	if b != nil {
		sameLength(len(b), len(dst))
	}
	if len(dst) == 0 {
		return
	}
	lines := softmaxLines(n)
	softmaxRegion.run((outer*inner+lines-1)/lines, softmaxArgs{f, dst, a, b, outer, n, inner, lines})
}

// softmaxLines returns how many lines of n entries make a piece of work. exp
// makes an entry cost some ten times what it costs in a plain loop.
func softmaxLines(n int) int { return max(grain/8/max(n, 1), 1) }

var softmaxRegion = newRegion(func(s *softmaxArgs, piece int) {
	end := min((piece+1)*s.lines, s.outer*s.inner)
	for line := piece * s.lines; line < end; {
		o, i := line/s.inner, line%s.inner
		w := min(strip, s.inner-i, end-line)
		s.strip(s.dst, s.a, s.b, o*s.n*s.inner+i, s.n, s.inner, w)
		line += w
	}
})

// stripMax sets m to the largest entry of each line. A NaN is not found here:
// it makes the sum NaN.
func stripMax(m, x []float32, at, n, inner int) {
	copy(m, x[at:])
	for k := 1; k < n; k++ {
		for j, v := range x[at+k*inner:][:len(m)] {
			if v > m[j] {
				m[j] = v
			}
		}
	}
}

// stripSumExp sets sum to the sum of exp(x - m) of each line.
func stripSumExp(sum []float64, m, x []float32, at, n, inner int) {
	clear(sum)
	for k := range n {
		for j, v := range x[at+k*inner:][:len(m)] {
			sum[j] += float64(exp32(v - m[j]))
		}
	}
}

// exp32 is exp, rounded to float32.
func exp32(v float32) float32 { return float32(math.Exp(float64(v))) }

func softmaxStrip(y, x, _ []float32, at, n, inner, w int) {
	var most [strip]float32
	var total [strip]float64
	m, sum := most[:w], total[:w]
	stripMax(m, x, at, n, inner)
	for k := range n {
		row, from := y[at+k*inner:][:w], x[at+k*inner:][:w]
		for j, v := range from {
			e := exp32(v - m[j])
			sum[j] += float64(e)
			row[j] = e
		}
	}
	for j, s := range sum {
		m[j] = float32(1 / s)
	}
	for k := range n {
		row := y[at+k*inner:][:w]
		for j := range row {
			row[j] *= m[j]
		}
	}
}

func softmaxGradStrip(dx, y, dy []float32, at, n, inner, w int) {
	var total [strip]float64
	sum := total[:w]
	for k := range n {
		g := dy[at+k*inner:][:w]
		for j, v := range y[at+k*inner:][:w] {
			sum[j] += float64(v) * float64(g[j])
		}
	}
	for k := range n {
		d, p, g := dx[at+k*inner:][:w], y[at+k*inner:][:w], dy[at+k*inner:][:w]
		for j := range d {
			d[j] = p[j] * (g[j] - float32(sum[j]))
		}
	}
}

func logSoftmaxStrip(y, x, _ []float32, at, n, inner, w int) {
	var most [strip]float32
	var total [strip]float64
	m, sum := most[:w], total[:w]
	stripMax(m, x, at, n, inner)
	stripSumExp(sum, m, x, at, n, inner)
	for j, s := range sum {
		sum[j] = math.Log(s)
	}
	for k := range n {
		row, from := y[at+k*inner:][:w], x[at+k*inner:][:w]
		for j, v := range from {
			row[j] = float32(float64(v-m[j]) - sum[j])
		}
	}
}

func logSoftmaxGradStrip(dx, y, dy []float32, at, n, inner, w int) {
	var total [strip]float64
	sum := total[:w]
	for k := range n {
		for j, v := range dy[at+k*inner:][:w] {
			sum[j] += float64(v)
		}
	}
	for k := range n {
		d, l, g := dx[at+k*inner:][:w], y[at+k*inner:][:w], dy[at+k*inner:][:w]
		for j := range d {
			d[j] = g[j] - exp32(l[j])*float32(sum[j])
		}
	}
}
