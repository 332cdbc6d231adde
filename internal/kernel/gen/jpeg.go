package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["jpeg"] = jpegs }

// jpegs emits what package jpeg does with blocks and rows of samples.
func jpegs() {
	centre := all16(128)
	jpegInverse(centre)
	jpegColours(centre)
	jpegBlend()
	jpegWiden()
}

// all32 and all16 are vectors that repeat a number.
func all32(v int32) Mem {
	m := GLOBL(fmt.Sprintf("all32x%08x", uint32(v)), RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, I32(v))
	}
	return m
}

func all16(v int16) Mem {
	m := GLOBL(fmt.Sprintf("all16x%04x", uint16(v)), RODATA|NOPTR)
	for i := range 16 {
		DATA(2*i, I16(v))
	}
	return m
}

// jpegInverse emits the inverse transform. A vector is a row of the block, so that
// the columns are transformed side by side; then they change places.
func jpegInverse(centre Mem) {
	constants := map[int32]Mem{}
	for _, c := range []int32{4433, -15137, 6270, 9633, -7373, -20995, -16069, -3196, 2446, 16819, 25172, 12299, 1 << 10, 1 << 17} {
		constants[c] = all32(c)
	}
	turn := GLOBL("columnsOfBytes", RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(i%4*4+i/4%4))
	}

	TEXT("inverseAVX2", NOSPLIT, "func(dst *uint8, stride int, coef *int16, quant *int32)")
	Pragma("noescape")
	Doc("inverseAVX2 is inverseGo.")
	dst, stride := Load(Param("dst"), GP64()), Load(Param("stride"), GP64())
	coef, quant := Load(Param("coef"), GP64()), Load(Param("quant"), GP64())
	var s [8]reg.VecVirtual
	for i := range s {
		s[i] = YMM()
		VPMOVSXWD(Mem{Base: coef, Disp: 16 * i}, s[i])
		VPMULLD(Mem{Base: quant, Disp: 32 * i}, s[i], s[i])
	}
	s = jpegTransform(s, constants, 1<<10, 11)
	var c [8]reg.VecVirtual
	low := square4([4]reg.VecVirtual(s[:4]), func() reg.VecVirtual { return YMM() })
	high := square4([4]reg.VecVirtual(s[4:]), func() reg.VecVirtual { return YMM() })
	for i := range 4 {
		c[i], c[4+i] = YMM(), YMM()
		VPERM2I128(Imm(0x20), high[i], low[i], c[i])
		VPERM2I128(Imm(0x31), high[i], low[i], c[4+i])
	}
	c = jpegTransform(c, constants, 1<<17, 18)

	// Four columns become a vector of bytes: four rows in each half.
	var four [2]reg.VecVirtual
	for i := range four {
		v := c[4*i:]
		VPACKSSDW(v[1], v[0], v[0])
		VPACKSSDW(v[3], v[2], v[2])
		VPADDW(centre, v[0], v[0])
		VPADDW(centre, v[2], v[2])
		VPACKUSWB(v[2], v[0], v[0])
		VPSHUFB(turn, v[0], v[0])
		four[i] = v[0]
	}
	for half := range 2 {
		rows, more := YMM(), YMM()
		VPUNPCKLDQ(four[1], four[0], rows)
		VPUNPCKHDQ(four[1], four[0], more)
		for _, two := range []reg.VecVirtual{rows, more} {
			x := two.AsX()
			if half == 1 {
				x = XMM()
				VEXTRACTI128(Imm(1), two, x)
			}
			VMOVLPS(x, Mem{Base: dst})
			ADDQ(stride, dst)
			VMOVHPS(x, Mem{Base: dst})
			ADDQ(stride, dst)
		}
	}
	VZEROUPPER()
	RET()
}

// jpegTransform emits the transform of eight vectors, with its rounding. What package
// jpeg calls its steps they are called here.
func jpegTransform(s [8]reg.VecVirtual, constants map[int32]Mem, round int32, shift uint64) (out [8]reg.VecVirtual) {
	op := func(emit func(...Op), a, b Op) reg.VecVirtual {
		v := YMM()
		emit(a, b, v)
		return v
	}
	add := func(a, b Op) reg.VecVirtual { return op(func(o ...Op) { VPADDD(o[0], o[1], o[2]) }, b, a) }
	sub := func(a, b Op) reg.VecVirtual { return op(func(o ...Op) { VPSUBD(o[0], o[1], o[2]) }, b, a) }
	times := func(a Op, c int32) reg.VecVirtual {
		return op(func(o ...Op) { VPMULLD(o[0], o[1], o[2]) }, constants[c], a)
	}
	raised := func(v reg.VecVirtual) reg.VecVirtual {
		VPSLLD(Imm(13), v, v)
		VPADDD(constants[round], v, v)
		return v
	}
	turn := times(add(s[2], s[6]), 4433)
	e2, e3 := add(turn, times(s[6], -15137)), add(turn, times(s[2], 6270))
	e0, e1 := raised(add(s[0], s[4])), raised(sub(s[0], s[4]))
	a := [4]reg.VecVirtual{add(e0, e3), add(e1, e2), sub(e1, e2), sub(e0, e3)}

	z3, z4 := add(s[7], s[3]), add(s[5], s[1])
	z5 := times(add(z3, z4), 9633)
	z3, z4 = add(z5, times(z3, -16069)), add(z5, times(z4, -3196))
	z1, z2 := times(add(s[7], s[1]), -7373), times(add(s[5], s[3]), -20995)
	b := [4]reg.VecVirtual{
		add(times(s[1], 12299), add(z1, z4)), add(times(s[3], 25172), add(z2, z3)),
		add(times(s[5], 16819), add(z2, z4)), add(times(s[7], 2446), add(z1, z3)),
	}
	for i := range 4 {
		out[i], out[7-i] = add(a[i], b[i]), sub(a[i], b[i])
	}
	for _, v := range out {
		VPSRAD(Imm(shift), v, v)
	}
	return out
}

// rowOf begins a function that does 16 samples at a time, and returns its pointers.
func rowOf(name, of, more string, pointers ...string) []reg.Register {
	signature := "func("
	for _, p := range pointers {
		kind := "*uint8"
		if p == "sums" {
			kind = "*int16"
		}
		signature += p + " " + kind + ", "
	}
	TEXT(name, NOSPLIT, signature+"blocks int"+more+")")
	Pragma("noescape")
	Doc(name + " is " + of + " for blocks of 16 samples, one at least.")
	var registers []reg.Register
	for _, p := range pointers {
		registers = append(registers, Load(Param(p), GP64()))
	}
	return registers
}

// endOfRow closes the loop: the pointers move on by as many bytes as advance says.
func endOfRow(blocks reg.Register, pointers []reg.Register, advance ...uint64) {
	for i, p := range pointers {
		ADDQ(Imm(advance[i]), p)
	}
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// jpegColours emits the conversion of YCbCr in words. Products of a fraction are
// rounded as those of 32 bits would be: 1.402 v is v + 0.402 v, and twice the
// fraction is in the upper half of a product with 2 v.
func jpegColours(centre Mem) {
	one, red, blue := all16(1), all16(26345), all16(-14942)
	half := all32(1 << 15)
	green := GLOBL("green", RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, I16(-22554))
		DATA(4*i+2, I16(18734))
	}
	p := rowOf("coloursAVX2", "coloursGo", "", "red", "green", "blue", "luma", "cb", "cr")
	blocks := Load(Param("blocks"), GP64())
	Label("loop")
	y, u, v := YMM(), YMM(), YMM()
	VPMOVZXBW(Mem{Base: p[3]}, y)
	VPMOVZXBW(Mem{Base: p[4]}, u)
	VPMOVZXBW(Mem{Base: p[5]}, v)
	VPSUBW(centre, u, u)
	VPSUBW(centre, v, v)
	// fraction returns the rounded product of a fraction.
	fraction := func(of reg.VecVirtual, by Mem) reg.VecVirtual {
		t := YMM()
		VPADDW(of, of, t)
		VPMULHW(by, t, t)
		VPADDW(one, t, t)
		VPSRAW(Imm(1), t, t)
		return t
	}
	r := fraction(v, red)
	VPADDW(v, r, r)
	b := fraction(u, blue)
	VPADDW(u, b, b)
	VPADDW(u, b, b)
	g, high := YMM(), YMM()
	VPUNPCKLWD(v, u, g)
	VPUNPCKHWD(v, u, high)
	for _, t := range []reg.VecVirtual{g, high} {
		VPMADDWD(green, t, t)
		VPADDD(half, t, t)
		VPSRAD(Imm(16), t, t)
	}
	VPACKSSDW(high, g, g)
	VPSUBW(v, g, g)
	for i, t := range []reg.VecVirtual{r, g, b} {
		VPADDW(y, t, t)
		upper := XMM()
		VEXTRACTI128(Imm(1), t, upper)
		VPACKUSWB(upper, t.AsX(), upper)
		VMOVDQU(upper, Mem{Base: p[i]})
	}
	endOfRow(blocks, p, 16, 16, 16, 16, 16, 16)
}

// jpegBlend emits three times a row and once another.
func jpegBlend() {
	p := rowOf("blendAVX2", "blendGo", "", "sums", "near", "far")
	blocks := Load(Param("blocks"), GP64())
	Label("loop")
	near, far := YMM(), YMM()
	VPMOVZXBW(Mem{Base: p[1]}, near)
	VPMOVZXBW(Mem{Base: p[2]}, far)
	VPADDW(near, far, far)
	VPADDW(near, near, near)
	VPADDW(near, far, far)
	VMOVDQU(far, Mem{Base: p[0]})
	endOfRow(blocks, p, 32, 16, 16)
}

// jpegWiden emits two samples for one: an odd one is the upper byte of its word.
func jpegWiden() {
	p := rowOf("widenAVX2", "widenGo", ", shift int, left int, right int", "out", "sums")
	blocks := Load(Param("blocks"), GP64())
	count := XMM()
	shift := Load(Param("shift"), GP64())
	VMOVQ(shift, count)
	var bias [2]reg.VecVirtual
	for i, name := range []string{"left", "right"} {
		bias[i] = YMM()
		v, x := Load(Param(name), GP64()), XMM()
		VMOVQ(v, x)
		VPBROADCASTW(x, bias[i])
	}
	Label("loop")
	three := YMM()
	sum := YMM()
	VMOVDQU(Mem{Base: p[1], Disp: 2}, sum)
	VPADDW(sum, sum, three)
	VPADDW(sum, three, three)
	var out [2]reg.VecVirtual
	for i := range out {
		out[i] = YMM()
		VPADDW(Mem{Base: p[1], Disp: 4 * i}, three, out[i])
		VPADDW(bias[i], out[i], out[i])
		VPSRLW(count, out[i], out[i])
	}
	VPSLLW(Imm(8), out[1], out[1])
	VPOR(out[1], out[0], out[0])
	VMOVDQU(out[0], Mem{Base: p[0]})
	endOfRow(blocks, p, 32, 32)
}
