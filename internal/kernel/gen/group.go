package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["group"] = groups }

// groups emits the inner kernels of convolutions in groups of few channels, in
// the blocked layout. With 12 accumulators, the weights of a run of taps and a
// pixel, all 16 registers of AVX2 are used.
func groups() {
	for _, set := range []isa{avx2, avx512} {
		for g := 1; g < block; g *= 2 {
			for p := range groupMost(set) {
				group(set, p+1, g)
			}
			for taps := range groupRun {
				groupOuter(set, g, taps+1)
			}
		}
	}
}

// groupMost returns how many pixels a tile has at most.
func groupMost(set isa) int { return 12 * set.lanes / block }

// groupRun is kernel.groupRun.
const groupRun = 3

// Where the fields of kernel.groupArgs and of kernel.groupOuterArgs lie that
// kernel.panelArgs and kernel.outerArgs have not; a test there holds them against
// the structs.
const (
	groupTapW         = 120
	groupCounts       = 128
	groupFetches      = 152
	groupFetch        = 160
	groupAheadY       = 168
	groupOuterTapSums = 88
)

// groupEmitter emits kernels for groups of channels. A pixel's lanes are those of
// one block, in some vectors.
type groupEmitter struct {
	panelEmitter
	channels int               // of a group
	upper    reg.OpmaskVirtual // the upper half of the lanes of AVX-512
	value    reg.VecVirtual    // channels of a pixel, spread
}

func newGroupEmitter(set isa, channels int) *groupEmitter {
	g := &groupEmitter{panelEmitter: panelEmitter{isa: set, width: block}, channels: channels}
	g.value = g.vector()
	g.t = Load(Param("t"), GP64())
	if set.lanes == block && channels == block/2 {
		mask := GP32()
		MOVL(U32(0xff00), mask)
		upper := K()
		KMOVW(mask, upper)
		g.upper = upper
	}
	return g
}

// spread loads a value: the vector that begins at offset in a pixel, with channel i of each
// group in all lanes of the group.
func (g *groupEmitter) spread(at func(disp int) Mem, offset, i int) {
	to := g.value
	switch {
	case g.channels == 1:
		VMOVUPS(at(offset), to)
	case g.channels == 2 && i == 0:
		VMOVSLDUP(at(offset), to)
	case g.channels == 2:
		VMOVSHDUP(at(offset), to)
	case g.channels == 4:
		VPERMILPS(U8(i*0x55), at(offset), to)
	default:
		VBROADCASTSS(at(offset+4*i), to)
		if g.upper != nil {
			VBROADCASTSS(at(offset+4*(i+g.channels)), g.upper, to)
		}
	}
}

// group emits one kernel of the forward products.
func group(set isa, pixels, channels int) {
	name := fmt.Sprintf("group%s_%dx%d", set.name, pixels, channels)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know groupArgs
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is groupGo for tiles of %d pixels and groups of %d channels; t is a *groupArgs.", name, pixels, channels))
	g := newGroupEmitter(set, channels)
	g.pixels, g.spare = pixels, g.value
	for range 1 + btoi(pixels < 4) + 2*btoi(pixels < 2) {
		g.acc = append(g.acc, vectorGrid(set, pixels, block/set.lanes))
	}
	x, y, residual, tiles := g.field(panelX), g.field(panelY), g.field(panelResidual), g.field(panelTiles)
	Label("tile")
	g.fetch(x, y)
	g.start()
	g.multiplyRuns(x)
	g.finish(y, residual)
	ADDQ(Mem{Base: g.t, Disp: panelNextX}, x)
	ADDQ(Mem{Base: g.t, Disp: panelNextY}, y)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// fetch emits the fetching of pixels that are needed later.
func (g *groupEmitter) fetch(x, y reg.GPVirtual) {
	ahead := g.field(groupAheadY)
	ADDQ(y, ahead)
	g.fetchPixels(panelPixelY, ahead)
	count, place, first := g.field(groupFetch), g.field(groupFetches), GP64()
	TESTQ(count, count)
	JZ(LabelRef("start"))
	Label("fetch")
	MOVQ(Mem{Base: place}, first)
	ADDQ(x, first)
	g.fetchPixels(panelPixelX, first)
	ADDQ(Imm(8), place)
	DECQ(count)
	JNZ(LabelRef("fetch"))
	Label("start")
}

// fetchPixels emits the fetching of a tile's pixels from a first one on.
func (g *groupEmitter) fetchPixels(distance int, first reg.Register) {
	pixels := g.walk(distance, g.pixels)
	pixels.from(first)
	for p := range g.pixels {
		PREFETCHT0(pixels.at(p, 0))
	}
}

// multiplyRuns emits the loops over the steps, one for each length of a run.
func (g *groupEmitter) multiplyRuns(x reg.GPVirtual) {
	Label("multiply")
	step, w, tapW := g.field(panelSteps), GP64(), g.field(groupTapW)
	pixels := g.walk(panelPixelX, g.pixels+groupRun-1)
	weights := vectorGrid(g.isa, 1, groupRun)[0]
	for run := groupRun; run > 0; run-- {
		loop, end := fmt.Sprintf("run%d", run), fmt.Sprintf("end%d", run)
		count := g.field(groupCounts + 8*(run-1))
		TESTQ(count, count)
		JZ(LabelRef(end))
		Label(loop)
		MOVQ(Mem{Base: step}, pixels.fives[0])
		ADDQ(x, pixels.fives[0])
		pixels.spread()
		MOVQ(Mem{Base: step, Disp: 8}, w)
		ADDQ(Mem{Base: g.t, Disp: panelW}, w)
		g.eachProduct(run, w, tapW, pixels, weights[:run])
		ADDQ(Imm(16), step)
		DECQ(count)
		JNZ(LabelRef(loop))
		Label(end)
	}
}

// eachProduct emits the products of a step: a vector of a pixel is spread once for
// all taps of the run.
func (g *groupEmitter) eachProduct(run int, w, tapW reg.GPVirtual, pixels *walk, weights []reg.VecVirtual) {
	for i := range g.channels {
		for v := range block / g.lanes {
			for j := range weights {
				VMOVUPS(atTap(w, tapW, j, 4*(i*block+v*g.lanes)), weights[j])
			}
			for q := range g.pixels + run - 1 {
				g.spread(func(disp int) Mem { return pixels.at(q, disp) }, 4*g.lanes*v, i)
				for j := range weights {
					if p := q - j; p >= 0 && p < g.pixels {
						VFMADD231PS(g.value, weights[j], g.acc[(i*run+j)%len(g.acc)][p][v])
					}
				}
			}
		}
	}
}

// atTap returns a place that belongs to tap j, of up to three that lie a distance
// apart.
func atTap(base, distance reg.Register, j, disp int) Mem {
	m := Mem{Base: base, Disp: disp}
	if j > 0 {
		m.Index, m.Scale = distance, uint8(j)
	}
	return m
}

// groupOuter emits one kernel of the weight gradient. Each pass over the pixels
// has as many sums as there are registers for: of all taps, of some channels of
// the groups and some vectors of the block.
func groupOuter(set isa, channels, taps int) {
	name := fmt.Sprintf("groupOuter%s_%dx%d", set.name, channels, taps)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know groupOuterArgs
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is groupOuterGo for groups of %d channels and %d taps; t is a *groupOuterArgs.", name, channels, taps))
	g := newGroupEmitter(set, channels)
	vectors, most := block/set.lanes, 12*set.lanes/8
	some, together := channels, vectors
	for taps*some*together > most && together > 1 {
		together /= 2
	}
	for taps*some*together > most {
		some /= 2
	}
	for first := 0; first < channels; first += some {
		for v := 0; v < vectors; v += together {
			g.outerSums(outerPart{taps, first, some, v, together, 1 + btoi(2*taps*some*together <= most)})
		}
	}
	VZEROUPPER()
	RET()
}

// An outerPart is what a pass of a kernel of the weight gradient adds up. With few
// sums there are two sets, which neighbouring pixels take in turn, since a sum
// cannot be added to every cycle.
type outerPart struct {
	taps            int
	first, channels int
	vector, vectors int
	sets            int
}

// outerSums emits a pass.
func (g *groupEmitter) outerSums(o outerPart) {
	label := func(s string) string { return fmt.Sprintf("%s_%d_%d", s, o.first, o.vector) }
	sums, tapSums := g.field(outerSums), g.field(groupOuterTapSums)
	var acc [][]reg.VecVirtual // [set][(tap, channel, vector)]
	for range o.sets {
		acc = append(acc, vectorGrid(g.isa, 1, o.taps*o.channels*o.vectors)[0])
	}
	eachSum := func(f func(n int, at Mem)) {
		for n := range acc[0] {
			j, i, v := n/(o.channels*o.vectors), n/o.vectors%o.channels, n%o.vectors
			f(n, atTap(sums, tapSums, j, 4*((o.first+i)*block+(o.vector+v)*g.lanes)))
		}
	}
	eachSum(func(n int, at Mem) {
		VMOVUPS(at, acc[0][n])
		for _, more := range acc[1:] {
			VXORPS(more[n].AsX(), more[n].AsX(), more[n].AsX())
		}
	})
	rowX, rowY, rows := g.field(outerX), g.field(outerY), g.field(outerRows)
	pixels := outerPixelsAt{GP64(), GP64(), g.field(outerPixelX), g.field(outerPixelY)}
	NEGQ(pixels.pixelY) // the taps meet earlier pixels of y
	values := vectorGrid(g.isa, 1, o.taps)[0]
	Label(label("row"))
	MOVQ(rowX, pixels.x)
	MOVQ(rowY, pixels.y)
	left := g.field(outerPixels)
	aheadX, aheadY := g.field(outerAheadX), g.field(outerAheadY)
	Label(label("pixel"))
	for set := range acc {
		if o.first == 0 && o.vector == 0 {
			PREFETCHT0(Mem{Base: pixels.x, Index: aheadX, Scale: 1})
			PREFETCHT0(Mem{Base: pixels.y, Index: aheadY, Scale: 1})
		}
		g.outerPixel(o, acc[set], pixels, values)
		DECQ(left)
		if set < len(acc)-1 {
			JZ(LabelRef(label("end")))
		}
	}
	JNZ(LabelRef(label("pixel")))
	Label(label("end"))
	ADDQ(Mem{Base: g.t, Disp: outerRowX}, rowX)
	ADDQ(Mem{Base: g.t, Disp: outerRowY}, rowY)
	DECQ(rows)
	JNZ(LabelRef(label("row")))
	eachSum(func(n int, at Mem) {
		for _, more := range acc[1:] {
			VADDPS(more[n], acc[0][n], acc[0][n])
		}
		VMOVUPS(acc[0][n], at)
	})
}

// outerPixelsAt are where a pixel of x and y is, and how far it is to the next of x
// and to the last of y.
type outerPixelsAt struct{ x, y, pixelX, pixelY reg.GPVirtual }

// outerPixel emits the products of one pixel and goes to the next.
func (g *groupEmitter) outerPixel(o outerPart, acc []reg.VecVirtual, p outerPixelsAt, values []reg.VecVirtual) {
	for v := range o.vectors {
		offset := 4 * g.lanes * (o.vector + v)
		for j := range values {
			VMOVUPS(atTap(p.y, p.pixelY, j, offset), values[j])
		}
		for i := range o.channels {
			g.spread(func(disp int) Mem { return Mem{Base: p.x, Disp: disp} }, offset, o.first+i)
			for j := range values {
				VFMADD231PS(g.value, values[j], acc[(j*o.channels+i)*o.vectors+v])
			}
		}
	}
	ADDQ(p.pixelX, p.x)
	SUBQ(p.pixelY, p.y)
}
