package kernel

// avgForward computes a plane of AvgForward: it adds the rows of the windows
// first, which an output row's windows share, and then their columns. What lies
// around the input is 0.
func (p *poolPlane) avgForward() {
	clear(p.padded)
	inside := p.inside()
	for o := range p.oh {
		clear(inside)
		for k, end := p.rows.taps(o); k < end; k++ {
			p.e.add(inside, inside, p.inputRow(p.x, o, k))
		}
		y := p.y[o*p.ow:][:p.ow]
		p.addColumns(y)
		p.divide(y, y, o)
	}
}

// avgBackward computes a plane of AvgBackward: it spreads an output row's
// gradients over the columns first and then adds the row to all input rows that
// the windows cover.
func (p *poolPlane) avgBackward() {
	clear(p.dx)
	for o := range p.oh {
		clear(p.padded)
		p.divide(p.row, p.y[o*p.ow:][:p.ow], o)
		p.spreadColumns(p.row)
		for k, end := p.rows.taps(o); k < end; k++ {
			row := p.inputRow(p.dx, o, k)
			p.e.add(row, row, p.inside())
		}
	}
}

// divide sets dst to a row of sums over the number of taps that each window of
// output row o counts.
func (p *poolPlane) divide(dst, sum []float32, o int) {
	if high := p.rows.count(o, p.countPadding); high != p.high {
		p.high = high
		for i := range p.scale {
			p.scale[i] = 0
			if n := high * p.cols.count(i, p.countPadding); n > 0 {
				p.scale[i] = 1 / float32(n)
			}
		}
	}
	p.e.mul(dst, sum, p.scale)
}

// addColumns sets sum to the sums over the windows of the padded row.
func (p *poolPlane) addColumns(sum []float32) {
	if p.cols.stride == 1 {
		copy(sum, p.padded)
		for k := 1; k < p.cols.kernel; k++ {
			p.e.add(sum, sum, p.padded[k*p.cols.dilation:][:len(sum)])
		}
		return
	}
	for i := range sum {
		w := p.padded[i*p.cols.stride:]
		s := w[0]
		for k := 1; k < p.cols.kernel; k++ {
			s += w[k*p.cols.dilation]
		}
		sum[i] = s
	}
}

// spreadColumns adds each number to the window of the padded row that it is of.
func (p *poolPlane) spreadColumns(numbers []float32) {
	if p.cols.stride == 1 {
		for k := range p.cols.kernel {
			to := p.padded[k*p.cols.dilation:][:len(numbers)]
			p.e.add(to, to, numbers)
		}
		return
	}
	for i, v := range numbers {
		w := p.padded[i*p.cols.stride:]
		for k := range p.cols.kernel {
			w[k*p.cols.dilation] += v
		}
	}
}
