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

// jpegInverse emits the inverse transform. A vector has a row of the block in double
// words, so that the columns are transformed side by side; then they change places.
// Of what goes into a transform only the lower word matters.
func jpegInverse(centre Mem) {
	for i, p := range [][2]int16{
		jpegTurn: {4433, 4433 - 15137}, {4433 + 6270, 4433},
		jpegSums: {9633 - 16069, 9633}, {9633, 9633 - 3196},
		jpeg71: {2446 - 7373, -7373}, {-7373, 12299 - 7373},
		jpeg53: {16819 - 20995, -20995}, {-20995, 25172 - 20995},
	} {
		m := GLOBL(fmt.Sprintf("factors%d", i), RODATA|NOPTR)
		for j := range 8 {
			DATA(4*j, I16(p[0]))
			DATA(4*j+2, I16(p[1]))
		}
		jpegFactors[i] = m
	}
	columns, rows := all32(1<<10), all32(1<<17)
	turn := GLOBL("columnsOfBytes", RODATA|NOPTR)
	for i := range 32 {
		DATA(i, U8(i%4*4+i/4%4))
	}

	TEXT("inverseAVX2", NOSPLIT, "func(dst *uint8, stride int, coef *int16, quant *int16)")
	Pragma("noescape")
	Doc("inverseAVX2 is inverseGo.")
	dst, stride := Load(Param("dst"), GP64()), Load(Param("stride"), GP64())
	coef, quant := Load(Param("coef"), GP64()), Load(Param("quant"), GP64())
	var s [8]reg.VecVirtual
	for i := range s {
		x := XMM()
		VMOVDQU(Mem{Base: coef, Disp: 16 * i}, x)
		VPMULLW(Mem{Base: quant, Disp: 16 * i}, x, x)
		s[i] = YMM()
		VPMOVSXWD(x, s[i])
	}
	s = jpegTransform(s, columns, 11)
	s = jpegTurned(s)
	s = jpegTransform(s, rows, 18)

	// Four columns become a vector of bytes: four rows in each half.
	var four [2]reg.VecVirtual
	for i := range four {
		v := s[4*i:]
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

// The pairs of values whose products are added, by the first of their two pairs of
// factors.
const (
	jpegTurn = 2 * iota
	jpegSums
	jpeg71
	jpeg53
)

var jpegFactors [8]Mem

// jpegTurned emits the transposition, through words that hold the values at their
// limits.
func jpegTurned(s [8]reg.VecVirtual) (out [8]reg.VecVirtual) {
	var p [4]reg.VecVirtual
	for i := range p {
		p[i] = s[i]
		VPACKSSDW(s[i+4], s[i], p[i])
	}
	var upper, lower [2]reg.VecVirtual // of the rows up to the fourth, and of the others
	for i := range 2 {
		upper[i], lower[i] = YMM(), YMM()
		VPUNPCKLWD(p[2*i+1], p[2*i], upper[i])
		VPUNPCKHWD(p[2*i+1], p[2*i], lower[i])
	}
	for i := range 2 {
		a, b := YMM(), YMM()
		if i == 0 {
			VPUNPCKLDQ(upper[1], upper[0], a)
			VPUNPCKLDQ(lower[1], lower[0], b)
		} else {
			VPUNPCKHDQ(upper[1], upper[0], a)
			VPUNPCKHDQ(lower[1], lower[0], b)
		}
		even, odd := YMM(), YMM()
		VPUNPCKLQDQ(b, a, even)
		VPUNPCKHQDQ(b, a, odd)
		for j, v := range []reg.VecVirtual{even, odd} {
			x := 2*i + j
			out[x], out[x+4] = YMM(), YMM()
			high := XMM()
			VEXTRACTI128(Imm(1), v, high)
			VPMOVSXWD(v.AsX(), out[x])
			VPMOVSXWD(high, out[x+4])
		}
	}
	return out
}

// jpegTransform emits the transform of eight vectors, with its rounding. What package
// jpeg calls its steps they are called here; two products and their sum are one
// instruction.
func jpegTransform(s [8]reg.VecVirtual, round Mem, shift uint64) (out [8]reg.VecVirtual) {
	add := func(a, b Op) reg.VecVirtual {
		v := YMM()
		VPADDD(b, a, v)
		return v
	}
	sub := func(a, b Op) reg.VecVirtual {
		v := YMM()
		VPSUBD(b, a, v)
		return v
	}
	// products returns both sums of products of a pair.
	products := func(a, b reg.VecVirtual, factors int) (reg.VecVirtual, reg.VecVirtual) {
		pair, second := YMM(), YMM()
		VPSLLD(Imm(16), b, pair)
		VPBLENDW(Imm(0x55), a, pair, pair)
		VPMADDWD(jpegFactors[factors+1], pair, second)
		VPMADDWD(jpegFactors[factors], pair, pair)
		return pair, second
	}
	raised := func(v reg.VecVirtual) reg.VecVirtual {
		VPSLLD(Imm(16), v, v)
		VPSRAD(Imm(3), v, v)
		VPADDD(round, v, v)
		return v
	}
	e2, e3 := products(s[2], s[6], jpegTurn)
	e0, e1 := raised(add(s[0], s[4])), raised(sub(s[0], s[4]))
	a := [4]reg.VecVirtual{add(e0, e3), add(e1, e2), sub(e1, e2), sub(e0, e3)}

	z3, z4 := products(add(s[7], s[3]), add(s[5], s[1]), jpegSums)
	b0, b3 := products(s[7], s[1], jpeg71)
	b1, b2 := products(s[5], s[3], jpeg53)
	b := [4]reg.VecVirtual{add(b3, z4), add(b2, z3), add(b1, z4), add(b0, z3)}
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
