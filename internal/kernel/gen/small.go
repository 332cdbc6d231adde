package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["small"] = smalls }

// smalls emits the kernels of small.go.
func smalls() {
	for _, rows := range []int{6, 4, 2, 1} {
		small(avx2, rows, 2)
		small(avx512, rows, 1)
		small(avx512, rows, 2)
	}
}

// Where the fields of kernel.smallArgs lie; a test there holds them against the
// struct.
const (
	smallA     = 0
	smallRowA  = 8
	smallStepA = 16
	smallB     = 24
	smallStepB = 32
	smallDepth = 40
	smallC     = 48
	smallRowC  = 56
	smallTiles = 64
	smallAdd   = 72
	smallScale = 80
)

type smallEmitter struct {
	isa
	a, c   reg.GPVirtual
	rowA   [6]reg.GPVirtual // odd multiples of the distance of rows
	t      reg.Register
	acc    [][]reg.VecVirtual // [row][vector]
	values []reg.VecVirtual   // of B
}

// small emits one kernel: accumulator [r][v] sums row r of A times vector v of B.
func small(set isa, rows, vectors int) {
	name := fmt.Sprintf("small%s_%dx%d", set.name, rows, vectors)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know smallArgs
	Pragma("noescape")
	g := &smallEmitter{isa: set, t: Load(Param("t"), GP64())}
	Doc(fmt.Sprintf("%s is smallGo for %d rows and %d vectors of %d columns; t is a *smallArgs.", name, rows, vectors, set.lanes))
	g.a, g.c = g.field(smallA), g.field(smallC)
	g.rowA[1] = g.field(smallRowA)
	for r := 3; r < rows; r += 2 {
		g.rowA[r] = GP64()
		LEAQ(Mem{Base: g.rowA[r-2], Index: g.rowA[1], Scale: 2}, g.rowA[r])
	}
	for range vectors {
		g.values = append(g.values, set.vector())
	}
	for r := range rows {
		g.acc = append(g.acc, nil)
		for range vectors {
			g.acc[r] = append(g.acc[r], set.vector())
		}
	}
	tiles := g.field(smallTiles)
	Label("tile")
	g.multiply()
	g.finish()
	for range rows {
		ADDQ(g.rowA[1], g.a)
	}
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

func (g *smallEmitter) field(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: g.t, Disp: offset}, r)
	return r
}

// row is where row r of A lies, from the value that a points to on.
func (g *smallEmitter) row(a reg.GPVirtual, r int) Mem {
	switch r {
	case 0:
		return Mem{Base: a}
	case 2, 4:
		return Mem{Base: a, Index: g.rowA[1], Scale: uint8(r)}
	}
	return Mem{Base: a, Index: g.rowA[r], Scale: 1}
}

// multiply emits the loop over the depth.
func (g *smallEmitter) multiply() {
	for r := range g.acc {
		for _, acc := range g.acc[r] {
			VXORPS(acc.AsX(), acc.AsX(), acc.AsX())
		}
	}
	a := GP64()
	MOVQ(g.a, a)
	b, depth := g.field(smallB), g.field(smallDepth)
	stepA, stepB := g.field(smallStepA), g.field(smallStepB)
	weight := g.vector()
	Label("loop")
	for v, x := range g.values {
		VMOVUPS(Mem{Base: b, Disp: 4 * g.lanes * v}, x)
	}
	for r := range g.acc {
		VBROADCASTSS(g.row(a, r), weight)
		for v, x := range g.values {
			VFMADD231PS(x, weight, g.acc[r][v])
		}
	}
	ADDQ(stepA, a)
	ADDQ(stepB, b)
	DECQ(depth)
	JNZ(LabelRef("loop"))
}

// finish scales the tile, adds that of C if that is asked for, and stores. It
// leaves c at the next tile.
func (g *smallEmitter) finish() {
	scale := g.values[0]
	VBROADCASTSS(Mem{Base: g.t, Disp: smallScale}, scale)
	rowC, add := g.field(smallRowC), g.field(smallAdd)
	for r := range g.acc {
		for _, acc := range g.acc[r] {
			VMULPS(scale, acc, acc)
		}
	}
	TESTQ(add, add)
	JZ(LabelRef("store"))
	c := GP64()
	MOVQ(g.c, c)
	for r := range g.acc {
		for v, acc := range g.acc[r] {
			VADDPS(Mem{Base: c, Disp: 4 * g.lanes * v}, acc, acc)
		}
		ADDQ(rowC, c)
	}
	Label("store")
	for r := range g.acc {
		for v, acc := range g.acc[r] {
			VMOVUPS(acc, Mem{Base: g.c, Disp: 4 * g.lanes * v})
		}
		ADDQ(rowC, g.c)
	}
}
