package kernel

import "math"

//go:generate go run -C gen . -set pool -out ../pool_amd64.s -stubs ../pool_amd64.go -pkg kernel

// poolKernels are the single-threaded loops over rows. max3, max2, argmax3 and
// argmax2 are those of 3x3 and 2x2 windows at stride 2, which lie in the rows
// r0, r1, r2 that begin with the first window.
type poolKernels struct {
	maxRow  func(dst, a []float32)
	take    func(x, most []float32, at []int32, start int32)
	max3    func(r0, r1, r2, y []float32)
	max2    func(r0, r1, y []float32)
	argmax3 func(r0, r1, r2 []float32, at []int32, at0, at1, at2 int32)
	argmax2 func(r0, r1 []float32, at []int32, at0, at1 int32)
}

var pools = byTier[poolKernels]{Generic: {
	maxRow: maxRowGo, take: takeGo, max3: max3Go, max2: max2Go, argmax3: argmax3Go, argmax2: argmax2Go,
}}

// maxForward computes a plane of MaxForward.
func (p *poolPlane) maxForward() {
	fill(p.padded, negInf)
	for o := range p.oh {
		y := p.y[o*p.ow:][:p.ow]
		if begin, end, ok := p.shortcut(); ok {
			p.maxShort(o, begin, y[begin:end])
			p.maxEdge(o, 0, y[:begin])
			p.maxEdge(o, end, y[end:])
			continue
		}
		p.maxAny(o, y)
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

// argmax sets winner for output row o.
func (p *poolPlane) argmax(o int) {
	begin, end, ok := p.shortcut()
	if !ok {
		p.argmaxAny(o)
		return
	}
	p.argmaxShort(o, begin, p.winner[begin:end])
	p.argmaxEdge(o, 0, p.winner[:begin])
	p.argmaxEdge(o, end, p.winner[end:])
}

var negInf = float32(math.Inf(-1))

// maxAny computes output row o for any window: first the maximum over the rows
// of the windows, which they share, and then over their columns.
func (p *poolPlane) maxAny(o int, y []float32) {
	inside := p.inside()
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
	if p.cols.stride == 1 {
		copy(y, p.padded)
		for k := 1; k < p.cols.kernel; k++ {
			p.k.maxRow(y, p.padded[k*p.cols.dilation:][:p.ow])
		}
		return
	}
	for i := range y {
		w := p.padded[i*p.cols.stride:]
		most := w[0]
		for k := 1; k < p.cols.kernel; k++ {
			if v := w[k*p.cols.dilation]; v > most || v != v {
				most = v
			}
		}
		y[i] = most
	}
}

// argmaxAny finds the winners of output row o for any window, tap by tap.
func (p *poolPlane) argmaxAny(o int) {
	for i := range p.winner {
		p.winner[i] = -1
	}
	for r, end := p.rows.taps(o); r < end; r++ {
		h := p.rows.begin(o) + r*p.rows.dilation
		for k := range p.cols.kernel {
			first, end := p.cols.inside(k, p.ow)
			if first == end {
				continue
			}
			start := h*p.cols.size + p.cols.begin(first) + k*p.cols.dilation
			most, at, x := p.row[first:end], p.winner[first:end], p.x[start:]
			if p.cols.stride == 1 {
				p.k.take(x[:len(at)], most, at, int32(start))
			} else {
				takeEvery(x, most, at, int32(start), p.cols.stride)
			}
		}
	}
}

// shortcut returns which windows of a row are all inside the input's columns, if
// the pooling is one that has loops of its own.
func (p *poolPlane) shortcut() (begin, end int, ok bool) {
	k := p.cols.kernel
	if k != 2 && k != 3 || p.rows.kernel != k || p.cols.stride != 2 || p.cols.dilation != 1 || p.rows.dilation != 1 {
		return 0, 0, false
	}
	begin = min((p.cols.padBefore+1)/2, p.ow)
	if room := p.cols.size + p.cols.padBefore - k; room >= 0 {
		end = room/2 + 1
	}
	return begin, max(begin, min(end, p.ow)), true
}

// shortRow returns row k of the windows of output row o, from column c on, for
// n windows, and the position in the plane of its first element. Instead of a
// row outside the input it returns the nearest one of the window's inside,
// which changes neither the maximum nor the winner.
func (p *poolPlane) shortRow(o, k, c, n int) (row []float32, at int32) {
	first, end := p.rows.taps(o)
	h := p.rows.begin(o) + min(max(k, first), end-1)
	begin := h*p.cols.size + c
	if n == 0 {
		return nil, 0
	}
	return p.x[begin:][:2*(n-1)+p.cols.kernel], int32(begin)
}

// maxShort computes the windows of output row o from window i on.
func (p *poolPlane) maxShort(o, i int, y []float32) {
	c := p.cols.begin(i)
	r0, _ := p.shortRow(o, 0, c, len(y))
	r1, _ := p.shortRow(o, 1, c, len(y))
	if p.cols.kernel == 2 {
		p.k.max2(r0, r1, y)
		return
	}
	r2, _ := p.shortRow(o, 2, c, len(y))
	p.k.max3(r0, r1, r2, y)
}

// argmaxShort finds the winners of output row o from window i on.
func (p *poolPlane) argmaxShort(o, i int, at []int32) {
	c := p.cols.begin(i)
	r0, at0 := p.shortRow(o, 0, c, len(at))
	r1, at1 := p.shortRow(o, 1, c, len(at))
	if p.cols.kernel == 2 {
		p.k.argmax2(r0, r1, at, at0, at1)
		return
	}
	r2, at2 := p.shortRow(o, 2, c, len(at))
	p.k.argmax3(r0, r1, r2, at, at0, at1, at2)
}

// maxEdge computes windows of output row o one by one, from window i on.
func (p *poolPlane) maxEdge(o, i int, y []float32) {
	for j := range y {
		y[j] = negInf
		if at := p.winnerOf(o, i+j); at >= 0 {
			y[j] = p.x[at]
		}
	}
}

// argmaxEdge finds the winners of output row o one by one, from window i on.
func (p *poolPlane) argmaxEdge(o, i int, at []int32) {
	for j := range at {
		at[j] = p.winnerOf(o, i+j)
	}
}

// winnerOf returns the position of the largest tap of window i of output row o:
// the first of equal ones, the last of several NaNs; -1 if there is none.
func (p *poolPlane) winnerOf(o, i int) int32 {
	firstRow, endRow := p.rows.taps(o)
	first, end := p.cols.taps(i)
	at, most := int32(-1), float32(0)
	for r := firstRow; r < endRow; r++ {
		j := (p.rows.begin(o)+r*p.rows.dilation)*p.cols.size + p.cols.begin(i)
		for k := first; k < end; k++ {
			if v := p.x[j+k*p.cols.dilation]; v > most || v != v || at < 0 {
				at, most = int32(j+k*p.cols.dilation), v
			}
		}
	}
	return at
}

// maxRowGo: dst[i] = max(dst[i], a[i]), NaN if one of them is
func maxRowGo(dst, a []float32) {
	for i, v := range a {
		if v > dst[i] || v != v {
			dst[i] = v
		}
	}
}

// takeGo: most[i], at[i] = x[i], start + i where at[i] < 0, x[i] > most[i] or x[i]
// is NaN
func takeGo(x, most []float32, at []int32, start int32) { takeEvery(x, most, at, start, 1) }

// takeEvery is takeGo for every stride-th element of x.
func takeEvery(x, most []float32, at []int32, start int32, stride int) {
	for i := range at {
		if v := x[i*stride]; v > most[i] || v != v || at[i] < 0 {
			most[i], at[i] = v, start+int32(i*stride)
		}
	}
}

// max3Go: y[i] = the largest r[2*i+k] of all rows r and taps k < 3, NaN if one of
// them is
func max3Go(r0, r1, r2, y []float32) {
	for i := range y {
		y[i] = max(r0[2*i], r0[2*i+1], r0[2*i+2], r1[2*i], r1[2*i+1], r1[2*i+2], r2[2*i], r2[2*i+1], r2[2*i+2])
	}
}

// max2Go: y[i] = the largest r[2*i+k] of both rows r and taps k < 2, NaN if one of
// them is
func max2Go(r0, r1, y []float32) {
	for i := range y {
		y[i] = max(r0[2*i], r0[2*i+1], r1[2*i], r1[2*i+1])
	}
}

// argmax3Go: at[i] = at_r + 2*i + k for the row r and tap k of the largest
// r[2*i+k]: the first of equal ones, the last NaN
func argmax3Go(r0, r1, r2 []float32, at []int32, at0, at1, at2 int32) {
	for i := range at {
		best, most := at0, r0[2*i]
		best, most = argmaxTaps(best, most, at0, r0[2*i:][:3])
		best, most = argmaxTaps(best, most, at1, r1[2*i:][:3])
		best, _ = argmaxTaps(best, most, at2, r2[2*i:][:3])
		at[i] = best + int32(2*i)
	}
}

// argmax2Go: as argmax3Go, for two rows and taps
func argmax2Go(r0, r1 []float32, at []int32, at0, at1 int32) {
	for i := range at {
		best, most := at0, r0[2*i]
		best, most = argmaxTaps(best, most, at0, r0[2*i:][:2])
		best, _ = argmaxTaps(best, most, at1, r1[2*i:][:2])
		at[i] = best + int32(2*i)
	}
}

func argmaxTaps(best int32, most float32, at int32, taps []float32) (int32, float32) {
	for k, v := range taps {
		if v > most || v != v {
			best, most = at+int32(k), v
		}
	}
	return best, most
}
