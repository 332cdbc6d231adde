package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["stack"] = stacks }

// stacks emits the inner kernels of large matrix products.
func stacks() {
	for v := range 3 {
		stack(avx2, 4, v+1)
	}
}

// Where the fields of kernel.stackArgs lie; a test there holds them against the
// struct.
const (
	stackA     = 0
	stackB     = 8
	stackDepth = 16
	stackC     = 24
	stackLdc   = 32
	stackTiles = 40
	stackAdd   = 48
	stackAhead = 56
)

// stackAheadStep is how many bytes from ahead a tile fetches.
const stackAheadStep = 1024

// stack emits one kernel. Accumulator [r][v] sums row r of a panel of A times
// vector v of the panel of B.
func stack(set isa, rows, vectors int) {
	name := fmt.Sprintf("stack%s_%dx%d", set.name, rows, vectors)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know stackArgs
	Pragma("noescape")
	t := Load(Param("t"), GP64())
	Doc(fmt.Sprintf("%s computes a stack of tiles of %d rows and %d vectors of %d columns; t is a *stackArgs.", name, rows, vectors, set.lanes))
	field := func(offset int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: t, Disp: offset}, r)
		return r
	}
	g := &stackEmitter{isa: set, rows: rows, vectors: vectors, t: t}
	g.a, g.c, g.ldc = field(stackA), field(stackC), field(stackLdc)
	g.ahead, g.tiles = field(stackAhead), field(stackTiles)
	g.three = GP64()
	LEAQ(Mem{Base: g.ldc, Index: g.ldc, Scale: 2}, g.three)
	g.weight = g.vector()
	for range vectors {
		g.pixels = append(g.pixels, g.vector())
	}
	for r := range rows {
		g.acc = append(g.acc, nil)
		for range vectors {
			g.acc[r] = append(g.acc[r], g.vector())
		}
	}
	Label("tile")
	g.fetch()
	g.multiply()
	g.finish()
	LEAQ(Mem{Base: g.c, Index: g.ldc, Scale: uint8(rows)}, g.c)
	DECQ(g.tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

type stackEmitter struct {
	isa
	rows, vectors    int
	t                reg.Register
	a, c, ldc, three reg.GPVirtual
	ahead, tiles     reg.GPVirtual
	acc              [][]reg.VecVirtual
	pixels           []reg.VecVirtual
	weight           reg.VecVirtual
}

// at is vector v of row r of the tile of C.
func (g *stackEmitter) at(r, v int) Mem {
	m := Mem{Base: g.c, Disp: 4 * g.lanes * v}
	switch r {
	case 1:
		m.Index, m.Scale = g.ldc, 1
	case 2:
		m.Index, m.Scale = g.ldc, 2
	case 3:
		m.Index, m.Scale = g.three, 1
	}
	return m
}

// fetch begins to bring the tile of C to the first cache, and some of what is
// ahead to the second.
func (g *stackEmitter) fetch() {
	for r := range g.rows {
		for v := range g.vectors {
			PREFETCHT0(g.at(r, v))
		}
	}
	for line := 0; line < stackAheadStep; line += 64 {
		PREFETCHT1(Mem{Base: g.ahead, Disp: line})
	}
	ADDQ(U32(stackAheadStep), g.ahead)
}

// multiply emits the loop over the depth. It leaves a at the next panel.
func (g *stackEmitter) multiply() {
	for r := range g.acc {
		for _, acc := range g.acc[r] {
			VXORPS(acc.AsX(), acc.AsX(), acc.AsX())
		}
	}
	b, depth := GP64(), GP64()
	MOVQ(Mem{Base: g.t, Disp: stackB}, b)
	MOVQ(Mem{Base: g.t, Disp: stackDepth}, depth)
	SUBQ(Imm(tileUnroll), depth)
	JL(LabelRef("rest"))
	Label("loop")
	for step := range tileUnroll {
		g.step(b, step)
	}
	g.advance(b, tileUnroll)
	SUBQ(Imm(tileUnroll), depth)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(tileUnroll), depth)
	JZ(LabelRef("finish"))
	Label("last")
	g.step(b, 0)
	g.advance(b, 1)
	DECQ(depth)
	JNZ(LabelRef("last"))
	Label("finish")
}

func (g *stackEmitter) advance(b reg.GPVirtual, steps int) {
	ADDQ(U32(4*g.lanes*g.vectors*steps), b)
	ADDQ(U32(4*g.rows*steps), g.a)
}

// step emits the products of one step of the depth, so many steps after where
// a and b point.
func (g *stackEmitter) step(b reg.GPVirtual, step int) {
	for v, pixels := range g.pixels {
		VMOVUPS(Mem{Base: b, Disp: 4 * g.lanes * (g.vectors*step + v)}, pixels)
	}
	for r := range g.acc {
		VBROADCASTSS(Mem{Base: g.a, Disp: 4 * (g.rows*step + r)}, g.weight)
		for v, pixels := range g.pixels {
			VFMADD231PS(pixels, g.weight, g.acc[r][v])
		}
	}
}

// finish adds the tile of C if that is asked for, and stores.
func (g *stackEmitter) finish() {
	CMPQ(Mem{Base: g.t, Disp: stackAdd}, Imm(0))
	JEQ(LabelRef("store"))
	for r := range g.acc {
		for v, acc := range g.acc[r] {
			VADDPS(g.at(r, v), acc, acc)
		}
	}
	Label("store")
	for r := range g.acc {
		for v, acc := range g.acc[r] {
			VMOVUPS(acc, g.at(r, v))
		}
	}
}
