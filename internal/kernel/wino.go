package kernel

// A winograd computes convolutions of one shape in the blocked layout by
// Winograd's algorithm: a transformed tile of the input times the transformed
// weights, place by place, is the transform of a tile of the output. F(4x4, 3x3)
// takes a quarter of the products of the definition, F(2x2, 3x3) four ninths.
//
// A convolution with a stride of two is the sum of four without, of the pixels in
// even or odd rows and columns with the taps that meet them: to the algorithm
// these phases are four times as many channels. Where the window has 4x4 taps,
// F(4x4, 2x2) takes 25 products for 64.
//
// What is not finite in x makes all outputs of its tile not finite that depend
// on it, and may do so with the others of the tile. Results of relu(-Inf) may be
// NaN.
type winograd struct {
	n, c, k int  // the blocks of the input's channels through all phases
	flipped bool // pack takes the weights of the convolution that this is the input gradient of
	kernels *winoKernels
	set     *panelSet
	x       []winoGrid // for each phase; block i of c is block i/len(x) of phase i%len(x)
	y       winoGrid
	first   int // tap of the window of phase 0, if there is one phase
	tiles   int // of all images
	winoSplit

	steps []panelStep

	u            []float32 // transformed weights [panel][plane][c][width], while the plan runs
	w            []float32 // arguments
	from, to     []float32
	epilogue     Epilogue
	block        int       // of tiles, at hand
	v            []float32 // its transform, if it is shared
	packPiece    func(int)
	blockPiece   func(int)
	channelPiece func(int)
	panelPiece   func(int)
}

// A winoSplit is how the work is cut. The tiles are taken in blocks of nearly
// equal size. Each is a piece of work of its own, whose transform stays in the
// second-level cache; or, where the weights are the larger part, blocks are
// larger and come one after the other, and the pieces are their channels and
// then their panels, so that the weights are read only once for each.
type winoSplit struct {
	blocks int
	shared bool
	most   int // tiles in a block

	planeU int // values from a plane of u to the next
	planeV int // of V [plane][c/Block][most][Block], a block's tiles
	planeM int // of M [plane][width/Block][most][Block], a panel's products
	pitch  int // of V and M: values from a block of channels to the next
}

// winogradFits reports whether winograd and winogradWeights can compute s.
func winogradFits(s ConvShape) bool {
	return s.KH == winoTaps && s.KW == winoTaps && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 &&
		s.Groups == 1 && s.C%Block == 0 && s.K%Block == 0 && max(s.PadTop, s.PadLeft, s.PadBottom, s.PadRight) < winoTaps
}

// newWinograd returns a plan for the forward pass of a shape that winogradFits
// with tiles of m x m outputs, m 2 or 4.
func newWinograd(s ConvShape, m int) *winograd {
	p := &winograd{n: s.N, c: s.C, k: s.K, kernels: winogradFor(m)}
	oh, ow := s.Out()
	th, tw := ceilDiv(oh, m), ceilDiv(ow, m)
	p.x = []winoGrid{newWinoGrid(s.H, s.W, th, tw, m, p.kernels.size(), 1, s.PadTop, s.PadLeft)}
	p.y = newWinoGrid(oh, ow, th, tw, m, m, 1, 0, 0)
	return p.prepared()
}

// prepared completes a plan whose grids are known.
func (p *winograd) prepared() *winograd {
	p.set = panelsFor(p.k)
	p.tiles = p.n * p.y.th * p.y.tw
	p.winoSplit = p.split()
	for c := range p.c / Block {
		p.steps = append(p.steps, panelStep{int64(4 * c * p.pitch), int64(4 * c * Block * p.set.width)})
	}
	p.packPiece, p.blockPiece, p.channelPiece, p.panelPiece = p.packChannels, p.runBlock, p.spreadChannels, p.runPanel
	return p
}

// newWinogradInput returns a plan for the gradient of the input of a shape that
// winogradFits: the convolution of the gradient of the output with the flipped
// weights. Its pack takes the weights (K, C, 3, 3) of the shape, its run computes
// dx from dy.
func newWinogradInput(s ConvShape, m int) *winograd {
	g := s
	g.C, g.K = s.K, s.C
	g.H, g.W = s.Out()
	g.PadTop, g.PadBottom = winoTaps-1-s.PadTop, winoTaps-1-s.PadBottom
	g.PadLeft, g.PadRight = winoTaps-1-s.PadLeft, winoTaps-1-s.PadRight
	p := newWinograd(g, m)
	p.flipped = true
	return p
}

func (p *winograd) packedLen() int { return p.k / p.set.width * p.panelU() }

// panelU returns the number of values of u of a panel.
func (p *winograd) panelU() int { return p.kernels.planes() * p.planeU }

// oddLines returns n values rounded up to an odd number of cache lines, a
// distance that spreads what lies that far apart over the sets of the caches.
func oddLines(n int) int { return (ceilDiv(n, Block) | 1) * Block }

// split chooses how to cut the work.
func (p *winograd) split() winoSplit {
	const cached = 400 << 10 / 4 // values that fit into the second-level cache
	const least, most = 12, 36   // tiles in a block of its own
	const shared = 66 * maxPlanes
	s := winoSplit{planeU: oddLines(p.c * p.set.width)}
	planes := p.kernels.planes()
	if s.shared = p.c*p.k >= 1<<14; s.shared {
		s.blocks = ceilDiv(p.tiles, shared/planes)
	} else {
		size := (cached - p.c*p.set.width) / (planes * (p.c + p.set.width))
		s.blocks = ceilDiv(p.tiles, min(max(size, least), most))
		if s.blocks < 16 {
			s.blocks = min(ceilDiv(s.blocks, 4)*4, p.tiles)
		}
	}
	s.most = ceilDiv(p.tiles, s.blocks)
	s.pitch = oddLines(s.most * Block)
	s.planeV, s.planeM = oddLines(p.c/Block*s.pitch), oddLines(p.set.width/Block*s.pitch)
	return s
}

func (p *winograd) name() string { return p.kernels.name() }

// bounds returns the tiles of a block.
func (p *winograd) bounds(block int) (begin, end int) {
	return block * p.tiles / p.blocks, (block + 1) * p.tiles / p.blocks
}

// run computes y (N, K/Block, OH, OW, Block) from x (N, C/Block, H, W, Block),
// the packed weights and the epilogue.
func (p *winograd) run(y, x, packed []float32, e Epilogue) {
	p.to, p.from, p.u, p.epilogue = y, x, packed, e
	if p.shared {
		w := winoShares.take()
		w.v = grow(w.v, p.kernels.planes()*p.planeV)
		p.v = w.v
		for p.block = range p.blocks {
			Parallel(p.c/Block, p.channelPiece)
			Parallel(p.k/p.set.width, p.panelPiece)
		}
		p.v = nil
		winoShares.put(w)
	} else {
		Parallel(p.blocks, p.blockPiece)
	}
	p.to, p.from, p.u, p.epilogue = nil, nil, nil, Epilogue{}
}

// runOnce packs the weights of a panel where they are used, if that is only in one
// place: large ones are then neither written to memory nor read from it.
func (p *winograd) runOnce(y, x, w []float32, e Epilogue) {
	if !p.shared || p.blocks > 1 {
		packAndRun(p, y, x, w, e)
		return
	}
	p.w = w
	p.run(y, x, nil, e)
	p.w = nil
}

// runBlock computes the outputs of a block of tiles.
func (p *winograd) runBlock(block int) {
	w := takeWinoWork(p.kernels.planes()*p.planeV, p.kernels.planes()*p.planeM)
	begin, end := p.bounds(block)
	p.spread(w, w.v, 0, p.c/Block, begin, end)
	for panel := range p.k / p.set.width {
		p.multiply(w, w.v, p.u[panel*p.panelU():], end-begin)
		p.collect(w, panel, begin, end)
	}
	w.release()
}

// spreadChannels transforms a block of channels of the block of tiles at hand.
func (p *winograd) spreadChannels(c int) {
	w := takeWinoWork(0, 0)
	begin, end := p.bounds(p.block)
	p.spread(w, p.v[c*p.pitch:], c, 1, begin, end)
	w.release()
}

// runPanel computes the outputs of a panel for the block of tiles at hand.
func (p *winograd) runPanel(panel int) {
	w := takeWinoWork(0, p.kernels.planes()*p.planeM)
	begin, end := p.bounds(p.block)
	var u []float32
	if p.w != nil {
		u = p.packPanel(w, panel)
	} else {
		u = p.u[panel*p.panelU():]
	}
	p.multiply(w, p.v, u, end-begin)
	p.collect(w, panel, begin, end)
	w.release()
}

// spread transforms blocks of channels of tiles [begin, end).
func (p *winograd) spread(w *winoWork, v []float32, c, blocks, begin, end int) {
	w.spread.plane, w.spread.blockV = 4*p.planeV, 4*p.pitch
	phases := len(p.x)
	if phases == 1 {
		p.x[0].spread(w.spread, p.kernels.input, v, p.from, p.c, c, blocks, begin, end)
		return
	}
	for i := c; i < c+blocks; i++ {
		p.x[i%phases].spread(w.spread, p.kernels.input, v[(i-c)*p.pitch:], p.from, p.c/phases, i/phases, 1, begin, end)
	}
}

// multiply computes the products of a panel's weights u with so many transformed
// tiles.
func (p *winograd) multiply(w *winoWork, v, u []float32, tiles int) {
	micro := ceilDiv(tiles, p.set.most())
	size, larger := tiles/micro, tiles%micro
	a := &w.panel
	a.steps, a.depth = &p.steps[0], len(p.steps)
	a.pixelX, a.pixelY, a.blockY = 4*Block, 4*Block, 4*p.pitch
	a.ahead = 4 * p.planeU // of the next plane, or of the next panel
	for plane := range p.kernels.planes() {
		x, y := v[plane*p.planeV:], w.m[plane*p.planeM:]
		a.w = &u[plane*p.planeU]
		if larger > 0 {
			a.tiles, a.x, a.y = larger, &x[0], &y[0]
			a.nextX, a.nextY = (size+1)*4*Block, (size+1)*4*Block
			p.set.kernels[size].run(a)
		}
		if done := larger * (size + 1) * Block; larger < micro {
			a.tiles, a.x, a.y = micro-larger, &x[done], &y[done]
			a.nextX, a.nextY = size*4*Block, size*4*Block
			p.set.kernels[size-1].run(a)
		}
	}
	a.x, a.y, a.w, a.steps = nil, nil, nil, nil
}

// collect stores the outputs of a panel's channels for tiles [begin, end).
func (p *winograd) collect(w *winoWork, panel, begin, end int) {
	w.collect.plane, w.collect.blockV = 4*p.planeM, 4*p.pitch
	width := p.set.width / Block
	p.y.collect(w.collect, p.kernels.output, p.to, w.m, p.epilogue, p.k, panel*width, width, begin, end)
}

// A winoShare is what the pieces of a run share.
type winoShare struct{ v, sums []float32 }

// A winoWork is what a piece of work needs. All plans use the same, so that one
// after the other finds the memory in the cache.
type winoWork struct {
	spread  *spreadArgs
	collect *collectArgs
	panel   panelArgs
	outer   outerArgs
	v, m    []float32
	w, u    []float32 // weights, before and after their transform
}

var (
	winoShares spares[winoShare]
	winoWorks  spares[winoWork]
)

// takeWinoWork returns a work with so many values of v and m, which hold
// anything.
func takeWinoWork(v, m int) *winoWork {
	w := winoWorks.take()
	if w.spread == nil {
		w.spread, w.collect = new(spreadArgs), new(collectArgs)
	}
	w.v, w.m = grow(w.v, v), grow(w.m, m)
	return w
}

func (w *winoWork) release() { winoWorks.put(w) }
