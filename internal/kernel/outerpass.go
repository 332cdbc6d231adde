package kernel

// outerPass computes the gradient of a convolution's weights in the blocked
// layout: for every tap the sum of the outer products of the input's pixels with
// those of the output's gradient, rows of pixels at a time, in blocks of
// channels whose sums stay in registers.
type outerPass struct {
	ConvShape
	inputs, outputs int // blocks of channels in a group
	oh, ow          int
	taps            []outerTap
	side            int // blocks of channels of x, and of y, in a square
	across, down    int // squares of a group
	band            int // output rows that are taken at once
	images          int // that are: more than one if their pixels are a row each, shorter than a band
	chunks          int // of images, each with sums of its own
	kernel          outerKernel

	dw, x, dy []float32
	sums      []float32 // [chunk][group][input block][output block][tap][Block][Block]
	piece     func(int)
	storeOne  func(int)
}

// outerTap says which outputs a tap of the window reaches from inside the image.
type outerTap struct {
	dh, dw         int // the input pixel of output pixel 0
	h0, h1, w0, w1 int // the outputs
}

func newOuterPass(s ConvShape) *outerPass {
	p := &outerPass{ConvShape: s, inputs: s.C / s.Groups / Block, outputs: s.K / s.Groups / Block, kernel: panelTiers.get().outers[0].kernel}
	p.oh, p.ow = s.Out()
	for kh := range s.KH {
		for kw := range s.KW {
			t := outerTap{dh: kh*s.DilationH - s.PadTop, dw: kw*s.DilationW - s.PadLeft}
			t.h0, t.h1 = reach(p.oh, s.H, s.StrideH, t.dh)
			t.w0, t.w1 = reach(p.ow, s.W, s.StrideW, t.dw)
			p.taps = append(p.taps, t)
		}
	}
	if s.KH*s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 && p.oh == s.H && p.ow == s.W {
		p.cutIntoRows()
	}
	p.split()
	p.piece, p.storeOne = p.compute, p.store
	return p
}

// cutIntoRows takes the pixels of an image as rows of a length that suits the
// caches: with one tap and no border it does not matter where rows end.
func (p *outerPass) cutIntoRows() {
	pixels := p.oh * p.ow
	for width := min(pixels, 256); width > 0; width-- {
		if pixels%width == 0 {
			p.oh, p.ow, p.H, p.W = pixels/width, width, pixels/width, width
			p.taps[0].h1, p.taps[0].w1 = p.oh, p.ow
			return
		}
	}
}

// reach returns the outputs, of n, whose input i*stride+d is one of size.
func reach(n, size, stride, d int) (first, end int) {
	first = ceilDiv(max(-d, 0), stride)
	return first, max(first, min(n, ceilDiv(max(size-d, 0), stride)))
}

// split chooses the pieces of work: squares of blocks of channels of x and of y,
// whose pixels in a band of rows stay in the second-level cache while all their
// pairs are multiplied; and chunks of images with sums of their own, where there
// are few squares to give to many cores.
func (p *outerPass) split() {
	const enough, most, pixels = 16, 8, 224
	for p.side = most; ; p.side /= 2 {
		p.down, p.across = ceilDiv(p.inputs, p.side), ceilDiv(p.outputs, p.side)
		if p.side == 1 || p.Groups*p.down*p.across*p.N >= enough {
			break
		}
	}
	p.chunks = min(p.N, ceilDiv(enough, p.squares()))
	p.band, p.images = max(1, pixels/p.ow), 1
	if p.H == 1 && p.oh == 1 && len(p.taps) == 1 {
		p.images = p.band
	}
}

func (p *outerPass) squares() int { return p.Groups * p.down * p.across }

func (p *outerPass) name() string {
	if len(p.taps) == 1 {
		return "1x1"
	}
	return "direct"
}

func (p *outerPass) run(dw, x, dy []float32) {
	p.dw, p.x, p.dy = dw, x, dy
	p.sums = scratch.borrow(p.chunks * p.weightLen())
	Parallel(p.chunks*p.squares(), p.piece)
	Parallel(p.Groups*p.inputs*p.outputs, p.storeOne)
	scratch.giveBack(p.sums)
	p.sums, p.dw, p.x, p.dy = nil, nil, nil, nil
}

// compute adds up one square over the images of one chunk.
func (p *outerPass) compute(piece int) {
	chunk, i := piece/p.squares(), piece%p.squares()
	group, in, out := i/(p.down*p.across), i/p.across%p.down*p.side, i%p.across*p.side
	endIn, endOut := min(in+p.side, p.inputs), min(out+p.side, p.outputs)
	t := outerArgsPool.take()
	defer releaseOuter(t)
	t.pixelX, t.pixelY = 4*Block*p.StrideW, 4*Block
	t.rowX, t.rowY = 4*Block*p.StrideH*p.W, 4*Block*p.ow
	if p.images > 1 {
		t.rowX, t.rowY = p.Groups*p.inputs*t.rowX, p.Groups*p.outputs*t.rowY
	}
	for i := in; i < endIn; i++ {
		clear(p.pair(chunk, group, i, out)[:(endOut-out)*p.pairLen()])
	}
	last := (chunk + 1) * p.N / p.chunks
	for n := chunk * p.N / p.chunks; n < last; n += p.images {
		for row := 0; row < p.oh; row += p.band {
			for i := in; i < endIn; i++ {
				for o := out; o < endOut; o++ {
					p.addBand(t, p.pair(chunk, group, i, o), n*p.Groups+group, i, o, row, min(p.images, last-n))
				}
			}
		}
	}
}

func (p *outerPass) pairLen() int { return len(p.taps) * Block * Block }

// pair returns the sums of a pair of blocks of channels in a chunk, and of those
// that follow.
func (p *outerPass) pair(chunk, group, in, out int) []float32 {
	return p.sums[(((chunk*p.Groups+group)*p.inputs+in)*p.outputs+out)*p.pairLen():]
}

// addBand adds what a band of output rows of a group of an image, counted through
// all images, or of so many images, brings to every tap of a pair of blocks.
func (p *outerPass) addBand(t *outerArgs, sums []float32, group, in, out, row, images int) {
	x := p.x[(group*p.inputs+in)*p.H*p.W*Block:]
	dy := p.dy[(group*p.outputs+out)*p.oh*p.ow*Block:]
	for i, tap := range p.taps {
		first, end := max(row, tap.h0), min(row+p.band, tap.h1)
		if first >= end || tap.w0 >= tap.w1 {
			continue
		}
		t.x = &x[Block*((first*p.StrideH+tap.dh)*p.W+tap.w0*p.StrideW+tap.dw)]
		t.y = &dy[Block*(first*p.ow+tap.w0)]
		t.rows, t.pixels = (end-first)*images, tap.w1-tap.w0
		t.sums = &sums[i*Block*Block]
		p.kernel.run(t)
	}
}

// store adds up the chunks of one pair of blocks and writes its gradients.
func (p *outerPass) store(i int) {
	group, in, out := i/(p.inputs*p.outputs), i/p.outputs%p.inputs, i%p.outputs
	sums := p.pair(0, group, in, out)[:p.pairLen()]
	for chunk := 1; chunk < p.chunks; chunk++ {
		for j, v := range p.pair(chunk, group, in, out)[:p.pairLen()] {
			sums[j] += v
		}
	}
	tmp := scratch.borrow(p.pairLen())
	defer scratch.giveBack(tmp)
	storeWeights(p.dw, sums, tmp, p.ConvShape, group, in, out)
}

// storeWeights writes the sums (tap, Block input channels, Block output channels)
// of a block of channels to their places in dw (K, C/Groups, KH, KW). tmp is
// as long.
func storeWeights(dw, sums, tmp []float32, s ConvShape, group, in, out int) {
	taps, channels := s.KH*s.KW, s.C/s.Groups
	byOutput := tmp[:len(sums)]
	transposeBand(byOutput, taps*Block, sums, Block, taps*Block, Block)
	for k := range Block {
		to := dw[((group*(s.K/s.Groups)+out*Block+k)*channels+in*Block)*taps:][:Block*taps]
		from := byOutput[k*taps*Block:][:taps*Block]
		if taps == 1 {
			copy(to, from)
			continue
		}
		transposeBand(to, taps, from, Block, taps, Block)
	}
}

var outerArgsPool spares[outerArgs]

// releaseOuter gives arguments back, without what they point to.
func releaseOuter(t *outerArgs) {
	*t = outerArgs{}
	outerArgsPool.put(t)
}
