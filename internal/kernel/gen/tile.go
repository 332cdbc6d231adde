package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["tile"] = tiles }

// tiles emits the inner kernels of matrix product and convolution for every
// size of tile: rows of weights by vectors of pixels. 24 accumulators leave the
// 32 registers of AVX-512 enough room, 12 the 16 of AVX2.
func tiles() {
	for _, c := range []struct {
		set           isa
		rows, vectors int
	}{{avx512, 8, 3}, {avx512, 4, 6}, {avx512, 1, 6}, {avx2, 4, 3}, {avx2, 1, 6}} {
		for v := range c.vectors {
			tile(c.set, c.rows, v+1)
		}
	}
}

// isa is what differs between the two instruction sets.
type isa struct {
	name   string
	lanes  int
	vector func() reg.VecVirtual
}

var (
	avx2   = isa{"AVX2", 8, func() reg.VecVirtual { return YMM() }}
	avx512 = isa{"AVX512", 16, func() reg.VecVirtual { return ZMM() }}
)

// Where the fields of kernel.tileArgs lie; a test there holds them against the
// struct.
const (
	tileA        = 0
	tileB        = 8
	tileOff      = 16
	tileDepth    = 24
	tileC        = 32
	tileLdc      = 40
	tileRows     = 48
	tileBias     = 56
	tileResidual = 64
	tileFlags    = 72
	tileVectors  = 80 // then for each vector: offset in c, valid, stored
	tileVector   = 24

	flagReLU     = 1
	flagCompress = 2
	flagMasked   = 4
)

// tile emits one kernel. Accumulator [r][v] sums the weights of row r times
// vector v of pixels.
func tile(set isa, rows, vectors int) {
	name := fmt.Sprintf("tile%s_%dx%d", set.name, rows, vectors)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know tileArgs
	Pragma("noescape")
	t := Load(Param("t"), GP64())
	Doc(fmt.Sprintf("%s is tileGo for %d rows and %d vectors of %d pixels; t is a *tileArgs.", name, rows, vectors, set.lanes))
	g := &tileEmitter{isa: set, rows: rows, vectors: vectors, t: t}
	g.fetch()
	g.start()
	g.multiply()
	g.finish()
	VZEROUPPER()
	RET()
}

type tileEmitter struct {
	isa
	rows, vectors int
	t             reg.Register
	acc           [][]reg.VecVirtual
	// pixels and weight are what is multiplied, and serve for other things after
	// that: with registers of their own for those, the allocator takes more than
	// the 16 that AVX2 has.
	pixels []reg.VecVirtual
	weight reg.VecVirtual
}

// field returns a field of the arguments in a register.
func (g *tileEmitter) field(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: g.t, Disp: offset}, r)
	return r
}

// perVector returns one of the three words of vector v in the arguments.
func (g *tileEmitter) perVector(v, word int) Mem {
	return Mem{Base: g.t, Disp: tileVectors + v*tileVector + word*8}
}

// fetch begins to bring the places of the results to the cache.
func (g *tileEmitter) fetch() {
	at, ldc := g.field(tileC), g.field(tileLdc)
	for r := range g.rows {
		for v := range g.vectors {
			PREFETCHT0(Mem{Base: at, Disp: 4 * g.lanes * v})
		}
		if r < g.rows-1 {
			ADDQ(ldc, at)
		}
	}
}

// start sets the accumulators to the bias or to zero.
func (g *tileEmitter) start() {
	bias := g.field(tileBias)
	g.acc = make([][]reg.VecVirtual, g.rows)
	for r := range g.acc {
		g.acc[r] = make([]reg.VecVirtual, g.vectors)
		for v := range g.acc[r] {
			g.acc[r][v] = g.vector()
			VXORPS(g.acc[r][v].AsX(), g.acc[r][v].AsX(), g.acc[r][v].AsX())
		}
	}
	TESTQ(bias, bias)
	JZ(LabelRef("multiply"))
	for r := range g.acc {
		VBROADCASTSS(Mem{Base: bias, Disp: 4 * r}, g.acc[r][0])
		for v := 1; v < g.vectors; v++ {
			VMOVAPS(g.acc[r][0], g.acc[r][v])
		}
	}
}

// tileUnroll is how many steps of the depth a round of the main loop takes:
// every instruction that only counts may take the place of a multiplication.
const tileUnroll = 4

// multiply emits the loop over the depth.
func (g *tileEmitter) multiply() {
	Label("multiply")
	a, b, off, depth := g.field(tileA), g.field(tileB), g.field(tileOff), g.field(tileDepth)
	g.weight = g.vector()
	for range g.vectors {
		g.pixels = append(g.pixels, g.vector())
	}
	SUBQ(Imm(tileUnroll), depth)
	JL(LabelRef("rest"))
	Label("loop")
	for step := range tileUnroll {
		g.step(a, b, off, step)
	}
	ADDQ(Imm(8*tileUnroll), off)
	ADDQ(U32(4*g.rows*tileUnroll), a)
	SUBQ(Imm(tileUnroll), depth)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(tileUnroll), depth)
	JZ(LabelRef("finish"))
	Label("last")
	g.step(a, b, off, 0)
	ADDQ(Imm(8), off)
	ADDQ(U32(4*g.rows), a)
	DECQ(depth)
	JNZ(LabelRef("last"))
	Label("finish")
}

// step emits the products of one step of the depth, so many steps after where
// a and off point.
func (g *tileEmitter) step(a, b, off reg.GPVirtual, step int) {
	row := GP64()
	MOVQ(Mem{Base: off, Disp: 8 * step}, row)
	for v, pixels := range g.pixels {
		VMOVUPS(Mem{Base: b, Index: row, Scale: 1, Disp: v * 4 * g.lanes}, pixels)
	}
	for r := range g.acc {
		VBROADCASTSS(Mem{Base: a, Disp: 4 * (g.rows*step + r)}, g.weight)
		for v, pixels := range g.pixels {
			VFMADD231PS(pixels, g.weight, g.acc[r][v])
		}
	}
}

// finish emits what happens to the sums: leave out the pixels that are none,
// add the residual, cut off below zero, store.
func (g *tileEmitter) finish() {
	flags := g.field(tileFlags)
	TESTQ(U32(flagCompress), flags)
	JZ(LabelRef("residual"))
	for v := range g.vectors {
		g.compress(v)
	}
	Label("residual")
	residual := g.field(tileResidual)
	TESTQ(residual, residual)
	JZ(LabelRef("relu"))
	g.eachRow("residual", residual, func(at Mem, v int, acc reg.VecVirtual, mask reg.Register, masked bool) {
		g.add(at, acc, mask, masked)
	}, "relu")
	Label("relu")
	TESTQ(U32(flagReLU), flags)
	JZ(LabelRef("store"))
	zero := g.weight
	VXORPS(zero.AsX(), zero.AsX(), zero.AsX())
	for r := range g.acc {
		for v := range g.acc[r] {
			VMAXPS(g.acc[r][v], zero, g.acc[r][v]) // in this order a NaN stays
		}
	}
	Label("store")
	g.eachRow("store", g.field(tileC), func(at Mem, v int, acc reg.VecVirtual, mask reg.Register, masked bool) {
		g.store(at, acc, mask, masked)
	}, "end")
	Label("end")
}

// compress moves the valid pixels of vector v to its front.
func (g *tileEmitter) compress(v int) {
	if g.lanes == 16 {
		valid := K()
		KMOVW(g.perVector(v, 1), valid)
		for r := range g.acc {
			VCOMPRESSPS(g.acc[r][v], valid, g.acc[r][v])
		}
		return
	}
	table, order := GP64(), g.weight
	MOVQ(g.perVector(v, 1), table)
	VMOVDQU(Mem{Base: table}, order)
	for r := range g.acc {
		VPERMPS(g.acc[r][v], order, g.acc[r][v])
	}
}

// eachRow emits f for all accumulators of the rows that exist, with the place
// in the array that begins at base, and a jump to the label done after the last.
// AVX2 pays for masks, so it has a second version without.
func (g *tileEmitter) eachRow(name string, base reg.GPVirtual, f func(at Mem, v int, acc reg.VecVirtual, mask reg.Register, masked bool), done string) {
	if g.lanes == 16 {
		g.rowsOf(base, f, true, done)
		return
	}
	masked := GP64()
	MOVQ(Mem{Base: g.t, Disp: tileFlags}, masked)
	TESTQ(U32(flagMasked), masked)
	JNZ(LabelRef(name + "_masked"))
	g.rowsOf(base, f, false, done)
	JMP(LabelRef(done))
	Label(name + "_masked")
	g.rowsOf(base, f, true, done)
}

func (g *tileEmitter) rowsOf(base reg.GPVirtual, f func(at Mem, v int, acc reg.VecVirtual, mask reg.Register, masked bool), masked bool, done string) {
	at := GP64()
	MOVQ(base, at)
	ldc, left := g.field(tileLdc), g.field(tileRows)
	offset := GP64()
	masks := make([]reg.Register, g.vectors)
	if masked && g.lanes == 16 {
		for v := range masks {
			masks[v] = K()
			KMOVW(g.perVector(v, 2), masks[v])
		}
	}
	var table reg.GPVirtual
	var mask reg.VecVirtual
	if masked && g.lanes == 8 {
		table, mask = GP64(), g.weight
	}
	for r := range g.acc {
		for v := range g.acc[r] {
			MOVQ(g.perVector(v, 0), offset)
			m := masks[v]
			if mask != nil {
				MOVQ(g.perVector(v, 2), table)
				VMOVDQU(Mem{Base: table}, mask)
				m = mask
			}
			f(Mem{Base: at, Index: offset, Scale: 1}, v, g.acc[r][v], m, masked)
		}
		if r < len(g.acc)-1 {
			DECQ(left)
			JZ(LabelRef(done))
			ADDQ(ldc, at)
		}
	}
}

func (g *tileEmitter) add(at Mem, acc reg.VecVirtual, mask reg.Register, masked bool) {
	switch {
	case g.lanes == 16:
		VADDPS(at, acc, mask, acc)
	case masked:
		more := g.pixels[0]
		VMASKMOVPS(at, mask, more)
		VADDPS(more, acc, acc)
	default:
		VADDPS(at, acc, acc)
	}
}

func (g *tileEmitter) store(at Mem, acc reg.VecVirtual, mask reg.Register, masked bool) {
	switch {
	case g.lanes == 16:
		VMOVUPS(acc, mask, at)
	case masked:
		VMASKMOVPS(acc, mask, at)
	default:
		VMOVUPS(acc, at)
	}
}
