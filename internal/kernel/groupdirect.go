package kernel

import (
	"cmp"
	"slices"
	"unsafe"
)

// groupDirect computes convolutions in groups of few channels, in the blocked
// layout, as direct does others: nothing is copied or padded, a tap that falls
// outside the image is left out. Blocks of channels do not depend on each other.
//
// It serves the forward pass and, with one axis for each phase of the stride,
// the gradient of the input.
type groupDirect struct {
	ConvShape
	set          *groupSet
	transposed   bool      // the pass goes from the output's channels to the input's
	weights      []float32 // [block][kh][kw][channel of the group][Block]
	segments     []groupSegment
	sizeX, sizeY int // of a block of channels of an image, in values
	cut          int // pieces that the segments of a block make

	w, x, y             []float32
	epilogue            Epilogue
	packOne, computeOne func(int)
}

// newGroupDirect returns the forward pass of s, which has narrow groups.
func newGroupDirect(s ConvShape) *groupDirect {
	oh, ow := s.Out()
	return prepareGroups(s, false, [2]int{s.H, s.W}, [2]int{oh, ow},
		forwardAxes(oh, s.KH, s.StrideH, s.DilationH, s.PadTop),
		forwardAxes(ow, s.KW, s.StrideW, s.DilationW, s.PadLeft))
}

// newGroupInput returns the pass from the gradient of the output to that of the
// input.
func newGroupInput(s ConvShape) *groupDirect {
	oh, ow := s.Out()
	return prepareGroups(s, true, [2]int{oh, ow}, [2]int{s.H, s.W},
		gradAxes(s.H, s.KH, s.DilationH, s.StrideH, s.PadTop),
		gradAxes(s.W, s.KW, s.DilationW, s.StrideW, s.PadLeft))
}

// prepareGroups returns a pass to the outputs that the axes describe; from and to
// are the heights and widths of the images.
func prepareGroups(s ConvShape, transposed bool, from, to [2]int, rows, columns []axis) *groupDirect {
	const enough = 16 // pieces
	d := &groupDirect{ConvShape: s, set: groupsOf(s.narrowGroups()), transposed: transposed,
		sizeX: Block * from[0] * from[1], sizeY: Block * to[0] * to[1]}
	m := groupMap{g: d.set.g, from: from, to: to, kw: s.KW}
	for i := range rows {
		for j := range columns {
			m.add(&rows[i], &columns[j])
		}
	}
	// The phases take turns, so that what they have in common stays in the cache.
	band := Block * to[1] * groupBand * rows[0].to
	slices.SortStableFunc(m.segments, func(a, b groupSegment) int { return cmp.Compare(a.y/band, b.y/band) })
	d.segments = m.segments
	d.cut = min(len(d.segments), ceilDiv(enough, s.N*s.C/Block))
	d.packOne, d.computeOne = d.packBlock, d.compute
	return d
}

func (d *groupDirect) name() string { return d.set.name() }

func (d *groupDirect) packedLen() int { return d.weightLen() }

func (d *groupDirect) pack(packed, w []float32) {
	d.weights, d.w = packed, w
	Parallel(d.C/Block, d.packOne)
	d.weights, d.w = nil, nil
}

// packBlock takes the weights (Block, in the group, kh, kw) of a block of output
// channels to their places; in the transposed pass lane k has those of the other
// channels of its group that multiply it.
func (d *groupDirect) packBlock(block int) {
	g, taps := d.set.g, d.KH*d.KW
	w, dst := d.w[block*Block*g*taps:], d.weights[block*Block*g*taps:]
	for k := range Block {
		for i := range g {
			row := k*g + i
			if d.transposed {
				row = (k/g*g+i)*g + k%g
			}
			for tap, v := range w[row*taps:][:taps] {
				dst[(tap*g+i)*Block+k] = v
			}
		}
	}
}

func (d *groupDirect) run(y, x, packed []float32, e Epilogue) {
	d.x, d.y, d.weights, d.epilogue = x, y, packed, e
	Parallel(d.N*d.C/Block*d.cut, d.computeOne)
	d.x, d.y, d.weights, d.epilogue = nil, nil, nil, Epilogue{}
}

func (d *groupDirect) runOnce(y, x, w []float32, e Epilogue) { packAndRun(d, y, x, w, e) }

// compute computes one piece: some segments of a block of channels of an image.
func (d *groupDirect) compute(piece int) {
	t := groupArgsPool.take()
	defer releaseGroup(t)
	plane, part := piece/d.cut, piece%d.cut
	block := plane % (d.C / Block)
	t.w = &d.weights[block*Block*d.set.g*d.KH*d.KW]
	segments := d.segments[part*len(d.segments)/d.cut : (part+1)*len(d.segments)/d.cut]
	for i := range segments {
		s := &segments[i]
		t.target(d.y, d.epilogue, plane*d.sizeY+s.y, block*Block)
		t.pixelX, t.pixelY, t.tapW, t.counts = s.pixelX, s.pixelY, s.tapW, s.counts
		t.fetches, t.fetch, t.aheadY = unsafe.SliceData(s.fetches), len(s.fetches), s.aheadY
		if len(s.steps) == 0 {
			t.withoutTaps(s.pixels, Block)
			continue
		}
		t.x, t.steps = &d.x[plane*d.sizeX+s.x], &s.steps[0]
		d.set.panels.compute(&t.panelArgs, s.pixels)
	}
}

var groupArgsPool spares[groupArgs]

// releaseGroup gives arguments back, without what they point to.
func releaseGroup(t *groupArgs) {
	*t = groupArgs{}
	groupArgsPool.put(t)
}
