package kernel

// A BlockedPool is the pooling of a PoolShape for arrays in the blocked layout:
// (N, C/Block, H, W, Block), with C a multiple of Block. It computes what the
// PoolShape does. All channels of a block are done at once, so no number moves
// from one lane to another.
type BlockedPool PoolShape

// MaxForward is PoolShape.MaxForward.
func (s BlockedPool) MaxForward(y, x []float32) { s.run((*blockedPlane).maxForward, x, nil, y) }

// MaxBackward is PoolShape.MaxBackward.
func (s BlockedPool) MaxBackward(dx, x, dy []float32) { s.run((*blockedPlane).maxBackward, x, dx, dy) }

// AvgForward is PoolShape.AvgForward, up to the order in which it adds.
func (s BlockedPool) AvgForward(y, x []float32) { s.run((*blockedPlane).avgForward, x, nil, y) }

// AvgBackward is PoolShape.AvgBackward.
func (s BlockedPool) AvgBackward(dx, dy []float32) { s.run((*blockedPlane).avgBackward, nil, dx, dy) }

// A blockedPlane pools one plane of Block channels: its slices are cut to it.
type blockedPlane struct {
	k            *windowKernels
	rows, cols   poolAxis
	oh, ow       int
	countPadding bool

	x, dx []float32 // (H, W, Block), nil where there is none
	y     []float32 // (OH, OW, Block): the output, or its gradient in a backward pass
	t     windowArgs
}

type blockedPoolArgs struct {
	do     func(*blockedPlane)
	all    blockedPlane // its slices hold all planes
	planes int
	each   int // planes in a piece
}

func (s BlockedPool) run(do func(*blockedPlane), x, dx, y []float32) {
	p := PoolShape(s)
	all := blockedPlane{k: windowLoops.get(), rows: p.vertical(), cols: p.horizontal(), countPadding: s.CountIncludePad, x: x, dx: dx, y: y}
	all.oh, all.ow = p.Out()
	sameLength(s.C%Block, 0) // blocks are whole
	n, size := s.N*s.C/Block, s.H*s.W*Block
	checkPlanes(x, n, size)
	checkPlanes(dx, n, size)
	checkPlanes(y, n, all.oh*all.ow*Block)
	each := max(2*grain/size, 1)
	blockedPoolRegion.run((n+each-1)/each, blockedPoolArgs{do, all, n, each})
}

var blockedPlanes spares[blockedPlane]

var blockedPoolRegion = newRegion(func(a *blockedPoolArgs, piece int) {
	p := blockedPlanes.take()
	*p = a.all
	for i := piece * a.each; i < min((piece+1)*a.each, a.planes); i++ {
		p.x, p.dx = plane(a.all.x, i, p.rows.size*p.cols.size*Block), plane(a.all.dx, i, p.rows.size*p.cols.size*Block)
		p.y = plane(a.all.y, i, p.oh*p.ow*Block)
		a.do(p)
	}
	*p = blockedPlane{}
	blockedPlanes.put(p)
})

func (p *blockedPlane) maxForward() {
	for o := range p.oh {
		p.windows(o, p.k.max, negInf)
	}
}

func (p *blockedPlane) avgForward() {
	for o := range p.oh {
		p.windows(o, p.k.sum, 0)
	}
}

func (p *blockedPlane) maxBackward() { p.spread(p.k.maxGrad) }
func (p *blockedPlane) avgBackward() { p.spread(p.k.sumGrad) }

// spread runs a loop that adds to dx. A row of dx is cleared shortly before the
// first window adds to it.
func (p *blockedPlane) spread(loop func(*windowArgs)) {
	row, clean := p.cols.size*Block, 0
	for o := range p.oh {
		if first, end := p.rows.taps(o); first < end {
			reached := p.rows.begin(o) + (end-1)*p.rows.dilation + 1
			if reached > clean {
				clear(p.dx[clean*row : reached*row])
				clean = reached
			}
		}
		p.windows(o, loop, 0)
	}
	clear(p.dx[clean*row:])
}

// windows runs a loop over the windows of output row o, as many at once as have
// the same taps. In a forward pass, a window without taps gives empty.
func (p *blockedPlane) windows(o int, loop func(*windowArgs), empty float32) {
	firstRow, endRow := p.rows.taps(o)
	for i := 0; i < p.ow; {
		first, end := p.cols.taps(i)
		n := 1
		if first == 0 && end == p.cols.kernel {
			n = p.full() - i
		}
		at := (o*p.ow + i) * Block
		switch {
		case firstRow < endRow && first < end:
			p.t.y = &p.y[at]
			p.set(firstRow, endRow, first, end, o, i)
			p.t.windows, p.t.scale = n, p.scale(o, i)
			loop(&p.t)
		case p.dx == nil:
			fill(p.y[at:at+n*Block], empty)
		}
		i += n
	}
}

// full returns the first window of a row behind those whose taps are all inside.
func (p *blockedPlane) full() int {
	return min((p.cols.size+p.cols.padBefore-p.cols.extent())/p.cols.stride+1, p.ow)
}

// set makes the arguments for taps [firstRow, endRow) by [first, end) of window i
// of output row o.
func (p *blockedPlane) set(firstRow, endRow, first, end, o, i int) {
	const pixel = 4 * Block // bytes
	p.t.rows, p.t.columns = endRow-firstRow, end-first
	p.t.step = p.cols.stride * pixel
	p.t.rowStep, p.t.columnStep = p.rows.dilation*p.cols.size*pixel, p.cols.dilation*pixel
	h, w := p.rows.begin(o)+firstRow*p.rows.dilation, p.cols.begin(i)+first*p.cols.dilation
	at := (h*p.cols.size + w) * Block
	if p.x != nil {
		p.t.x = &p.x[at]
	}
	if p.dx != nil {
		p.t.dx = &p.dx[at]
	}
}

// scale returns one over the number of taps that an average of the window counts.
func (p *blockedPlane) scale(o, i int) float32 {
	return 1 / float32(p.rows.count(o, p.countPadding)*p.cols.count(i, p.countPadding))
}

// GlobalAvgPoolBlocked is GlobalAvgPool of x in the blocked layout, (n, c/Block,
// hw, Block); y is (n, c).
func GlobalAvgPoolBlocked(y, x []float32, n, c, hw int) {
	sameLength(len(x), n*c*hw)
	sameLength(len(y), n*c)
	sameLength(c%Block, 0)
	g := newChannelGrid(1, n*c/Block, hw*Block)
	blockedAvgRegion.run(g.blocks(), blockedAvgArgs{batchNorms.get(), g, y, x})
}

// GlobalAvgPoolGradBlocked is GlobalAvgPoolGrad of dx in the blocked layout, (n,
// c/Block, hw, Block); dy is (n, c).
func GlobalAvgPoolGradBlocked(dx, dy []float32, n, c, hw int) {
	sameLength(len(dx), n*c*hw)
	sameLength(len(dy), n*c)
	sameLength(c%Block, 0)
	g := newChannelGrid(1, n*c/Block, hw*Block)
	blockedAvgGradRegion.run(g.blocks(), blockedAvgArgs{nil, g, dy, dx})
}

type blockedAvgArgs struct {
	k    *batchNormKernels
	grid channelGrid
	y, x []float32
}

var blockedSums spares[struct {
	lanes normLanes // all 0: sums are taken around 0
	sums  normSums
}]

var blockedAvgRegion = newRegion(func(a *blockedAvgArgs, piece int) {
	g := &a.grid
	s := blockedSums.take()
	_, _, _, c0, c1 := g.block(piece)
	for c := c0; c < c1; c++ {
		i, j := g.plane(0, c)
		s.sums = normSums{}
		a.k.moments(a.x[i:j], &s.lanes, &s.sums)
		for l, y := 0, a.y[c*Block:][:Block]; l < Block; l++ {
			y[l] = float32(s.sums[l] / float64(g.hw/Block))
		}
	}
	blockedSums.put(s)
})

var blockedAvgGradRegion = newRegion(func(a *blockedAvgArgs, piece int) {
	g := &a.grid
	_, _, _, c0, c1 := g.block(piece)
	for c := c0; c < c1; c++ {
		i, j := g.plane(0, c)
		dx := a.x[i:j]
		for l, v := range a.y[c*Block:][:Block] {
			dx[l] = v / float32(g.hw/Block)
		}
		for done := Block; done < len(dx); done *= 2 {
			copy(dx[done:], dx[:done])
		}
	}
})
