package kernel

import "math"

// strip is how many neighbouring lines are worked on together, so that memory
// is read in runs where inner is large.
const strip = 256

// A softmaxWork is what softmax and cross-entropy work with on a strip of lines
// or on one line.
type softmaxWork struct {
	k      *softmaxKernels
	e      *elementwiseKernels
	maxRow func(dst, a []float32)

	m    []float32 // a number for each line: its largest entry
	row  []float32 // another one, or the entries of one number
	part []float32 // the sum of the rows added last
	sum  []float64 // the sum of those before
	rows int       // how many rows part holds

	memory [3][strip]float32
	wide   [strip]float64
}

// softmaxKernels are the single-threaded loops of softmax.go.
type softmaxKernels struct {
	exps                        func(y, x []float32, m float32) (sum float64)
	sumExp                      func(x []float32, m float32) (sum float64)
	expDiff                     func(y, x, m []float32)
	softmaxGrad, logSoftmaxGrad func(dx, y, dy []float32, s float32)

	lanes     int // values that vectorMax wants at least
	vectorMax func(x []float32) float32
}

var softmaxes = byTier[softmaxKernels]{Generic: {
	exps: expsGo, sumExp: sumExpGo, expDiff: expDiffGo,
	softmaxGrad: softmaxGradGo, logSoftmaxGrad: logSoftmaxGradGo,
	lanes: 0, vectorMax: vectorMaxGo,
}}

var softmaxWorks spares[softmaxWork]

// takeSoftmaxWork returns one to be put back to softmaxWorks.
func takeSoftmaxWork() *softmaxWork {
	s := softmaxWorks.take()
	s.k, s.e, s.maxRow = softmaxes.get(), elementwise.get(), pools.get().maxRow
	s.begin(strip)
	return s
}

// begin makes the work one on w lines, with nothing added up.
func (s *softmaxWork) begin(w int) {
	s.m, s.row, s.part, s.sum = s.memory[0][:w], s.memory[1][:w], s.memory[2][:w], s.wide[:w]
	s.rows = 0
	clear(s.part)
	clear(s.sum)
}

// add adds the entries of one number to the sums of the lines. It does so in
// float32 for some rows at a time, which costs a fraction of float64 throughout
// and hardly less accuracy.
func (s *softmaxWork) add(row []float32) {
	const most = 16
	s.e.add(s.part, s.part, row)
	if s.rows++; s.rows == most {
		s.total()
	}
}

// total returns the sums of the lines.
func (s *softmaxWork) total() []float64 {
	for j, v := range s.part {
		s.sum[j] += float64(v)
	}
	s.rows = 0
	clear(s.part)
	return s.sum
}

// stripMax sets m to the largest entry of each line, NaN if one of them is.
func (s *softmaxWork) stripMax(x []float32, at, n, inner int) {
	copy(s.m, x[at:])
	for k := 1; k < n; k++ {
		s.maxRow(s.m, x[at+k*inner:][:len(s.m)])
	}
}

// stripSumExp returns the sum of exp(x - m) of each line.
func (s *softmaxWork) stripSumExp(x []float32, at, n, inner int) []float64 {
	for k := range n {
		s.k.expDiff(s.row, x[at+k*inner:][:len(s.m)], s.m)
		s.add(s.row)
	}
	return s.total()
}

// lineMax returns the largest entry of x, NaN if one of them is.
func (s *softmaxWork) lineMax(x []float32) float32 {
	if len(x) >= s.k.lanes {
		return s.k.vectorMax(x)
	}
	return vectorMaxGo(x)
}

// vectorMaxGo: the largest of x[i], NaN if one of them is
func vectorMaxGo(x []float32) float32 {
	most := negInf
	for _, v := range x {
		most = max(most, v)
	}
	return most
}

// expsGo: y[i] = exp(x[i] - m); the sum of y[i]
func expsGo(y, x []float32, m float32) (sum float64) {
	for i, v := range x {
		y[i] = exp32(v - m)
		sum += float64(y[i])
	}
	return sum
}

// sumExpGo: the sum of exp(x[i] - m)
func sumExpGo(x []float32, m float32) (sum float64) {
	for _, v := range x {
		sum += float64(exp32(v - m))
	}
	return sum
}

// expDiffGo: y[i] = exp(x[i] - m[i])
func expDiffGo(y, x, m []float32) {
	for i, v := range x {
		y[i] = exp32(v - m[i])
	}
}

// softmaxGradGo: dx[i] = y[i] * (dy[i] - s)
func softmaxGradGo(dx, y, dy []float32, s float32) {
	for i, v := range y {
		dx[i] = v * (dy[i] - s)
	}
}

// logSoftmaxGradGo: dx[i] = dy[i] - exp(y[i]) * s
func logSoftmaxGradGo(dx, y, dy []float32, s float32) {
	for i, v := range y {
		dx[i] = dy[i] - exp32(v)*s
	}
}

// exp32 is exp, rounded to float32.
func exp32(v float32) float32 { return float32(math.Exp(float64(v))) }
