package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["lay"] = lays }

// lays emits what moves values to where the tile and dot kernels want them.
func lays() {
	for _, lanes := range []int{8, 4} {
		for _, step := range []int{1, 2} {
			layRows(lanes, step)
		}
		gather(lanes)
	}
	interleave()
}

// interleave emits the merging of two runs, in vectors of 8.
func interleave() {
	TEXT("interleave8", NOSPLIT, "func(dst, even, odd *float32, blocks int)")
	Pragma("noescape")
	Doc("interleave8 is interleaveGo for blocks of 8 pairs; blocks is positive.")
	dst, even, odd := Load(Param("dst"), GP64()), Load(Param("even"), GP64()), Load(Param("odd"), GP64())
	blocks := Load(Param("blocks"), GP64())
	a, b, low, high, out := YMM(), YMM(), YMM(), YMM(), YMM()
	Label("loop")
	VMOVUPS(Mem{Base: even}, a)
	VMOVUPS(Mem{Base: odd}, b)
	VUNPCKLPS(b, a, low)
	VUNPCKHPS(b, a, high)
	VPERM2F128(Imm(0x20), high, low, out)
	VMOVUPS(out, Mem{Base: dst})
	VPERM2F128(Imm(0x31), high, low, out)
	VMOVUPS(out, Mem{Base: dst, Disp: 32})
	ADDQ(Imm(32), even)
	ADDQ(Imm(32), odd)
	ADDQ(Imm(64), dst)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func ofLanes(lanes int) reg.VecVirtual {
	if lanes == 8 {
		return YMM()
	}
	return XMM()
}

// layRows emits the copy of rows of at least one vector. The last vector of a
// row is moved back until it ends with the row.
func layRows(lanes, step int) {
	name := fmt.Sprintf("layRows%dStep%d", lanes, step)
	TEXT(name, NOSPLIT, "func(dst, src *float32, rows, n, dstPitch, srcPitch int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is layRowsGo for step %d and n of at least %d; pitches are in bytes, rows is positive.", name, step, lanes))
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	rows, n := Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	dstPitch, srcPitch := Load(Param("dstPitch"), GP64()), Load(Param("srcPitch"), GP64())
	last, at := GP64(), GP64()
	LEAQ(Mem{Base: n, Disp: -lanes}, last)
	Label("row")
	XORQ(at, at)
	Label("loop")
	layVector(lanes, step, dst, src, at)
	ADDQ(Imm(uint64(lanes)), at)
	CMPQ(at, last)
	JLE(LabelRef("loop"))
	CMPQ(at, n)
	JEQ(LabelRef("next"))
	layVector(lanes, step, dst, src, last)
	Label("next")
	ADDQ(dstPitch, dst)
	ADDQ(srcPitch, src)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// layVector emits the copy of one vector, the at-th values of dst on. Of two
// steps the second half is loaded one value early: nothing behind the last
// value that is needed may be read.
func layVector(lanes, step int, dst, src, at reg.Register) {
	x := ofLanes(lanes)
	VMOVUPS(Mem{Base: src, Index: at, Scale: uint8(4 * step)}, x)
	if step == 2 {
		odd := ofLanes(lanes)
		VMOVUPS(Mem{Base: src, Index: at, Scale: 8, Disp: 4 * (lanes - 1)}, odd)
		VSHUFPS(Imm(0xd8), odd, x, x)
		if lanes == 8 {
			VPERMPD(Imm(0xd8), x, x)
		}
	}
	VMOVUPS(x, Mem{Base: dst, Index: at, Scale: 4})
}

// gather emits the packing of weights for the input gradient.
func gather(lanes int) {
	name := fmt.Sprintf("gather%d", lanes)
	TEXT(name, NOSPLIT, "func(dst, src *float32, groups, groupStep int, taps *int64, count int, index *int32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is gatherGo for %d rows; groupStep and taps are in bytes, groups and count positive.", name, lanes))
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	groups, step := Load(Param("groups"), GP64()), Load(Param("groupStep"), GP64())
	taps, count := Load(Param("taps"), GP64()), Load(Param("count"), GP64())
	index, mask, x := ofLanes(lanes), ofLanes(lanes), ofLanes(lanes)
	at := Load(Param("index"), GP64())
	VMOVDQU(Mem{Base: at}, index)
	i, from := GP64(), GP64()
	Label("group")
	XORQ(i, i)
	Label("tap")
	MOVQ(Mem{Base: taps, Index: i, Scale: 8}, from)
	ADDQ(src, from)
	VPCMPEQD(mask, mask, mask)
	VGATHERDPS(mask, Mem{Base: from, Index: index, Scale: 4}, x)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(Imm(uint64(4*lanes)), dst)
	INCQ(i)
	CMPQ(i, count)
	JNE(LabelRef("tap"))
	ADDQ(step, src)
	DECQ(groups)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}
