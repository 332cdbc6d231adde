package kernel

import "math"

// A poolPlane is what pools one plane: its slices are cut to the plane.
type poolPlane struct {
	k            *poolKernels
	rows, cols   poolAxis // down the rows; along the columns
	oh, ow       int
	countPadding bool

	x, dx []float32 // (H, W)
	y     []float32 // (OH, OW): the output, or its gradient in a backward pass
	idx   []int64   // (OH, OW)

	padded []float32 // a row of the input with the padding that windows reach
	winner []int32   // of each window of an output row; see argmaxGo
}

// poolKernels are the single-threaded loops over rows.
type poolKernels struct {
	maxRow     func(dst, a []float32)
	maxWindows func(y, row []float32, kernel, stride, dilation int)
}

var pools = byTier[poolKernels]{Generic: {maxRow: maxRowGo, maxWindows: maxWindowsGo}}

type poolArgs struct {
	do     func(*poolPlane)
	all    poolPlane // its slices hold all planes
	planes int
	each   int // planes in a piece
}

// run calls do for every plane of the arrays in all.
func (s PoolShape) run(do func(*poolPlane), all poolPlane) {
	n := s.N * s.C
	all.k, all.rows, all.cols, all.countPadding = pools.get(), s.vertical(), s.horizontal(), s.CountIncludePad
	all.oh, all.ow = s.Out()
	checkPlanes(all.x, n, s.H*s.W)
	checkPlanes(all.dx, n, s.H*s.W)
	checkPlanes(all.y, n, all.oh*all.ow)
	checkPlanes(all.idx, n, all.oh*all.ow)
	each := max(2*grain/(s.H*s.W), 1)
	poolRegion.run((n+each-1)/each, poolArgs{do, all, n, each})
}

var poolRegion = newRegion(func(a *poolArgs, piece int) {
	p := a.all
	// Windows reach beyond the padding in CeilMode and may leave some of it out
	// otherwise.
	p.padded = rows.borrow(max(p.cols.padBefore+p.cols.size, (p.ow-1)*p.cols.stride+p.cols.extent()))
	p.winner = indices.borrow(p.ow)
	for i := piece * a.each; i < min((piece+1)*a.each, a.planes); i++ {
		p.x, p.dx = plane(a.all.x, i, p.rows.size*p.cols.size), plane(a.all.dx, i, p.rows.size*p.cols.size)
		p.y, p.idx = plane(a.all.y, i, p.oh*p.ow), plane(a.all.idx, i, p.oh*p.ow)
		a.do(&p)
	}
	rows.giveBack(p.padded)
	indices.giveBack(p.winner)
})

// checkPlanes checks the length of an array of planes that may be absent.
func checkPlanes[T any](a []T, n, size int) {
	if a != nil {
		sameLength(len(a), n*size)
	}
}

// plane returns the i-th plane of an array that may be absent.
func plane[T any](a []T, i, size int) []T {
	if a == nil {
		return nil
	}
	return a[i*size:][:size]
}

// inputRow returns the row of a plane of the input's size under tap k of the
// windows of output row o.
func (p *poolPlane) inputRow(a []float32, o, k int) []float32 {
	h := p.rows.begin(o) + k*p.rows.dilation
	return a[h*p.cols.size:][:p.cols.size]
}

// inside returns the part of the padded row that is input.
func (p *poolPlane) inside() []float32 { return p.padded[p.cols.padBefore:][:p.cols.size] }

// maxForward takes the maximum over the rows of the windows first, which an
// output row's windows share, and then over their columns.
func (p *poolPlane) maxForward() {
	negInf := float32(math.Inf(-1))
	fill(p.padded, negInf)
	inside := p.inside()
	for o := range p.oh {
		first, end := p.rows.taps(o)
		if first == end {
			fill(inside, negInf)
		}
		for k := first; k < end; k++ {
			if k == first {
				copy(inside, p.inputRow(p.x, o, k))
				continue
			}
			p.k.maxRow(inside, p.inputRow(p.x, o, k))
		}
		p.k.maxWindows(p.y[o*p.ow:][:p.ow], p.padded, p.cols.kernel, p.cols.stride, p.cols.dilation)
	}
}

func (p *poolPlane) maxBackward() {
	clear(p.dx)
	for o := range p.oh {
		p.argmax(o)
		for i, g := range p.y[o*p.ow:][:p.ow] {
			if at := p.winner[i]; at >= 0 {
				p.dx[at] += g
			}
		}
	}
}

func (p *poolPlane) maxIndices() {
	for o := range p.oh {
		p.argmax(o)
		idx := p.idx[o*p.ow:][:p.ow]
		for i, at := range p.winner {
			idx[i] = int64(at)
		}
	}
}

// argmax sets winner to the positions in the plane of the largest taps of the
// windows of output row o.
func (p *poolPlane) argmax(o int) {
	firstRow, endRow := p.rows.taps(o)
	for i := range p.winner {
		first, end := p.cols.taps(i)
		at, most := int32(-1), float32(0)
		for r := firstRow; r < endRow; r++ {
			h := p.rows.begin(o) + r*p.rows.dilation
			for k := first; k < end; k++ {
				j := h*p.cols.size + p.cols.begin(i) + k*p.cols.dilation
				if v := p.x[j]; v > most || v != v || at < 0 {
					at, most = int32(j), v
				}
			}
		}
		p.winner[i] = at
	}
}

// avgForward adds the rows of the windows first, which an output row's windows
// share, and then their columns.
func (p *poolPlane) avgForward() {
	clear(p.padded)
	inside := p.inside()
	for o := range p.oh {
		clear(inside)
		for k, end := p.rows.taps(o); k < end; k++ {
			addGo(inside, inside, p.inputRow(p.x, o, k))
		}
		high := p.rows.count(o, p.countPadding)
		y := p.y[o*p.ow:][:p.ow]
		for i := range y {
			var sum float32
			for k, end := p.cols.taps(i); k < end; k++ {
				sum += inside[p.cols.begin(i)+k*p.cols.dilation]
			}
			y[i] = 0
			if n := high * p.cols.count(i, p.countPadding); n > 0 {
				y[i] = sum / float32(n)
			}
		}
	}
}

// avgBackward spreads an output row's gradients over the columns first and then
// adds the row to all input rows that the windows cover.
func (p *poolPlane) avgBackward() {
	clear(p.dx)
	inside := p.inside()
	for o := range p.oh {
		clear(inside)
		high := p.rows.count(o, p.countPadding)
		for i, g := range p.y[o*p.ow:][:p.ow] {
			n := high * p.cols.count(i, p.countPadding)
			for k, end := p.cols.taps(i); k < end; k++ {
				inside[p.cols.begin(i)+k*p.cols.dilation] += g / float32(n)
			}
		}
		for k, end := p.rows.taps(o); k < end; k++ {
			row := p.inputRow(p.dx, o, k)
			addGo(row, row, inside)
		}
	}
}

// maxRowGo: dst[i] = max(dst[i], a[i]), NaN if one of them is
func maxRowGo(dst, a []float32) {
	for i, v := range a {
		if v > dst[i] || v != v {
			dst[i] = v
		}
	}
}

// maxWindowsGo: y[i] = the maximum of row[i*stride + k*dilation] over k < kernel,
// NaN if one of them is
func maxWindowsGo(y, row []float32, kernel, stride, dilation int) {
	for i := range y {
		w := row[i*stride:]
		most := w[0]
		for k := 1; k < kernel; k++ {
			if v := w[k*dilation]; v > most || v != v {
				most = v
			}
		}
		y[i] = most
	}
}
