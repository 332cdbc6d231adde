package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["panel"] = panels }

// panels emits the inner kernels of the blocked layout: products of pixels with
// panels of weights for every number of pixels in a tile, and the outer products
// of the weight gradient. 12 accumulators leave the 16 registers of AVX2 enough
// room, 24 the 32 of AVX-512.
func panels() {
	for _, run := range []int{16, 7, 5, 4, 3, 1} {
		for p := range 6 {
			panel(avx2, p+1, 16, run)
		}
		for p := range 12 {
			panel(avx512, p+1, 16, run)
		}
	}
	for p := range 12 {
		panel(avx512, p+1, 32, 16)
	}
	for _, channels := range [][]int{{6, 5, 5}, {4, 3}, {5}, {4}, {3}, {1}} {
		outer(avx2, channels...)
	}
	for _, run := range []int{16, 7, 5, 4, 3, 1} {
		outer(avx512, run)
	}
}

// block is kernel.Block.
const block = 16

// Where the fields of kernel.panelArgs lie; a test there holds them against the
// struct.
const (
	panelX        = 0
	panelSteps    = 8 // then for each step: where in x, where in w
	panelDepth    = 16
	panelW        = 24
	panelPixelX   = 32
	panelNextX    = 40
	panelTiles    = 48
	panelY        = 56
	panelPixelY   = 64
	panelNextY    = 72
	panelBlockY   = 80
	panelBias     = 88
	panelResidual = 96
	panelFlags    = 104
	panelAhead    = 112
)

// panel emits one kernel. Accumulator [s][p][v] sums the products of pixel p
// with vector v of the panel; with few pixels there are several sets s, which
// take turns, since a sum cannot be added to every cycle.
func panel(set isa, pixels, width, run int) {
	name := fmt.Sprintf("panel%s_%dx%d_%d", set.name, pixels, width, run)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know panelArgs
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is panelGo for tiles of %d pixels, panels of %d channels and steps of %d; t is a *panelArgs.", name, pixels, width, run))
	g := &panelEmitter{isa: set, pixels: pixels, width: width, run: run, t: Load(Param("t"), GP64())}
	for range 1 + btoi(pixels < 4) + 2*btoi(pixels < 2) {
		g.acc = append(g.acc, vectorGrid(set, pixels, width/set.lanes))
	}
	x, y, residual, tiles := g.field(panelX), g.field(panelY), g.field(panelResidual), g.field(panelTiles)
	if run == block {
		g.ahead = g.field(panelAhead)
		ADDQ(Mem{Base: g.t, Disp: panelW}, g.ahead)
	}
	Label("tile")
	g.start()
	g.multiply(x)
	g.finish(y, residual)
	ADDQ(Mem{Base: g.t, Disp: panelNextX}, x)
	ADDQ(Mem{Base: g.t, Disp: panelNextY}, y)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func vectorGrid(set isa, rows, columns int) [][]reg.VecVirtual {
	grid := make([][]reg.VecVirtual, rows)
	for r := range grid {
		for range columns {
			grid[r] = append(grid[r], set.vector())
		}
	}
	return grid
}

type panelEmitter struct {
	isa
	pixels, width, run int
	t                  reg.Register
	acc                [][][]reg.VecVirtual
	ahead              reg.GPVirtual  // weights that are needed next
	spare              reg.VecVirtual // not needed after the products, or nil
}

// field returns a field of the arguments in a register.
func (g *panelEmitter) field(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: g.t, Disp: offset}, r)
	return r
}

// start sets the accumulators to the bias or to zero.
func (g *panelEmitter) start() {
	bias := g.field(panelBias)
	for _, set := range g.acc {
		for _, row := range set {
			for _, a := range row {
				VXORPS(a.AsX(), a.AsX(), a.AsX())
			}
		}
	}
	TESTQ(bias, bias)
	JZ(LabelRef("multiply"))
	for v := range g.acc[0][0] {
		VMOVUPS(Mem{Base: bias, Disp: 4 * g.lanes * v}, g.acc[0][0][v])
		for p := 1; p < g.pixels; p++ {
			VMOVAPS(g.acc[0][0][v], g.acc[0][p][v])
		}
	}
}

// walk gives the addresses of pixels that lie a distance apart, from a first one
// in a register: others hold the address of every fifth.
type walk struct {
	step, three reg.GPVirtual
	fives       []reg.GPVirtual
}

// walk returns the walk over so many pixels, whose distance is a field of the
// arguments.
func (g *panelEmitter) walk(distance, pixels int) *walk {
	w := &walk{step: g.field(distance), three: GP64()}
	LEAQ(Mem{Base: w.step, Index: w.step, Scale: 2}, w.three)
	for p := 0; p < pixels; p += 5 {
		w.fives = append(w.fives, GP64())
	}
	return w
}

// from sets the addresses.
func (w *walk) from(first reg.Register) {
	MOVQ(first, w.fives[0])
	w.spread()
}

// spread sets the addresses after the first.
func (w *walk) spread() {
	for i := 1; i < len(w.fives); i++ {
		LEAQ(Mem{Base: w.fives[i-1], Index: w.step, Scale: 4}, w.fives[i])
		ADDQ(w.step, w.fives[i])
	}
}

func (w *walk) at(pixel, disp int) Mem {
	m := Mem{Base: w.fives[pixel/5], Disp: disp}
	switch pixel % 5 {
	case 1, 2, 4:
		m.Index, m.Scale = w.step, uint8(pixel%5)
	case 3:
		m.Index, m.Scale = w.three, 1
	}
	return m
}

// prefetch emits the fetching, during the products of value c of a step, of
// weights that are needed next: a quarter of a step's, slowly, as the memory
// delivers, while the weights at hand are used for several tiles. Shorter steps
// belong to small weights.
func (g *panelEmitter) prefetch(c int) {
	const line = 64
	if every := 4 * block / g.width; g.run == block && c%every == 0 {
		PREFETCHT1(Mem{Base: g.ahead, Disp: c / every * line})
		if c+every == block {
			ADDQ(U32(block/every*line), g.ahead)
		}
	}
}

// multiply emits the loop over the depth.
func (g *panelEmitter) multiply(x reg.GPVirtual) {
	Label("multiply")
	step, depth, w := g.field(panelSteps), g.field(panelDepth), GP64()
	pixels := g.walk(panelPixelX, g.pixels)
	weights := vectorGrid(g.isa, 1, g.width/g.lanes)[0]
	value := g.vector()
	Label("step")
	MOVQ(Mem{Base: step}, pixels.fives[0])
	ADDQ(x, pixels.fives[0])
	pixels.spread()
	MOVQ(Mem{Base: step, Disp: 8}, w)
	ADDQ(Mem{Base: g.t, Disp: panelW}, w)
	for c := range g.run {
		g.prefetch(c)
		for v := range weights {
			VMOVUPS(Mem{Base: w, Disp: 4 * (c*g.width + v*g.lanes)}, weights[v])
		}
		acc := g.acc[c%len(g.acc)]
		for p := range acc {
			if len(weights) == 1 {
				VFMADD231PS_BCST(pixels.at(p, 4*c), weights[0], acc[p][0])
				continue
			}
			VBROADCASTSS(pixels.at(p, 4*c), value)
			for v := range weights {
				VFMADD231PS(value, weights[v], acc[p][v])
			}
		}
	}
	ADDQ(Imm(16), step)
	DECQ(depth)
	JNZ(LabelRef("step"))
}

// finish emits what happens to the sums: take the sets together, add the
// residual, cut off below zero, store. It moves residual, if there is one, on.
func (g *panelEmitter) finish(y, residual reg.GPVirtual) {
	sums := g.acc[0]
	for s := 1; s < len(g.acc); s++ {
		g.each(func(p, v int) { VADDPS(g.acc[s][p][v], sums[p][v], sums[p][v]) })
	}
	pixels := g.walk(panelPixelY, g.pixels)
	blockY := g.field(panelBlockY)
	TESTQ(residual, residual)
	JZ(LabelRef("relu"))
	g.eachPlace(pixels, residual, blockY, func(at Mem, sum reg.VecVirtual) { VADDPS(at, sum, sum) })
	ADDQ(Mem{Base: g.t, Disp: panelNextY}, residual)
	Label("relu")
	flags := g.field(panelFlags)
	TESTQ(U32(flagReLU), flags)
	JZ(LabelRef("store"))
	zero := g.spare
	if zero == nil {
		zero = g.vector()
	}
	VXORPS(zero.AsX(), zero.AsX(), zero.AsX())
	g.each(func(p, v int) { VMAXPS(sums[p][v], zero, sums[p][v]) }) // in this order a NaN stays
	Label("store")
	g.eachPlace(pixels, y, blockY, func(at Mem, sum reg.VecVirtual) { VMOVUPS(sum, at) })
}

func (g *panelEmitter) each(f func(p, v int)) {
	for p := range g.acc[0] {
		for v := range g.acc[0][p] {
			f(p, v)
		}
	}
}

// eachPlace emits f for every sum with its place in the array that begins at
// base.
func (g *panelEmitter) eachPlace(pixels *walk, base, blockY reg.GPVirtual, f func(at Mem, sum reg.VecVirtual)) {
	first := GP64()
	MOVQ(base, first)
	for b := range g.width / block {
		if b > 0 {
			ADDQ(blockY, first)
		}
		pixels.from(first)
		for p := range g.acc[0] {
			for v := range block / g.lanes {
				f(pixels.at(p, 4*g.lanes*v), g.acc[0][p][b*block/g.lanes+v])
			}
		}
	}
}

// Where the fields of kernel.outerArgs lie; a test there holds them against the
// struct.
const (
	outerX      = 0
	outerY      = 8
	outerPixels = 16
	outerPixelX = 24
	outerPixelY = 32
	outerRows   = 40
	outerRowX   = 48
	outerRowY   = 56
	outerSums   = 64
	outerAheadX = 72
	outerAheadY = 80
)

// outer emits a kernel of the weight gradient: it goes over all pixels for so
// many channels of x at a time.
func outer(set isa, channels ...int) {
	run := 0
	for _, n := range channels {
		run += n
	}
	name := fmt.Sprintf("outer%s_%d", set.name, run)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know outerArgs
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is outerGo for %d values of x; t is an *outerArgs.", name, run))
	g := &panelEmitter{isa: set, t: Load(Param("t"), GP64())}
	first := 0
	for _, n := range channels {
		g.outerPass(first, n)
		first += n
	}
	VZEROUPPER()
	RET()
}

// outerPass emits the sums of channels [first, first+n) of x.
func (g *panelEmitter) outerPass(first, n int) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, first) }
	columns := block / g.lanes
	acc := vectorGrid(g.isa, n, columns)
	sums := g.field(outerSums)
	at := func(c, v int) Mem { return Mem{Base: sums, Disp: 4 * ((first+c)*block + v*g.lanes)} }
	for c := range acc {
		for v := range acc[c] {
			VMOVUPS(at(c, v), acc[c][v])
		}
	}
	rowX, rowY, rows := g.field(outerX), g.field(outerY), g.field(outerRows)
	pixelX, pixelY := g.field(outerPixelX), g.field(outerPixelY)
	x, y := GP64(), GP64()
	values := vectorGrid(g.isa, 1, columns)[0]
	weight := g.vector()
	aheadX, aheadY := g.field(outerAheadX), g.field(outerAheadY)
	Label(label("row"))
	MOVQ(rowX, x)
	MOVQ(rowY, y)
	left := g.field(outerPixels)
	Label(label("pixel"))
	if first == 0 {
		PREFETCHT0(Mem{Base: x, Index: aheadX, Scale: 1})
		PREFETCHT0(Mem{Base: y, Index: aheadY, Scale: 1})
	}
	for v := range values {
		VMOVUPS(Mem{Base: y, Disp: 4 * g.lanes * v}, values[v])
	}
	for c := range acc {
		from := Mem{Base: x, Disp: 4 * (first + c)}
		if columns == 1 {
			VFMADD231PS_BCST(from, values[0], acc[c][0])
			continue
		}
		VBROADCASTSS(from, weight)
		for v := range values {
			VFMADD231PS(values[v], weight, acc[c][v])
		}
	}
	ADDQ(pixelX, x)
	ADDQ(pixelY, y)
	DECQ(left)
	JNZ(LabelRef(label("pixel")))
	ADDQ(Mem{Base: g.t, Disp: outerRowX}, rowX)
	ADDQ(Mem{Base: g.t, Disp: outerRowY}, rowY)
	DECQ(rows)
	JNZ(LabelRef(label("row")))
	for c := range acc {
		for v := range acc[c] {
			VMOVUPS(acc[c][v], at(c, v))
		}
	}
}
