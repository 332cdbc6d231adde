package kernel

// entryInput computes the gradient of the input of an entry: planar images of few
// channels from blocked ones. A panel kernel makes of every pixel of dy what it
// brings to each tap of the window in each channel, the columns; these are
// added up where they meet. No product is wasted, however few the channels.
type entryInput struct {
	ConvShape
	oh, ow  int
	columns int // C*KH*KW
	set     *panelSet
	panels  int // whose channels are the columns, and some that nobody reads
	steps   []panelStep
	taps    []columnTap // of a row of the window
	band    int         // rows of dx of a piece
	bands   int         // of an image
	rows    int         // of dy that a band reads, at most

	dx, dy, bias []float32
	packed       []float32 // weights [panel][channel of dy][width]
	bandOne      func(int)
}

// A columnTap says where in a row of dx the values of a column are added, of which
// n from one on reach it: to every value of a phase from one on, where the stride
// is 2; else, from one on, to every StrideW-th value.
type columnTap struct{ from, n, phase, to int }

func newEntryInput(s ConvShape) *entryInput {
	e := &entryInput{ConvShape: s, columns: s.C * s.KH * s.KW}
	e.oh, e.ow = s.Out()
	whole := ceilDiv(e.columns, Block) * Block
	e.set = panelsFor(whole)
	e.panels = whole / e.set.width
	for b := range s.K / Block {
		e.steps = append(e.steps, panelStep{int64(4 * b * e.oh * e.ow * Block), int64(4 * b * Block * e.set.width)})
	}
	for kw := range s.KW {
		d := kw*s.DilationW - s.PadLeft
		w0, w1 := reach(e.ow, s.W, s.StrideW, d)
		t := columnTap{from: w0, n: w1 - w0, to: w0*s.StrideW + d}
		if s.StrideW == 2 {
			t.phase, t.to = t.to%2, t.to/2
		}
		e.taps = append(e.taps, t)
	}
	e.cut(whole)
	e.bandOne = e.computeBand
	return e
}

// cut chooses the bands: their columns, of which every pixel has so many, are to
// stay in the second-level cache, and the rows of dy that two bands read must not
// be many. A few images make several pieces.
func (e *entryInput) cut(columns int) {
	const cached, enough = 48 << 10, 16
	rows := max(cached/(columns*e.ow), 3*ceilDiv(e.spanH(), e.StrideH))
	e.band = min(rows*e.StrideH, e.H)
	if even := ceilDiv(e.H, ceilDiv(enough, e.N)); even < e.band {
		e.band = min(max(even, e.spanH()), e.H)
	}
	e.bands = ceilDiv(e.H, e.band)
	for b := range e.bands {
		first, end := e.reads(b)
		e.rows = max(e.rows, end-first)
	}
}

// reads returns the rows of dy that a band reads.
func (e *entryInput) reads(band int) (first, end int) {
	top := band*e.band + e.PadTop
	bottom := min((band+1)*e.band, e.H) - 1 + e.PadTop
	first = ceilDiv(max(top-e.spanH()+1, 0), e.StrideH)
	return first, max(first, min(e.oh, bottom/e.StrideH+1))
}

func (e *entryInput) run(dx, dy, w, bias []float32) {
	e.packed = scratch.borrow(e.K * e.panels * e.set.width)
	e.pack(w)
	e.dx, e.dy, e.bias = dx, dy, bias
	Parallel(e.N*e.bands, e.bandOne)
	e.dx, e.dy, e.bias = nil, nil, nil
	scratch.giveBack(e.packed)
	e.packed = nil
}

// pack brings the weights (K, columns) into panels.
func (e *entryInput) pack(w []float32) {
	width := e.set.width
	for p := range e.panels {
		n := min(width, e.columns-p*width)
		for k := range e.K {
			to := e.packed[(p*e.K+k)*width:][:width]
			clear(to[copy(to, w[k*e.columns+p*width:][:n]):])
		}
	}
}

// computeBand computes some rows of an image.
func (e *entryInput) computeBand(piece int) {
	n, band := piece/e.bands, piece%e.bands
	first, end := e.reads(band)
	size, width := e.rows*e.ow, e.set.width
	tmp := scratch.borrow((e.panels+1)*width*size + e.W)
	defer scratch.giveBack(tmp)
	columns, pixels, row := tmp[:e.panels*width*size], tmp[e.panels*width*size:][:width*size], tmp[(e.panels+1)*width*size:]
	if first < end {
		e.multiply(columns, pixels, n, first, (end-first)*e.ow)
	}
	for c := range e.C {
		for i := band * e.band; i < min((band+1)*e.band, e.H); i++ {
			e.addRow(e.dx[((n*e.C+c)*e.H+i)*e.W:][:e.W], row, columns, c, i, first)
		}
	}
}

// multiply computes the columns of so many pixels from a row of an image on, each
// e.rows*e.ow apart, by way of a panel's (width/Block, pixels, Block).
func (e *entryInput) multiply(columns, panel []float32, n, first, pixels int) {
	t := panelArgsPool.take()
	defer releasePanel(t)
	size, width := e.rows*e.ow, e.set.width
	t.steps, t.depth = &e.steps[0], len(e.steps)
	t.pixelX, t.pixelY, t.blockY = 4*Block, 4*Block, 4*Block*size
	for p := range e.panels {
		t.x, t.w = &e.dy[(n*e.K/Block*e.oh+first)*e.ow*Block], &e.packed[p*e.K*width]
		t.y = &panel[0]
		e.set.compute(t, pixels)
		for b := range width / Block {
			from, to := panel[b*Block*size:], columns[(p*width+b*Block)*size:]
			for i := 0; i < pixels; i += layoutRun {
				transposeBand(to[i:], size, from[i*Block:], Block, min(layoutRun, pixels-i), Block)
			}
		}
	}
}

// addRow adds up row i of a channel of dx; first is the row of dy that the columns
// begin with. The sum over the taps of a pixel begins with the bias. tmp has room
// for a row.
func (e *entryInput) addRow(dx, tmp, columns []float32, c, i, first int) {
	bias := float32(0)
	if e.bias != nil {
		bias = e.bias[c]
	}
	phases := [2][]float32{dx}
	if e.StrideW == 2 {
		even := (e.W + 1) / 2
		phases = [2][]float32{tmp[:even], tmp[even:e.W]}
	}
	fill(phases[0], bias)
	fill(phases[1], bias)
	add := elementwise.get().add
	for kh := range e.KH {
		at := i + e.PadTop - kh*e.DilationH
		if at < 0 || at%e.StrideH != 0 || at/e.StrideH >= e.oh {
			continue
		}
		row := columns[((c*e.KH+kh)*e.KW*e.rows+at/e.StrideH-first)*e.ow:]
		for kw, t := range e.taps {
			if t.n == 0 {
				continue
			}
			from := row[kw*e.rows*e.ow+t.from:][:t.n]
			if e.StrideW <= 2 {
				to := phases[t.phase][t.to:][:t.n]
				add(to, to, from)
				continue
			}
			for j, v := range from {
				dx[t.to+j*e.StrideW] += v
			}
		}
	}
	if e.StrideW == 2 {
		interleave(dx, phases[0], phases[1])
	}
}
