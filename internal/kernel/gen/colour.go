package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["colour"] = colours }

// colours emits what package colour does to planes: the operations of its plain Go on
// the lanes of vectors, in the same order and precision.
func colours() {
	full := all32f(255)
	saturateAVX2(full)
	turnAVX2(full)
	normalizeAVX2(full)
}

// saturateAVX2 emits eight colours at a time.
func saturateAVX2(full Mem) {
	weights := [3]Mem{all32(19595), all32(38470), all32(7471)}
	half := all32(1 << 15)
	TEXT("saturateAVX2", NOSPLIT, "func(red *uint8, green *uint8, blue *uint8, blocks int, factor float32)")
	Pragma("noescape")
	Doc("saturateAVX2 is saturateGo for blocks of eight colours.")
	planes := [3]reg.Register{Load(Param("red"), GP64()), Load(Param("green"), GP64()), Load(Param("blue"), GP64())}
	blocks := Load(Param("blocks"), GP64())
	factor, zero, limit := inAll("factor"), YMM(), YMM()
	VXORPS(zero, zero, zero)
	VMOVUPS(full, limit)
	Label("block")
	luma := YMM()
	VMOVDQU(half, luma)
	var colour [3]reg.VecVirtual
	for i, p := range planes {
		colour[i] = YMM()
		VPMOVZXBD(Mem{Base: p}, colour[i])
		part := YMM()
		VPMULLD(weights[i], colour[i], part)
		VPADDD(part, luma, luma)
	}
	VPSRLD(Imm(16), luma, luma)
	grey := YMM()
	VCVTDQ2PS(luma, grey)
	for i, p := range planes {
		v := colour[i]
		VPSUBD(luma, v, v)
		VCVTDQ2PS(v, v)
		VMULPS(factor, v, v)
		VADDPS(v, grey, v)
		VMAXPS(zero, v, v)
		VMINPS(limit, v, v)
		VCVTTPS2DQ(v, v)
		storeBytes(v, Mem{Base: p})
		ADDQ(Imm(8), p)
	}
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// turnAVX2 emits four colours at a time, for what is in float64.
func turnAVX2(full Mem) {
	t := newTurner(full)
	TEXT("turnAVX2", NOSPLIT, "func(red *uint8, green *uint8, blue *uint8, blocks int, steps uint32)")
	Pragma("noescape")
	Doc("turnAVX2 is turnGo for blocks of four colours.")
	planes := [3]reg.Register{Load(Param("red"), GP64()), Load(Param("green"), GP64()), Load(Param("blue"), GP64())}
	blocks, steps := Load(Param("blocks"), GP64()), XMM()
	VMOVD(Load(Param("steps"), GP32()), steps)
	VPBROADCASTD(steps, steps)
	Label("block")
	var rgb [3]reg.VecVirtual
	for i, p := range planes {
		rgb[i] = XMM()
		VPMOVZXBD(Mem{Base: p}, rgb[i])
	}
	h, s, v := t.toHSV(rgb[0], rgb[1], rgb[2])
	VPADDD(steps, h, h)
	VPAND(t.lowByte, h, h)
	for i, c := range t.fromHSV(h, s, v) {
		VMOVD(c, Mem{Base: planes[i]})
		ADDQ(Imm(4), planes[i])
	}
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// turner has the numbers that turnAVX2 needs.
type turner struct {
	one, lowByte, sign Mem // integers and float32 of 32 bits
	one32, two32       Mem
	three32, five32    Mem
	full32             Mem
	one64, half64      Mem
	six64, full64      Mem
	lane               Mem // the numbers of the colours
	which              [3]Mem
}

func newTurner(full Mem) turner {
	t := turner{
		one: all32(1), lowByte: all32(255), sign: all32(math.MinInt32),
		one32: all32f(1), two32: all32f(2), three32: all32f(3), five32: all32f(5), full32: full,
		one64: all64f(1), half64: all64f(0.5), six64: all64f(6), full64: all64f(255),
	}
	t.lane = GLOBL("lanes", RODATA|NOPTR)
	for i := range 16 {
		DATA(i, U8(i%4))
	}
	for c, sixths := range [3][7]uint8{{0, 2, 1, 1, 3, 0, 0}, {3, 0, 0, 2, 1, 1, 3}, {1, 1, 3, 0, 0, 2, 1}} {
		t.which[c] = GLOBL(fmt.Sprintf("sixths%d", c), RODATA|NOPTR)
		for i := range 16 {
			DATA(i, U8(4*sixths[min(i, 6)]))
		}
	}
	return t
}

// toHSV emits ToHSV. Grey colours, which have no span, get saturation 0 and any hue.
func (t turner) toHSV(r, g, b reg.VecVirtual) (h, s, v reg.VecVirtual) {
	hi, lo, span, part := XMM(), XMM(), XMM(), XMM()
	VPMAXSD(r, g, hi)
	VPMAXSD(b, hi, hi)
	VPMINSD(r, g, lo)
	VPMINSD(b, lo, lo)
	VPSUBD(lo, hi, span)
	VPADDD(hi, hi, part) // from the middle channel to the largest
	VPADDD(lo, part, part)
	for _, c := range []reg.VecVirtual{r, g, b} {
		VPSUBD(c, part, part)
	}
	t.divide(part, span)
	saturation := XMM()
	VMOVDQA(span, saturation)
	t.divide(saturation, hi)

	// From which number the part is subtracted if a certain channel is the least, or
	// else added to 2 less.
	isR, isG, least, from := XMM(), XMM(), XMM(), XMM()
	VPCMPEQD(r, hi, isR)
	VPCMPEQD(g, hi, isG)
	VBLENDVPS(isG, r, g, least)
	VBLENDVPS(isR, b, least, least)
	VPCMPEQD(least, lo, least)
	VMOVUPS(t.five32, from)
	VBLENDVPS(isG, t.three32, from, from)
	VBLENDVPS(isR, t.one32, from, from)
	less := XMM()
	VPANDN(t.two32, least, less)
	VSUBPS(less, from, from)
	VPAND(t.sign, least, least)
	VPXOR(least, part, part)
	VADDPS(part, from, from)

	turn, whole := YMM(), YMM()
	VCVTPS2PD(from, turn)
	VDIVPD(t.six64, turn, turn)
	VADDPD(t.one64, turn, turn)
	VROUNDPD(Imm(9), turn, whole)
	VSUBPD(whole, turn, turn)
	VCVTPD2PSY(turn, from)
	return t.bytes(from), t.bytes(saturation), hi
}

// divide emits the quotient of two integers in float32; 0 divides as 1.
func (t turner) divide(a, by reg.VecVirtual) {
	divisor := XMM()
	VPMAXSD(t.one, by, divisor)
	VCVTDQ2PS(divisor, divisor)
	VCVTDQ2PS(a, a)
	VDIVPS(divisor, a, a)
}

// bytes emits what is 0 to 1 in float32 as an integer of 0 to 255.
func (t turner) bytes(x reg.VecVirtual) reg.VecVirtual {
	wide := YMM()
	VCVTPS2PD(x, wide)
	VMULPD(t.full64, wide, wide)
	VCVTTPD2DQY(wide, x)
	return x
}

// fromHSV emits FromHSV, of which each channel is four bytes.
func (t turner) fromHSV(h, s, v reg.VecVirtual) (rgb [3]reg.VecVirtual) {
	sixth, f, value := YMM(), YMM(), YMM()
	VCVTDQ2PD(h, sixth)
	VMULPD(t.six64, sixth, sixth)
	VDIVPD(t.full64, sixth, sixth)
	VROUNDPD(Imm(9), sixth, f)
	VCVTTPD2DQY(sixth, h)
	VSUBPD(f, sixth, f)
	short := XMM()
	VCVTPD2PSY(f, short)
	VCVTPS2PD(short, f)
	VCVTDQ2PS(s, s)
	VDIVPS(t.full32, s, s)
	fs, rest := YMM(), YMM()
	VCVTPS2PD(s, fs)
	VCVTDQ2PD(v, value)
	VMOVUPD(t.one64, rest)
	VSUBPD(f, rest, rest)
	VMULPD(fs, rest, rest)
	VMULPD(fs, f, f)
	p, q, u := t.near(value, fs), t.near(value, f), t.near(value, rest)

	// Bytes of value, p, q and t one after the other, of which each channel takes one
	// by the sixth of the circle.
	VPACKUSDW(p, v, v)
	VPACKUSDW(u, q, q)
	VPACKUSWB(q, v, v)
	VPACKUSDW(h, h, h)
	VPACKUSWB(h, h, h)
	for c := range rgb {
		rgb[c] = XMM()
		VMOVDQU(t.which[c], rgb[c])
		VPSHUFB(h, rgb[c], rgb[c])
		VPADDB(t.lane, rgb[c], rgb[c])
		VPSHUFB(rgb[c], v, rgb[c])
	}
	return rgb
}

// near emits value*(1-less), rounded.
func (t turner) near(value, less reg.VecVirtual) reg.VecVirtual {
	x, whole := YMM(), XMM()
	VMOVUPD(t.one64, x)
	VSUBPD(less, x, x)
	VMULPD(value, x, x)
	VADDPD(t.half64, x, x)
	VCVTTPD2DQY(x, whole)
	return whole
}

// normalizeAVX2 emits eight values at a time. The quotient by 255 is the product with
// its inverse, mended by what that leaves: for whole numbers up to 255 the same float32
// as the division, which takes as long as all the rest.
func normalizeAVX2(full Mem) {
	inverse := all32f(1 / float32(255))
	TEXT("normalizeAVX2", NOSPLIT, "func(dst *float32, src *uint8, blocks int, mean float32, std float32)")
	Pragma("noescape")
	Doc("normalizeAVX2 is normalizeGo for blocks of eight values.")
	dst, src, blocks := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	mean, std, by, part := inAll("mean"), inAll("std"), YMM(), YMM()
	VMOVUPS(full, by)
	VMOVUPS(inverse, part)
	Label("block")
	v, quotient := YMM(), YMM()
	VPMOVZXBD(Mem{Base: src}, v)
	VCVTDQ2PS(v, v)
	VMULPS(part, v, quotient)
	VFNMADD231PS(by, quotient, v)
	VFMADD231PS(part, v, quotient)
	VSUBPS(mean, quotient, quotient)
	VDIVPS(std, quotient, quotient)
	VMOVUPS(quotient, Mem{Base: dst})
	ADDQ(Imm(8), src)
	ADDQ(Imm(32), dst)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}
