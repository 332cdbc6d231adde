package kernel

// winogradWeights computes the gradient of the weights of a convolution in the
// blocked layout by Winograd's algorithm: dW = Gᵀ (sum over tiles of
// (Bᵀ x B) * (A dy Aᵀ)) G. It sums in an order that depends on the shape alone.
//
// What is not finite in x or dy makes the gradients not finite that depend on it,
// and may do so with those of other taps of the same pair of channels.
type winogradWeights struct {
	c, k    int
	kernels *winoKernels
	outer   outerKernel
	x, y    winoGrid
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
	_, outer := rowKernels(Block)
	p := &winogradWeights{c: s.C, k: s.K, kernels: winogradFor(m), outer: outer.kernel}
	oh, ow := s.Out()
	th, tw := ceilDiv(oh, m), ceilDiv(ow, m)
	p.x = newWinoGrid(s.H, s.W, th, tw, m, p.kernels.size(), s.PadTop, s.PadLeft)
	p.y = newWinoGrid(oh, ow, th, tw, m, m, 0, 0)
	p.tiles = s.N * th * tw
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
	p.parts = min(p.c/Block, ceilDiv(pieces, p.k/Block))
}

// run overwrites dw (K, C, 3, 3) with the gradient of the weights, from x
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
		p.x.spread(w.spread, p.kernels.input, p.v[channels*p.pitch:], p.from, p.c, channels, 1, begin, end)
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
	w := takeWinoWork(winoTaps*winoTaps*Block*Block, p.pairSums())
	k, part := piece/p.parts, piece%p.parts
	for c := part * p.c / Block / p.parts; c < (part+1)*p.c/Block/p.parts; c++ {
		sums := w.m
		if p.kept {
			sums = p.sums[(c*p.k/Block+k)*p.pairSums():][:p.pairSums()]
		}
		if p.block == 0 {
			clear(sums)
		}
		p.multiply(w, sums, c, k)
		if p.block == p.blocks-1 {
			p.store(w, sums, c, k)
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

// store brings the sums of two blocks of channels to the gradient.
func (p *winogradWeights) store(w *winoWork, sums []float32, c, k int) {
	const window = winoTaps * winoTaps
	a := w.collect
	a.v, a.plane, a.nextV, a.tiles, a.blocks = &sums[0], 4*p.planeSums, 4*Block, Block, 1
	a.y, a.pitch, a.nextY, a.rows, a.columns = &w.v[0], winoTaps*4*Block, window*4*Block, winoTaps, winoTaps
	a.bias, a.residual, a.flags = nil, nil, 0
	p.kernels.weightGrad.run(a)
	a.v, a.y = nil, nil
	to := p.dw[(k*Block*p.c+c*Block)*window:]
	transposeBand(to, p.c*window, w.v, Block, Block*window, Block)
}
