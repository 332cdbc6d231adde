package kernel

// weightPass computes the gradient of a convolution's weights: scalar products
// of the planes of the output's gradient, laid out with the pitch of the
// input's field and zeros between the rows, with the shifted planes of the
// input. Nothing is transposed, and sums stay in registers over many pixels.
type weightPass struct {
	ConvShape
	kernel        *dotKernel
	fieldX        *field
	fieldY        *field
	panels, tiles int     // of rows in a group, of columns
	off           []int64 // of the columns of each tile, in bytes
	vectors       int     // of the output pixels of an image
	blocks        int     // each image's pixels are cut into so many runs
	together      int     // or so many images' pixels make one run of the kernel
	chunks        int     // of images, each with sums of its own; 1 if shared
	panelBlocks   int     // how the sums are cut if the images are shared
	tileBlocks    int

	dw, x, dy  []float32
	sums       []float32 // [chunk][panel of group][tile][row][column]
	imagesX    scratchPool
	imagesY    scratchPool
	sharedX    []float32
	sharedY    []float32
	chunkPiece func(int)
	layPiece   func(int)
	tilePiece  func(int)
	storePiece func(int)
}

// dotRun is how many vectors of each row a kernel takes at once, about: the
// rows of a panel then stay in the first-level cache while all columns pass by.
const dotRun = 72

func newWeightPass(s ConvShape) *weightPass {
	oh, ow := s.Out()
	p := &weightPass{ConvShape: s, kernel: dotSets.get().kernel(s.K / s.Groups), fieldX: forwardField(s)}
	p.fieldY = newField(s.K, oh, ow, []span{{0, 0, 1, oh}}, []span{{0, 0, 1, ow}}, oh, 0, p.fieldX.pitch)
	p.fieldY.slack += p.kernel.rows * p.fieldY.plane
	off := tapOffsets(s, p.fieldX)
	p.panels = ceilDiv(s.K/s.Groups, p.kernel.rows)
	p.tiles = ceilDiv(len(off), p.kernel.columns)
	for i := range p.tiles * p.kernel.columns {
		p.off = append(p.off, off[min(i, len(off)-1)])
	}
	p.vectors = ceilDiv((oh-1)*p.fieldX.pitch+ow, p.kernel.lanes)
	p.blocks = ceilDiv(p.vectors*p.kernel.lanes, dotRun*maxLanes)
	p.split()
	p.sums = make([]float32, p.chunks*p.sumsPerChunk())
	p.chunkPiece, p.layPiece, p.tilePiece, p.storePiece = p.computeChunk, p.layChannel, p.computeTiles, p.store
	return p
}

// split cuts the work: by images, if there are some and the sums are few, which
// are then added up over the chunks; else by sums, and all pieces share the
// images.
func (p *weightPass) split() {
	const images, chunks, pieces = 4, 8, 16
	p.together = max(1, min(dotRun*maxLanes/(p.vectors*p.kernel.lanes), p.N))
	if p.N >= images && p.sumsPerChunk() <= panelFirst {
		p.chunks = min(p.N, chunks)
		p.together = evenly(ceilDiv(p.N, p.chunks), p.together)
		p.imagesX.size = p.together*p.fieldX.image() + p.fieldX.slack
		p.imagesY.size = p.together*p.fieldY.image() + p.fieldY.slack
		return
	}
	p.chunks, p.together = 1, evenly(p.N, p.together)
	p.tileBlocks = min(p.tiles, pieces)
	p.panelBlocks = min(p.Groups*p.panels, ceilDiv(pieces, p.tileBlocks))
	p.sharedX = make([]float32, p.N*p.fieldX.image()+p.fieldX.slack)
	p.sharedY = make([]float32, p.N*p.fieldY.image()+p.fieldY.slack)
}

// evenly returns the size of the parts of n if they are as equal as can be and
// at most limit.
func evenly(n, limit int) int { return ceilDiv(n, ceilDiv(n, limit)) }

func (p *weightPass) tileSize() int { return p.kernel.rows * p.kernel.columns }

func (p *weightPass) sumsPerChunk() int { return p.Groups * p.panels * p.tiles * p.tileSize() }

func (p *weightPass) run(dw, x, dy []float32) {
	p.dw, p.x, p.dy = dw, x, dy
	if p.chunks > 1 {
		p.parallel(p.chunks, p.chunkPiece)
	} else {
		p.parallel(p.N*(p.C+p.K), p.layPiece)
		p.parallel(p.panelBlocks*p.tileBlocks, p.tilePiece)
	}
	p.parallel(p.Groups*p.panels, p.storePiece)
	p.dw, p.x, p.dy = nil, nil, nil
}

// parallel is as that of sweep.
func (p *weightPass) parallel(pieces int, f func(int)) {
	if p.macs() < 1<<16 {
		for i := range pieces {
			f(i)
		}
		return
	}
	Parallel(pieces, f)
}

// lay copies channel c of image n, counted through input and output channels,
// to the i-th image of x and y.
func (p *weightPass) lay(x, y []float32, i, n, c int) {
	f, dst, src := p.fieldX, x, p.x
	if c >= p.C {
		f, dst, src, c = p.fieldY, y, p.dy, c-p.C
	}
	f.lay(dst[i*f.image()+c*f.channel():][:f.channel()], src[(n*f.channels+c)*f.h*f.w:][:f.h*f.w])
}

func (p *weightPass) layChannel(piece int) {
	n := piece / (p.C + p.K)
	p.lay(p.sharedX, p.sharedY, n, n, piece%(p.C+p.K))
}

// computeChunk sums over one chunk of the images.
func (p *weightPass) computeChunk(chunk int) {
	sums := p.sums[chunk*p.sumsPerChunk():][:p.sumsPerChunk()]
	clear(sums)
	x, y := p.imagesX.take(), p.imagesY.take()
	defer p.imagesX.put(x)
	defer p.imagesY.put(y)
	end := (chunk + 1) * p.N / p.chunks
	for n := chunk * p.N / p.chunks; n < end; n += p.together {
		count := min(p.together, end-n)
		for i := range count {
			for c := range p.C + p.K {
				p.lay(x, y, i, n+i, c)
			}
		}
		p.accumulate(sums, x, y, count, 0, p.Groups*p.panels, 0, p.tiles)
	}
}

// computeTiles sums over all images for a block of the sums.
func (p *weightPass) computeTiles(piece int) {
	panel, tile, panels := piece/p.tileBlocks, piece%p.tileBlocks, p.Groups*p.panels
	panel0, panel1 := panel*panels/p.panelBlocks, (panel+1)*panels/p.panelBlocks
	tile0, tile1 := tile*p.tiles/p.tileBlocks, (tile+1)*p.tiles/p.tileBlocks
	for i := panel0; i < panel1; i++ {
		clear(p.sums[(i*p.tiles+tile0)*p.tileSize() : (i*p.tiles+tile1)*p.tileSize()])
	}
	for n := 0; n < p.N; n += p.together {
		x, y := p.sharedX[n*p.fieldX.image():], p.sharedY[n*p.fieldY.image():]
		p.accumulate(p.sums, x, y, min(p.together, p.N-n), panel0, panel1, tile0, tile1)
	}
}

// dotTiles is how many tiles all panels pass by before the next ones: their
// part of x stays in the second-level cache.
const dotTiles = 48

// accumulate adds what count images bring to the sums of some panels (counted
// through all groups) and tiles.
func (p *weightPass) accumulate(sums, x, y []float32, count, panel0, panel1, tile0, tile1 int) {
	t := dotArgsPool.take()
	defer t.release()
	t.stride, t.nextB = 4*p.fieldY.plane, 4*p.fieldX.image()
	for block := range p.blocks {
		v0, v1 := block*p.vectors/p.blocks, (block+1)*p.vectors/p.blocks
		for first := tile0; first < tile1; first += dotTiles {
			for panel := panel0; panel < panel1; panel++ {
				for tile := first; tile < min(first+dotTiles, tile1); tile++ {
					t.runs = count
					p.multiply(t, sums, x, y, panel, tile, v0, v1)
				}
			}
		}
	}
}

// multiply adds the products of vectors [v0, v1) of t.runs images.
func (p *weightPass) multiply(t *dotArgs, sums, x, y []float32, panel, tile, v0, v1 int) {
	k := p.kernel
	group, row := panel/p.panels, panel%p.panels*k.rows
	t.a = &y[(group*(p.K/p.Groups)+row)*p.fieldY.plane+v0*k.lanes]
	t.b = &x[group*(p.C/p.Groups)*p.fieldX.channel()+v0*k.lanes]
	t.off = &p.off[tile*k.columns]
	t.vectors = v1 - v0
	t.nextA = 4 * (p.fieldY.image() - (v1-v0)*k.lanes)
	t.sums = &sums[(panel*p.tiles+tile)*p.tileSize()]
	k.run(t)
}

// store adds up the chunks of one panel and writes its gradients.
func (p *weightPass) store(panel int) {
	size := p.tiles * p.tileSize()
	sums := p.sums[panel*size:][:size]
	for chunk := 1; chunk < p.chunks; chunk++ {
		more := p.sums[chunk*p.sumsPerChunk()+panel*size:][:size]
		for i, v := range more {
			sums[i] += v
		}
	}
	depth := p.weightLen() / p.K
	group, row := panel/p.panels, panel%p.panels*p.kernel.rows
	for r := range min(p.kernel.rows, p.K/p.Groups-row) {
		dw := p.dw[(group*(p.K/p.Groups)+row+r)*depth:][:depth]
		for tile := range p.tiles {
			from := sums[tile*p.tileSize()+r*p.kernel.columns:]
			copy(dw[tile*p.kernel.columns:], from[:p.kernel.columns])
		}
	}
}
