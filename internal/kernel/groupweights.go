package kernel

// groupWeights computes the gradient of the weights of a convolution in groups of
// few channels, in the blocked layout: for every block of channels and every tap
// the sums over pixels, of rows of them at a time.
type groupWeights struct {
	ConvShape
	set    *groupSet
	oh, ow int
	parts  []groupPart
	tapS   int // bytes from the sums of a tap to those of the next in a part
	band   int // output rows that are taken at once
	chunks int // of images, each with sums of its own

	dw, x, dy        []float32
	sums             []float32 // [chunk][block][kh][kw][channel of the group][Block]
	addOne, storeOne func(int)
}

// A groupPart is a rectangle of outputs whose products with a run of taps are
// summed together. Its columns are those that the first tap meets; the other taps
// meet the columns of outputs before them.
type groupPart struct {
	taps, first    int  // how many, and which in the window
	dh, dw         int  // the input pixel that the first tap meets at output 0
	h0, h1, w0, w1 int  // the outputs
	fetches        bool // the same part of the next band is brought to the cache meanwhile
}

func newGroupWeights(s ConvShape) *groupWeights {
	const (
		enough = 16  // pieces
		pixels = 896 // of both images, whose channels lie in the second-level cache beside the sums
	)
	p := &groupWeights{ConvShape: s, set: groupsOf(s.narrowGroups())}
	p.oh, p.ow = s.Out()
	columns := forwardAxes(p.ow, s.KW, s.StrideW, s.DilationW, s.PadLeft)
	for _, run := range columns[0].tapRuns(0, s.KW) {
		if len(run) > 1 {
			p.tapS = 4 * Block * p.set.g * (run[1] - run[0])
		}
		for kh := range s.KH {
			p.addRun(kh, run)
		}
	}
	p.band = max(1, pixels/((1+s.StrideH*s.StrideW)*p.ow))
	p.chunks = min(s.N, ceilDiv(enough, s.C/Block))
	p.addOne, p.storeOne = p.addChunk, p.store
	return p
}

// addRun lists the parts of a run of taps in one row of the window: the columns
// that all of them reach from inside the image, and the others tap by tap.
func (p *groupWeights) addRun(kh int, run []int) {
	part := groupPart{taps: len(run), first: kh*p.KW + run[0], dh: kh*p.DilationH - p.PadTop, dw: run[0]*p.DilationW - p.PadLeft}
	part.h0, part.h1 = reach(p.oh, p.H, p.StrideH, part.dh)
	if part.h0 >= part.h1 {
		return
	}
	first, end := reach(p.ow, p.W, p.StrideW, part.dw)
	if first = max(first, len(run)-1); first < end {
		// The first taps of each phase of the strides meet all of the image.
		part.fetches = kh < p.StrideH && run[0] < p.StrideW
		p.addPart(part, first, end)
		part.fetches = false
	} else {
		first, end = p.ow+len(run), p.ow+len(run) // beyond the outputs of each tap
	}
	for j, kw := range run {
		tap := part
		tap.taps, tap.first, tap.dw = 1, kh*p.KW+kw, kw*p.DilationW-p.PadLeft
		w0, w1 := reach(p.ow, p.W, p.StrideW, tap.dw)
		p.addPart(tap, w0, min(first-j, w1))
		p.addPart(tap, max(end-j, w0), w1)
	}
}

// addPart lists a part for outputs [w0, w1) unless these are none.
func (p *groupWeights) addPart(part groupPart, w0, w1 int) {
	if part.w0, part.w1 = w0, w1; w0 < w1 {
		p.parts = append(p.parts, part)
	}
}

func (p *groupWeights) name() string { return p.set.name() }

func (p *groupWeights) run(dw, x, dy []float32) {
	p.dw, p.x, p.dy = dw, x, dy
	p.sums = scratch.borrow(p.chunks * p.weightLen())
	Parallel(p.chunks*p.C/Block, p.addOne)
	Parallel(p.C/Block, p.storeOne)
	scratch.giveBack(p.sums)
	p.sums, p.dw, p.x, p.dy = nil, nil, nil, nil
}

// block returns the sums of a block of channels in a chunk.
func (p *groupWeights) block(chunk, block int) []float32 {
	size := p.KH * p.KW * p.set.g * Block
	return p.sums[(chunk*p.C/Block+block)*size:][:size]
}

// addChunk adds up one block of channels over the images of one chunk.
func (p *groupWeights) addChunk(piece int) {
	blocks := p.C / Block
	chunk, block := piece/blocks, piece%blocks
	sums := p.block(chunk, block)
	clear(sums)
	t := groupOuterArgsPool.take()
	defer releaseGroupOuter(t)
	t.tapSums = p.tapS
	sizeX, sizeY := p.H*p.W*Block, p.oh*p.ow*Block
	for n := chunk * p.N / p.chunks; n < (chunk+1)*p.N/p.chunks; n++ {
		x, dy := p.x[(n*blocks+block)*sizeX:][:sizeX], p.dy[(n*blocks+block)*sizeY:][:sizeY]
		for row := 0; row < p.oh; row += p.band {
			for i := range p.parts {
				p.addPixels(t, sums, x, dy, &p.parts[i], row)
			}
		}
	}
}

// addPixels adds what a band of output rows brings to a part.
func (p *groupWeights) addPixels(t *groupOuterArgs, sums, x, dy []float32, part *groupPart, row int) {
	first, end := max(row, part.h0), min(row+p.band, part.h1)
	if first >= end {
		return
	}
	t.x = &x[Block*((first*p.StrideH+part.dh)*p.W+part.w0*p.StrideW+part.dw)]
	t.y = &dy[Block*(first*p.ow+part.w0)]
	t.sums = &sums[part.first*p.set.g*Block]
	t.pixels, t.pixelX, t.pixelY = part.w1-part.w0, 4*Block*p.StrideW, 4*Block
	t.rows, t.rowX, t.rowY = end-first, 4*Block*p.StrideH*p.W, 4*Block*p.ow
	t.aheadX, t.aheadY = 0, 0
	if part.fetches {
		t.aheadX, t.aheadY = p.band*t.rowX, p.band*t.rowY
	}
	if part.taps == 1 && t.pixels < t.rows {
		// One loop over a long column is faster than many over short rows.
		t.pixels, t.rows = t.rows, t.pixels
		t.pixelX, t.rowX = t.rowX, t.pixelX
		t.pixelY, t.rowY = t.rowY, t.pixelY
	}
	p.set.outers[part.taps-1].run(&t.outerArgs)
}

// store adds up the chunks of one block of channels and writes its gradients.
func (p *groupWeights) store(block int) {
	sums := p.block(0, block)
	for chunk := 1; chunk < p.chunks; chunk++ {
		for i, v := range p.block(chunk, block) {
			sums[i] += v
		}
	}
	g, taps := p.set.g, p.KH*p.KW
	dw := p.dw[block*Block*g*taps:][:Block*g*taps]
	for k := range Block {
		for i := range g {
			for tap := range taps {
				dw[(k*g+i)*taps+tap] = sums[(tap*g+i)*Block+k]
			}
		}
	}
}

var groupOuterArgsPool spares[groupOuterArgs]

// releaseGroupOuter gives arguments back, without what they point to.
func releaseGroupOuter(t *groupOuterArgs) {
	*t = groupOuterArgs{}
	groupOuterArgsPool.put(t)
}
