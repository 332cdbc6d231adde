package kernel

import "unsafe"

// winoPackChannels is how many input channels a piece of packing takes at once,
// at most.
const winoPackChannels = 64

// pack transforms the weights (K, C, KH, KW), or those of the convolution that
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
	phases, window := len(p.x), p.kernels.window()
	work.w = grow(work.w, Block*window*Block)
	for c := begin; c < end; c += Block {
		phase, real := c/Block%phases, c/Block/phases*Block
		switch {
		case c > begin && phase > 0: // they are there
		case p.flipped:
			p.flipWeights(work.w, k*Block, real)
		default:
			row := p.c / phases * window
			transposeBand(work.w, Block, p.w[k*Block*row+real*window:], row, Block, Block*window)
		}
		first := p.first
		if phases > 1 {
			first = p.kernels.tap(phase)
		}
		p.packBlock(work, first, panel[c*p.set.width+k*Block%p.set.width:])
	}
}

// flipWeights brings the weights of Block channels k and Block input channels c,
// which are the others' in the array, to the order (c, taps, k), and turns the
// window round.
func (p *winograd) flipWeights(dst []float32, k, c int) {
	window := p.kernels.window()
	for i := range Block {
		flipWindow(dst[i*window*Block:][:window*Block], p.w[((c+i)*p.k+k)*window:][:window*Block])
	}
}

// packBlock transforms the weights (c, taps, k) of Block input channels and Block
// output channels, which lie in the work memory, of the phase that begins with
// the tap first.
func (p *winograd) packBlock(work *winoWork, first int, dst []float32) {
	a, f := work.spread, p.kernels
	a.x, a.at = &work.w[first*Block], 0
	a.pitch, a.nextX = f.stride*f.side()*4*Block, f.window()*4*Block
	a.rows, a.columns = 1<<f.taps-1, 1<<f.taps-1
	a.tiles, a.blocks = Block, 1
	a.v = &dst[0]
	a.plane, a.nextV = 4*p.planeU, 4*p.set.width
	f.weight.run(a)
	a.x, a.v = nil, nil
}

// flipWindow brings the windows (k, taps) of Block channels to the order (taps, k),
// turned round. Taps that are left over by vectors of eight, the last of a window,
// come first.
func flipWindow(dst, src []float32) {
	const most = 16
	var turned [most]lane
	window := len(src) / Block
	whole := window &^ 7
	transposeBand(unsafe.Slice(&turned[0][0], whole*Block), Block, src, window, Block, whole)
	for tap := whole; tap < window; tap++ {
		to := (*lane)(dst[(window-1-tap)*Block:])
		for k := range to {
			to[k] = src[k*window+tap]
		}
	}
	for tap := range whole {
		*(*lane)(dst[(window-1-tap)*Block:]) = turned[tap]
	}
}
