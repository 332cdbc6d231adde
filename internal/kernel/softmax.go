package kernel

import "math"

//go:generate go run -C gen . -set softmax -out ../softmax_amd64.s -stubs ../softmax_amd64.go -pkg kernel

// Softmax sets y = exp(x) / sum(exp(x)) along the middle axis of x, of shape
// (outer, n, inner). The largest entry is subtracted first, so nothing
// overflows; a line with NaN or +Inf, or of -Inf only, becomes NaN, as in
// torch. y may be x.
func Softmax(y, x []float32, outer, n, inner int) {
	runSoftmax(softmaxOp{(*softmaxWork).softmaxLine, (*softmaxWork).softmaxStrip}, y, x, nil, outer, n, inner)
}

// SoftmaxGrad sets dx = y * (dy - sum(dy * y)) for the output y of Softmax. dx
// may be y or dy.
func SoftmaxGrad(dx, y, dy []float32, outer, n, inner int) {
	runSoftmax(softmaxOp{(*softmaxWork).softmaxGradLine, (*softmaxWork).softmaxGradStrip}, dx, y, dy, outer, n, inner)
}

// LogSoftmax sets y = x - log(sum(exp(x))) along the middle axis of x, of shape
// (outer, n, inner). y may be x.
func LogSoftmax(y, x []float32, outer, n, inner int) {
	runSoftmax(softmaxOp{(*softmaxWork).logSoftmaxLine, (*softmaxWork).logSoftmaxStrip}, y, x, nil, outer, n, inner)
}

// LogSoftmaxGrad sets dx = dy - exp(y) * sum(dy) for the output y of
// LogSoftmax. dx may be y or dy.
func LogSoftmaxGrad(dx, y, dy []float32, outer, n, inner int) {
	runSoftmax(softmaxOp{(*softmaxWork).logSoftmaxGradLine, (*softmaxWork).logSoftmaxGradStrip}, dx, y, dy, outer, n, inner)
}

// A softmaxOp works on lines along the middle axis of an array: on one line,
// where inner is 1 and its entries are neighbours, or on a strip of w lines
// whose entries of the same number are: entry k of line j has index
// at + k*inner + j.
type softmaxOp struct {
	line  func(s *softmaxWork, dst, a, b []float32)
	strip func(s *softmaxWork, dst, a, b []float32, at, n, inner, w int)
}

type softmaxArgs struct {
	op              softmaxOp
	dst, a, b       []float32
	outer, n, inner int
	lines           int // in a piece
}

// runSoftmax runs op over all lines of an (outer, n, inner) array.
func runSoftmax(op softmaxOp, dst, a, b []float32, outer, n, inner int) {
	sameLength(len(dst), outer*n*inner)
	sameLength(len(a), len(dst))
	if b != nil {
		sameLength(len(b), len(dst))
	}
	if len(dst) == 0 {
		return
	}
	lines := softmaxLines(n)
	softmaxRegion.run((outer*inner+lines-1)/lines, softmaxArgs{op, dst, a, b, outer, n, inner, lines})
}

// softmaxLines returns how many lines of n entries make a piece of work. exp
// makes an entry cost some four times what it costs in a plain loop.
func softmaxLines(n int) int { return max(grain/4/max(n, 1), 1) }

var softmaxRegion = newRegion(func(a *softmaxArgs, piece int) {
	first, end := piece*a.lines, min((piece+1)*a.lines, a.outer*a.inner)
	s := takeSoftmaxWork()
	eachStrip(first, end, a.n, a.inner, func(_, at, w int) {
		if a.inner == 1 {
			a.op.line(s, a.dst[at:at+a.n], a.a[at:at+a.n], part(a.b, at, at+a.n))
			return
		}
		a.op.strip(s, a.dst, a.a, a.b, at, a.n, a.inner, w)
	})
	softmaxWorks.put(s)
})

// eachStrip calls f for the strips, each a single line if inner is 1, that the lines from first to end make: the
// number of the strip's first line, the index of its first entry, and its
// number of lines, which share the outer index.
func eachStrip(first, end, n, inner int, f func(line, at, w int)) {
	for line := first; line < end; {
		o, i := line/inner, line%inner
		w := min(strip, inner-i, end-line)
		f(line, o*n*inner+i, w)
		line += w
	}
}

func (s *softmaxWork) softmaxLine(y, x, _ []float32) {
	sum := s.k.exps(y, x, s.lineMax(x))
	s.e.scale(y, y, float32(1/sum))
}

func (s *softmaxWork) softmaxGradLine(dx, y, dy []float32) {
	s.k.softmaxGrad(dx, y, dy, float32(s.e.dot(y, dy)))
}

func (s *softmaxWork) logSoftmaxLine(y, x, _ []float32) {
	m := s.lineMax(x)
	rest := math.Log(s.k.sumExp(x, m))
	s.e.shift(y, x, -m)
	s.e.shift(y, y, -float32(rest))
}

func (s *softmaxWork) logSoftmaxGradLine(dx, y, dy []float32) {
	s.k.logSoftmaxGrad(dx, y, dy, float32(s.e.sum(dy, nil)))
}

func (s *softmaxWork) softmaxStrip(y, x, _ []float32, at, n, inner, w int) {
	s.begin(w)
	s.stripMax(x, at, n, inner)
	for k := range n {
		row := y[at+k*inner:][:w]
		s.k.expDiff(row, x[at+k*inner:][:w], s.m)
		s.add(row)
	}
	for j, v := range s.total() {
		s.row[j] = float32(1 / v)
	}
	for k := range n {
		row := y[at+k*inner:][:w]
		s.e.mul(row, row, s.row)
	}
}

func (s *softmaxWork) softmaxGradStrip(dx, y, dy []float32, at, n, inner, w int) {
	s.begin(w)
	for k := range n {
		s.e.mul(s.row, y[at+k*inner:][:w], dy[at+k*inner:][:w])
		s.add(s.row)
	}
	for j, v := range s.total() {
		s.m[j] = -float32(v)
	}
	for k := range n {
		s.e.add(s.row, dy[at+k*inner:][:w], s.m)
		s.e.mul(dx[at+k*inner:][:w], y[at+k*inner:][:w], s.row)
	}
}

func (s *softmaxWork) logSoftmaxStrip(y, x, _ []float32, at, n, inner, w int) {
	s.begin(w)
	s.stripMax(x, at, n, inner)
	for j, v := range s.stripSumExp(x, at, n, inner) {
		s.row[j] = -float32(math.Log(v))
		s.m[j] = -s.m[j]
	}
	for k := range n {
		row := y[at+k*inner:][:w]
		s.e.add(row, x[at+k*inner:][:w], s.m)
		s.e.add(row, row, s.row)
	}
}

func (s *softmaxWork) logSoftmaxGradStrip(dx, y, dy []float32, at, n, inner, w int) {
	s.begin(w)
	for k := range n {
		s.add(dy[at+k*inner:][:w])
	}
	total := s.total()
	clear(s.m)
	for k := range n {
		s.k.expDiff(s.row, y[at+k*inner:][:w], s.m)
		for j, v := range s.row {
			s.row[j] = -v * float32(total[j])
		}
		s.e.add(dx[at+k*inner:][:w], dy[at+k*inner:][:w], s.row)
	}
}
