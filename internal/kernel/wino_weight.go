package kernel

// winogradWeights computes the gradient of the weights of a convolution in the
// blocked layout by Winograd's algorithm: dW = Gᵀ (sum over tiles of
// (Bᵀ x B) * (A dy Aᵀ)) G. It sums in an order that depends on the shape alone.
//
// What is not finite in x or dy makes the gradients not finite that depend on it,
// and may do so with those of other taps of the same pair of channels.
type winogradWeights struct {
	c, k    int // the blocks of the input's channels through all phases, as in winograd
	kernels *winoKernels
	outer   outerKernel
	x       []winoGrid // for each phase
	y       winoGrid
	tiles   int // of all images

	blocks int  // of tiles; one after the other they are transformed and multiplied
	most   int  // tiles in a block
	kept   bool // sums are kept from block to block
	parts  int  // in which each block of output channels takes the input channels

	pitch          int // values from a block of channels to the next in the planes
	planeX, planeY int // values from a plane to the next
	planeSums      int // the same of the sums [c/Block][k/Block][plane][Block][Block]

	dw, from, dy []float32 // arguments
	block        int       // at hand
	v            []float32 // transforms of x and dy
	sums         []float32 // if they are kept
	spreadPiece  func(int)
	sumPiece     func(int)
}

// newWinogradWeights returns a plan for a shape that winogradFits with tiles of
// m x m outputs, m 2 or 4.
func newWinogradWeights(s ConvShape, m int) *winogradWeights {
	p := &winogradWeights{c: s.C, k: s.K, kernels: winogradFor(m)}
	oh, ow := s.Out()
	th, tw := ceilDiv(oh, m), ceilDiv(ow, m)
	p.x = []winoGrid{newWinoGrid(s.H, s.W, th, tw, m, p.kernels.size(), 1, s.PadTop, s.PadLeft)}
	p.y = newWinoGrid(oh, ow, th, tw, m, m, 1, 0, 0)
	return p.prepared(s.N)
}

// prepared completes a plan, for n images, whose grids are known.
func (p *winogradWeights) prepared(n int) *winogradWeights {
	_, outer := rowKernels(Block)
	p.outer = outer.kernel
	p.tiles = n * p.y.th * p.y.tw
	p.split()
	p.spreadPiece, p.sumPiece = p.spread, p.sumChannels
	return p
}

// split chooses how to cut the work. A block's transforms of Block channels of
// dy are to stay in the second-level cache while all of x passes by; where the
// sums are large, more tiles at a time are better than to read them again.
func (p *winogradWeights) split() {
	const most, mostAtOnce = 88, 160
	const pieces = 16
	p.blocks = 1
	if p.tiles > mostAtOnce {
		p.blocks = ceilDiv(p.tiles, most*maxPlanes/p.kernels.planes())
	}
	p.kept = p.blocks > 1
	p.most = ceilDiv(p.tiles, p.blocks)
	p.pitch = oddLines(p.most * Block)
	p.planeX, p.planeY = oddLines(p.c/Block*p.pitch), oddLines(p.k/Block*p.pitch)
	p.planeSums = oddLines(Block * Block)
	p.parts = min(p.c/Block/len(p.x), ceilDiv(pieces, p.k/Block))
}

// run overwrites dw (K, C, KH, KW) with the gradient of the weights, from x
// (N, C/Block, H, W, Block) and dy (N, K/Block, OH, OW, Block).
func (p *winogradWeights) name() string { return p.kernels.name() }

func (p *winogradWeights) run(dw, x, dy []float32) {
	p.dw, p.from, p.dy = dw, x, dy
	sums := 0
	if p.kept {
		sums = p.c / Block * p.k / Block * p.pairSums()
	}
	w := winoShares.take()
	w.v, w.sums = grow(w.v, p.kernels.planes()*(p.planeX+p.planeY)), grow(w.sums, sums)
	p.v, p.sums = w.v, w.sums
	for p.block = range p.blocks {
		Parallel((p.c+p.k)/Block, p.spreadPiece)
		Parallel(p.k/Block*p.parts, p.sumPiece)
	}
	p.v, p.sums = nil, nil
	winoShares.put(w)
	p.dw, p.from, p.dy = nil, nil, nil
}

// pairSums returns the number of values that the sums of two blocks of channels
// take.
func (p *winogradWeights) pairSums() int { return p.kernels.planes() * p.planeSums }

// bounds returns the tiles of the block at hand.
func (p *winogradWeights) bounds() (begin, end int) {
	return p.block * p.tiles / p.blocks, (p.block + 1) * p.tiles / p.blocks
}

// spread transforms the block of tiles at hand for a block of channels of x or,
// after those, of dy.
func (p *winogradWeights) spread(channels int) {
	w := takeWinoWork(0, 0)
	begin, end := p.bounds()
	w.spread.blockV = 0
	if y := channels - p.c/Block; y < 0 {
		w.spread.plane = 4 * p.planeX
		phases := len(p.x)
		p.x[channels%phases].spread(w.spread, p.kernels.input, p.v[channels*p.pitch:], p.from, p.c/phases, channels/phases, 1, begin, end)
	} else {
		w.spread.plane = 4 * p.planeY
		p.y.spread(w.spread, p.kernels.outputGrad, p.transformedY()[y*p.pitch:], p.dy, p.k, y, 1, begin, end)
	}
	w.release()
}

// transformedY returns the transform of dy.
func (p *winogradWeights) transformedY() []float32 { return p.v[p.kernels.planes()*p.planeX:] }

// sumChannels multiplies the transforms of the block of tiles at hand for a
// block of output channels and a part of the input channels.
func (p *winogradWeights) sumChannels(piece int) {
	phases := len(p.x)
	w := takeWinoWork(p.kernels.window()*Block*Block, p.pairSums())
	k, part, blocks := piece/p.parts, piece%p.parts, p.c/Block/phases
	for c := part * blocks / p.parts * phases; c < (part+1)*blocks/p.parts*phases; c++ {
		sums := w.m
		if p.kept {
			sums = p.sums[(c*p.k/Block+k)*p.pairSums():][:p.pairSums()]
		}
		if p.block == 0 {
			clear(sums)
		}
		p.multiply(w, sums, c, k)
		if p.block < p.blocks-1 {
			continue
		}
		if p.collect(w, sums, c%phases); c%phases == phases-1 {
			p.store(w, c/phases, k)
		}
	}
	w.release()
}

// multiply adds the products of two blocks of channels to the sums.
func (p *winogradWeights) multiply(w *winoWork, sums []float32, c, k int) {
	begin, end := p.bounds()
	a := &w.outer
	a.pixels, a.pixelX, a.pixelY, a.rows = end-begin, 4*Block, 4*Block, 1
	a.aheadX, a.aheadY = 4*p.planeX, 4*p.planeY
	for plane := range p.kernels.planes() {
		a.x, a.y = &p.v[plane*p.planeX+c*p.pitch], &p.transformedY()[plane*p.planeY+k*p.pitch]
		a.sums = &sums[plane*p.planeSums]
		p.outer.run(a)
	}
	a.x, a.y, a.sums = nil, nil, nil
}

// collect brings the sums of two blocks of channels to the taps of a phase in the
// window (c, taps, k).
func (p *winogradWeights) collect(w *winoWork, sums []float32, phase int) {
	a, f := w.collect, p.kernels
	a.v, a.plane, a.nextV, a.tiles, a.blocks = &sums[0], 4*p.planeSums, 4*Block, Block, 1
	a.y, a.pitch, a.nextY = &w.v[f.tap(phase)*Block], f.stride*f.side()*4*Block, f.window()*4*Block
	a.rows, a.columns = f.taps, f.taps
	a.bias, a.residual, a.flags = nil, nil, 0
	f.weightGrad.run(a)
	a.v, a.y = nil, nil
}

// store brings the window of two blocks of channels to the gradient.
func (p *winogradWeights) store(w *winoWork, c, k int) {
	window := p.kernels.window()
	row := p.c / len(p.x) * window
	transposeBand(p.dw[k*Block*row+c*Block*window:], row, w.v, Block, Block*window, Block)
}
