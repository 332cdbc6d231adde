package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["transpose"] = transposes }

// transposes emits the transposition of a band of 8 or 4 rows, and of 4 rows to
// places without gaps.
func transposes() {
	transpose8()
	transpose4()
	pack4()
}

// bandArgs holds the arguments of a transposition and pointers to every row.
type bandArgs struct {
	dst, dstStride, blocks reg.Register
	rows                   []Mem
	src, srcStride         reg.Register
}

func band(name string, rows, columns int) bandArgs {
	TEXT(name, NOSPLIT, "func(dst *float32, dstStride int, src *float32, srcStride int, blocks int)")
	Pragma("noescape")
	Doc(name + " is transposeGo for full blocks; strides are in bytes, blocks is positive.")
	a := bandArgs{
		dst: Load(Param("dst"), GP64()), dstStride: Load(Param("dstStride"), GP64()),
		src: Load(Param("src"), GP64()), srcStride: Load(Param("srcStride"), GP64()),
		blocks: Load(Param("blocks"), GP64()),
	}
	three, four := GP64(), GP64()
	LEAQ(Mem{Base: a.srcStride, Index: a.srcStride, Scale: 2}, three)
	LEAQ(Mem{Base: a.src, Index: a.srcStride, Scale: 4}, four)
	for r := range rows {
		base := a.src
		if r >= 4 {
			base = four
		}
		m := Mem{Base: base}
		switch r % 4 {
		case 1:
			m.Index, m.Scale = a.srcStride, 1
		case 2:
			m.Index, m.Scale = a.srcStride, 2
		case 3:
			m.Index, m.Scale = three, 1
		}
		a.rows = append(a.rows, m)
	}
	Label("loop")
	return a
}

// next moves on by a block of columns and closes the loop.
func (a bandArgs) next(columns int) {
	ADDQ(Imm(uint64(4*columns)), a.src)
	if len(a.rows) == 8 {
		ADDQ(Imm(uint64(4*columns)), a.rows[4].Base)
	}
	DECQ(a.blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// transpose8 emits blocks of 8x8. Rows r and r+4 share a register from the
// start, so that only shuffles within halves are left.
func transpose8() {
	a := band("transpose8", 8, 8)
	for half := range 2 {
		var row [4]reg.VecVirtual
		for r := range row {
			row[r] = YMM()
			low, high := a.rows[r], a.rows[r+4]
			low.Disp, high.Disp = 16*half, 16*half
			VMOVUPS(low, row[r].AsX())
			VINSERTF128(Imm(1), high, row[r], row[r])
		}
		for _, column := range square4(row, func() reg.VecVirtual { return YMM() }) {
			VMOVUPS(column, Mem{Base: a.dst})
			ADDQ(a.dstStride, a.dst)
		}
	}
	a.next(8)
}

// transpose4 emits blocks of 4x4.
func transpose4() {
	a := band("transpose4", 4, 4)
	var row [4]reg.VecVirtual
	for r := range row {
		row[r] = XMM()
		VMOVUPS(a.rows[r], row[r])
	}
	for _, column := range square4(row, func() reg.VecVirtual { return XMM() }) {
		VMOVUPS(column, Mem{Base: a.dst})
		ADDQ(a.dstStride, a.dst)
	}
	a.next(4)
}

// pack4 emits blocks of 4x8 and fetches the four rows that follow, which are
// what is packed next: a row of a large matrix is too short for the processor to
// see where reading goes on.
func pack4() {
	a := band("pack4", 8, 8)
	var row [4]reg.VecVirtual
	for r := range row {
		row[r] = YMM()
		PREFETCHT0(a.rows[4+r])
		VMOVUPS(a.rows[r], row[r])
	}
	column := square4(row, func() reg.VecVirtual { return YMM() })
	for half, lanes := range []uint64{0x20, 0x31} {
		for pair := range 2 {
			out := YMM()
			VPERM2F128(Imm(lanes), column[2*pair+1], column[2*pair], out)
			VMOVUPS(out, Mem{Base: a.dst, Disp: 64*half + 32*pair})
		}
	}
	ADDQ(Imm(128), a.dst)
	a.next(8)
}

// square4 transposes the 4x4 squares in the quarters of four registers.
func square4(row [4]reg.VecVirtual, vector func() reg.VecVirtual) (column [4]reg.VecVirtual) {
	low01, high01, low23, high23 := vector(), vector(), vector(), vector()
	VUNPCKLPS(row[1], row[0], low01)
	VUNPCKHPS(row[1], row[0], high01)
	VUNPCKLPS(row[3], row[2], low23)
	VUNPCKHPS(row[3], row[2], high23)
	for i := range column {
		column[i] = vector()
	}
	VSHUFPS(Imm(0x44), low23, low01, column[0])
	VSHUFPS(Imm(0xee), low23, low01, column[1])
	VSHUFPS(Imm(0x44), high23, high01, column[2])
	VSHUFPS(Imm(0xee), high23, high01, column[3])
	return column
}
