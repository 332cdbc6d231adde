package kernel

import "unsafe"

// winoPackChannels is how many input channels a piece of packing takes at once,
// at most.
const winoPackChannels = 64

// pack transforms the weights (K, C, 3, 3), or those of the convolution that
// this is the input gradient of.
func (p *winograd) pack(packed, w []float32) {
	p.u, p.w = packed, w
	Parallel(p.k/Block*ceilDiv(p.c, winoPackChannels), p.packPiece)
	p.u, p.w = nil, nil
}

// packChannels transforms the weights of a block of output channels for some
// blocks of input channels.
func (p *winograd) packChannels(piece int) {
	work := takeWinoWork(0, 0)
	chunks := ceilDiv(p.c, winoPackChannels)
	k, begin := piece/chunks, piece%chunks*winoPackChannels
	width := p.set.width / Block
	p.packBlocks(work, p.u[k/width*p.panelU():], k, begin, min(begin+winoPackChannels, p.c))
	work.release()
}

// packPanel transforms the weights of a panel into work memory.
func (p *winograd) packPanel(work *winoWork, panel int) []float32 {
	work.u = grow(work.u, p.panelU())
	width := p.set.width / Block
	for k := panel * width; k < (panel+1)*width; k++ {
		p.packBlocks(work, work.u, k, 0, p.c)
	}
	return work.u
}

// packBlocks transforms the weights of input channels [begin, end) and a block k
// of output channels to their places in the panel.
func (p *winograd) packBlocks(work *winoWork, panel []float32, k, begin, end int) {
	work.w = grow(work.w, Block*winoTaps*winoTaps*Block)
	for c := begin; c < end; c += Block {
		if p.flipped {
			p.flipWeights(work.w, k*Block, c)
		} else {
			from := p.w[(k*Block*p.c+c)*winoTaps*winoTaps:]
			transposeBand(work.w, Block, from, p.c*winoTaps*winoTaps, Block, Block*winoTaps*winoTaps)
		}
		p.packBlock(work, panel[c*p.set.width+k*Block%p.set.width:])
	}
}

// flipWeights brings the weights of Block channels k and Block input channels c,
// which are the others' in the array, to the order (c, 3, 3, k), and turns the
// window round.
func (p *winograd) flipWeights(dst []float32, k, c int) {
	const window = winoTaps * winoTaps
	for i := range Block {
		flipWindow(dst[i*window*Block:][:window*Block], p.w[((c+i)*p.k+k)*window:][:window*Block])
	}
}

// packBlock transforms the weights (c, 3, 3, k) of Block input channels and Block
// output channels, which lie in the work memory.
func (p *winograd) packBlock(work *winoWork, dst []float32) {
	a := work.spread
	a.x, a.at, a.pitch, a.nextX = &work.w[0], 0, winoTaps*4*Block, winoTaps*winoTaps*4*Block
	a.rows, a.columns = 1<<winoTaps-1, 1<<winoTaps-1
	a.tiles, a.blocks = Block, 1
	a.v = &dst[0]
	a.plane, a.nextV = 4*p.planeU, 4*p.set.width
	p.kernels.weight.run(a)
	a.x, a.v = nil, nil
}

// flipWindow brings the windows (k, 3, 3) of Block channels to the order
// (3, 3, k), turned round. The last tap, which is left over by vectors of eight,
// comes first.
func flipWindow(dst, src []float32) {
	const window = winoTaps * winoTaps
	var taps [window - 1]lane
	transposeBand(unsafe.Slice(&taps[0][0], len(taps)*Block), Block, src, window, Block, len(taps))
	first, last := (*lane)(dst), src[:window*Block]
	for k := range first {
		first[k] = last[k*window+window-1]
	}
	for tap := range taps {
		*(*lane)(dst[(window-1-tap)*Block:]) = taps[tap]
	}
}
