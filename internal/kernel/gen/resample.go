package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["resample"] = resamples }

// resamples emits the two passes of package resample, both in sums of 32 bits, and
// its nearest samples.
func resamples() {
	half := all32(1 << 21)
	acrossAVX2(half)
	downAVX2(half)
	nearestAVX2()
}

// acrossAVX2 emits four new samples at a time, each the sum of the lanes of a vector.
func acrossAVX2(half Mem) {
	TEXT("acrossAVX2", NOSPLIT, "func(dst *uint8, src *uint8, first *int, weights *int32, taps int, blocks int)")
	Pragma("noescape")
	Doc("acrossAVX2 is acrossGo for blocks of four new samples, of a multiple of eight taps.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	first, weights := Load(Param("first"), GP64()), Load(Param("weights"), GP64())
	taps, blocks := Load(Param("taps"), GP64()), Load(Param("blocks"), GP64())
	Label("block")
	var sums [4]reg.VecVirtual
	for i := range sums {
		at, n := GP64(), GP64()
		MOVQ(Mem{Base: first, Disp: 8 * i}, at)
		ADDQ(src, at)
		MOVQ(taps, n)
		sums[i] = YMM()
		VPXOR(sums[i], sums[i], sums[i])
		loop := "taps" + string(rune('0'+i))
		Label(loop)
		v := YMM()
		VPMOVZXBD(Mem{Base: at}, v)
		VPMULLD(Mem{Base: weights}, v, v)
		VPADDD(v, sums[i], sums[i])
		ADDQ(Imm(8), at)
		ADDQ(Imm(32), weights)
		SUBQ(Imm(8), n)
		JNZ(LabelRef(loop))
	}
	VPHADDD(sums[1], sums[0], sums[0])
	VPHADDD(sums[3], sums[2], sums[2])
	VPHADDD(sums[2], sums[0], sums[0])
	all, upper := sums[0].AsX(), XMM()
	VEXTRACTI128(Imm(1), sums[0], upper)
	VPADDD(upper, all, all)
	VPADDD(half, all, all)
	VPSRAD(Imm(22), all, all)
	VPACKSSDW(all, all, all)
	VPACKUSWB(all, all, all)
	VMOVD(all, Mem{Base: dst})
	ADDQ(Imm(4), dst)
	ADDQ(Imm(32), first)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// downAVX2 emits sixteen columns at a time.
func downAVX2(half Mem) {
	TEXT("downAVX2", NOSPLIT, "func(dst *uint8, src *uint8, stride int, weights *int32, taps int, blocks int)")
	Pragma("noescape")
	Doc("downAVX2 is downGo for blocks of sixteen columns.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	stride, weights := Load(Param("stride"), GP64()), Load(Param("weights"), GP64())
	taps, blocks := Load(Param("taps"), GP64()), Load(Param("blocks"), GP64())
	Label("block")
	at, weight, n := GP64(), GP64(), GP64()
	MOVQ(src, at)
	MOVQ(weights, weight)
	MOVQ(taps, n)
	sums := [2]reg.VecVirtual{YMM(), YMM()}
	for _, s := range sums {
		VMOVDQU(half, s)
	}
	Label("taps")
	w := YMM()
	VPBROADCASTD(Mem{Base: weight}, w)
	for i, s := range sums {
		v := YMM()
		VPMOVZXBD(Mem{Base: at, Disp: 8 * i}, v)
		VPMULLD(w, v, v)
		VPADDD(v, s, s)
	}
	ADDQ(stride, at)
	ADDQ(Imm(4), weight)
	DECQ(n)
	JNZ(LabelRef("taps"))
	for _, s := range sums {
		VPSRAD(Imm(22), s, s)
	}
	VPACKSSDW(sums[1], sums[0], sums[0])
	VPERMQ(Imm(0xd8), sums[0], sums[0])
	upper := XMM()
	VEXTRACTI128(Imm(1), sums[0], upper)
	VPACKUSWB(upper, sums[0].AsX(), upper)
	VMOVDQU(upper, Mem{Base: dst})
	ADDQ(Imm(16), src)
	ADDQ(Imm(16), dst)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// nearestAVX2 emits eight samples of every plane at a time. A sample is gathered with
// the three after it; the last of a plane with those before them, and shifted down.
func nearestAVX2() {
	TEXT("nearestAVX2", NOSPLIT, "func(dst *uint8, src *uint8, size int, planes int, width int32, x int32, y int32, dx int32, dy int32, blocks int)")
	Pragma("noescape")
	Doc("nearestAVX2 is nearestGo for blocks of eight samples, in planes of at least four.")
	numbers := GLOBL("numbers", RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, I32(int32(i)))
	}
	// along returns the places of the first samples, and what leads to the next ones.
	along := func(at, by string) (first, next reg.VecVirtual) {
		first, next = inAll(at), inAll(by)
		v := YMM()
		VPMULLD(numbers, next, v)
		VPADDD(v, first, first)
		VPSLLD(Imm(3), next, next)
		return first, next
	}
	dst, src, size := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("size"), GP64())
	planes, blocks := Load(Param("planes"), GP64()), Load(Param("blocks"), GP64())
	width := inAll("width")
	x, dx := along("x", "dx")
	y, dy := along("y", "dy")
	last, low, four := YMM(), YMM(), GP64()
	MOVQ(size, four)
	SUBQ(Imm(4), four)
	VMOVD(four.As32(), last.AsX())
	VPBROADCASTD(last.AsX(), last)
	VPCMPEQD(low, low, low)
	VPSRLD(Imm(24), low, low)

	Label("samples")
	at, column, first, shift := YMM(), YMM(), YMM(), YMM()
	VPSRAD(Imm(16), y, at)
	VPMULLD(width, at, at)
	VPSRAD(Imm(16), x, column)
	VPADDD(column, at, at)
	VPMINSD(last, at, first)
	VPSUBD(first, at, shift)
	VPSLLD(Imm(3), shift, shift)
	VPADDD(dx, x, x)
	VPADDD(dy, y, y)
	from, to, n := GP64(), GP64(), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(planes, n)
	Label("planes")
	mask, v := YMM(), YMM()
	VPCMPEQD(mask, mask, mask)
	VPGATHERDD(mask, Mem{Base: from, Index: first, Scale: 1}, v)
	VPSRLVD(shift, v, v)
	VPAND(low, v, v)
	storeBytes(v, Mem{Base: to})
	ADDQ(size, from)
	ADDQ(size, to)
	DECQ(n)
	JNZ(LabelRef("planes"))
	ADDQ(Imm(8), dst)
	DECQ(blocks)
	JNZ(LabelRef("samples"))
	VZEROUPPER()
	RET()
}
