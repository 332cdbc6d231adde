package kernel

// panelPacker brings the weights (K, C/Groups, KH, KW) of a convolution into the
// order that panel kernels read: [group][panel][block of input channels][tap]
// [Block][width].
type panelPacker struct {
	weights []float32 // packed, while the plan runs

	groups, taps int
	in, out      int // channels of a group, as the pass has them
	width        int
	transposed   bool // the pass goes from the output's channels to the input's
	from         []float32
	piece        func(int)
}

func newPanelPacker(s ConvShape, width int, transposed bool) *panelPacker {
	p := &panelPacker{groups: s.Groups, taps: s.KH * s.KW, in: s.C / s.Groups, out: s.K / s.Groups, width: width, transposed: transposed}
	if transposed {
		p.in, p.out = p.out, p.in
	}
	p.piece = p.packPanel
	return p
}

// panel returns the weights of a panel; panels are counted through all groups.
func (p *panelPacker) panel(i int) []float32 {
	size := p.taps * p.in * p.width
	return p.weights[i*size:][:size]
}

// stepAt returns where the weights of a tap and a block of input channels lie in
// a panel.
func (p *panelPacker) stepAt(tap, block int) int { return (block*p.taps + tap) * Block * p.width }

func (p *panelPacker) packedLen() int { return p.groups * p.taps * p.in * p.out }

func (p *panelPacker) pack(packed, w []float32) {
	p.weights, p.from = packed, w
	Parallel(p.groups*p.out/p.width, p.piece)
	p.weights, p.from = nil, nil
}

func (p *panelPacker) packPanel(panel int) {
	group, first := panel/(p.out/p.width), panel%(p.out/p.width)*p.width
	dst, w := p.panel(panel), p.from[group*p.in*p.out*p.taps:]
	switch {
	case p.transposed:
		p.packTransposed(dst, w, first)
	case p.taps == 1:
		transposeBand(dst, p.width, w[first*p.in:], p.in, p.width, p.in)
	default:
		p.packForward(dst, w, first)
	}
}

// packForward packs from rows of (in, taps) for each of width output channels.
func (p *panelPacker) packForward(dst, w []float32, first int) {
	tmp := scratch.borrow(Block * p.taps * p.width)
	defer scratch.giveBack(tmp)
	row := p.in * p.taps
	for c := 0; c < p.in; c += Block {
		transposeBand(tmp, p.width, w[first*row+c*p.taps:], row, p.width, Block*p.taps)
		for i := range Block {
			for tap := range p.taps {
				copy(dst[p.stepAt(tap, c/Block)+i*p.width:][:p.width], tmp[(i*p.taps+tap)*p.width:])
			}
		}
	}
}

// packTransposed packs from rows of (out, taps) for each input channel of the
// pass.
func (p *panelPacker) packTransposed(dst, w []float32, first int) {
	for c := range p.in {
		from := w[(c*p.out+first)*p.taps:]
		if p.taps == 1 {
			copy(dst[c*p.width:][:p.width], from)
			continue
		}
		transposeBand(dst[p.stepAt(0, c/Block)+c%Block*p.width:], Block*p.width, from, p.taps, p.width, p.taps)
	}
}
