package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A loop is a kernel that goes over slices of one length, one vector of
// elements after the other. It either writes slices or adds up sums.
type loop struct {
	name   string
	doc    string // what it computes, after the name
	params string // the Go parameter list; the first one is a slice

	in      []string  // slices it reads
	out     []string  // slices it writes, in the order in which body returns them
	sums    []string  // results it adds up, as float64
	narrow  bool      // reads float32 lanes though it adds up sums
	scalars []string  // parameters it needs in every lane: float64 if lanes are
	coefs   string    // the parameter that points to the scalars, if any does
	consts  []float32 // numbers it needs in every lane

	unroll int             // vectors in a round of the main loop
	setup  func(v *vector) // emits what comes before the loop, if set

	// body computes one vector: x holds the vectors read, in the order of in.
	// It returns the vectors to write, or adds to the sums.
	body func(v *vector, x []reg.VecVirtual, sums []reg.VecVirtual) []reg.VecVirtual
}

// A vector emits the instructions of one CPU tier.
type vector struct {
	tier   string
	wide   bool // lanes of float64, converted from float32
	scalar map[string]reg.VecVirtual
	consts []reg.VecVirtual

	tail bool // only the lanes of the mask count
	mask reg.VecVirtual
	k    reg.OpmaskVirtual
}

// emitLoops emits each loop for each tier.
func emitLoops(loops ...loop) {
	emitTailMask()
	for _, tier := range []string{"AVX2", "AVX512"} {
		for _, l := range loops {
			l.emit(tier)
		}
	}
}

// emitTailMask emits the data that masks of AVX2 are loaded from.
func emitTailMask() {
	tailMask = GLOBL("tailMask", RODATA|NOPTR)
	for i := range 16 {
		v := int32(-1)
		if i >= 8 {
			v = 0
		}
		DATA(4*i, I32(v))
	}
}

var tailMask Mem

// lanes returns the number of elements in a vector.
func (v *vector) lanes() int {
	n := 8
	if v.tier == "AVX512" {
		n = 16
	}
	if v.wide {
		n /= 2
	}
	return n
}

// reg returns a new vector register.
func (v *vector) reg() reg.VecVirtual {
	if v.tier == "AVX512" {
		return ZMM()
	}
	return YMM()
}

func (l loop) emit(tier string) {
	v := &vector{tier: tier, wide: len(l.sums) > 0 && !l.narrow, scalar: map[string]reg.VecVirtual{}}
	results := ""
	if len(l.sums) > 0 {
		results = " (" + strings.Join(l.sums, ", ") + " float64)"
	}
	TEXT(l.name+tier, NOSPLIT, "func("+l.params+")"+results)
	Pragma("noescape")
	Doc(l.name + tier + ": " + l.doc)

	slices := map[string]reg.Register{}
	for _, name := range append(append([]string(nil), l.in...), l.out...) {
		if slices[name] == nil {
			slices[name] = Load(Param(name).Base(), GP64())
		}
	}
	n := Load(Param(l.first()).Len(), GP64()).(reg.GPVirtual)
	for _, name := range l.scalars {
		v.scalar[name] = v.broadcast(l.scalar(name))
	}
	for _, c := range l.consts {
		v.consts = append(v.consts, v.constant(c))
	}
	sums := make([][]reg.VecVirtual, l.unroll)
	for u := range sums {
		for range l.sums {
			s := v.reg()
			VXORPD(s.AsY(), s.AsY(), s.AsY()) // clears all of ZMM too
			sums[u] = append(sums[u], s)
		}
	}
	if l.setup != nil {
		l.setup(v)
	}
	i := GP64()
	XORQ(i, i)

	at := func(name string, u int) Mem {
		return Mem{Base: slices[name], Index: i, Scale: 4, Disp: 4 * u * v.lanes()}
	}
	round := func(unroll int) {
		x := make([][]reg.VecVirtual, unroll)
		for u := range x {
			for _, name := range l.in {
				x[u] = append(x[u], v.load(at(name, u)))
			}
		}
		for u := range x {
			for k, y := range l.body(v, x[u], sums[u]) {
				v.store(y, at(l.out[k], u))
			}
		}
		ADDQ(Imm(uint64(unroll*v.lanes())), i)
		SUBQ(Imm(uint64(unroll*v.lanes())), n)
	}

	Label("blocks")
	CMPQ(n, Imm(uint64(l.unroll*v.lanes())))
	JLT(LabelRef("vectors"))
	round(l.unroll)
	JMP(LabelRef("blocks"))
	Label("vectors")
	CMPQ(n, Imm(uint64(v.lanes())))
	JLT(LabelRef("tail"))
	round(1)
	JMP(LabelRef("vectors"))
	Label("tail")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	v.setMask(n)
	v.tail = true
	round(1)
	v.tail = false
	Label("done")
	totals := make([]reg.Register, len(l.sums))
	for k := range totals {
		for u := 1; u < l.unroll; u++ {
			VADDPD(sums[u][k], sums[0][k], sums[0][k])
		}
		totals[k] = v.horizontal(sums[0][k])
	}
	VZEROUPPER()
	for k, total := range totals {
		Store(total, ReturnIndex(k))
	}
	RET()
}

// first returns the name of the first parameter.
func (l loop) first() string { return l.params[:strings.IndexAny(l.params, ", ")] }

// scalar returns the parameter of the given name, or the field of the coefficients.
func (l loop) scalar(name string) gotypes.Component {
	if l.coefs == "" {
		return Param(name)
	}
	return Dereference(Param(l.coefs)).Field(name)
}

// broadcast returns a register with a number from memory in every lane.
func (v *vector) broadcast(number gotypes.Component) reg.VecVirtual {
	p, err := number.Resolve()
	if err != nil {
		panic(err)
	}
	r := v.reg()
	if v.wide {
		VBROADCASTSD(p.Addr, r)
	} else {
		VBROADCASTSS(p.Addr, r)
	}
	return r
}

// constants holds where the numbers of the file lie.
var constants = map[float32]Mem{}

// constant returns a register with a number in every lane.
func (v *vector) constant(c float32) reg.VecVirtual {
	r := v.reg()
	if _, ok := constants[c]; !ok {
		constants[c] = ConstData(fmt.Sprintf("f%08x", math.Float32bits(c)), F32(c))
	}
	VBROADCASTSS(constants[c], r)
	return r
}

// sequences holds where the integers of the file lie.
var sequences = map[string]Mem{}

// sequence returns data of 16 int32 that begin with first and go up by step.
func sequence(name string, first, step int) Mem {
	if m, ok := sequences[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, I32(int32(first+step*i)))
	}
	sequences[name] = m
	return m
}

// setMask makes a mask of the first n lanes, n less than all.
func (v *vector) setMask(n reg.GPVirtual) {
	if v.tier == "AVX512" {
		one := GP32()
		MOVL(U32(1), one)
		MOVQ(n, reg.RCX)
		SHLL(reg.CL, one)
		DECL(one)
		v.k = K()
		KMOVW(one, v.k)
		return
	}
	base, end := GP64(), GP64()
	LEAQ(tailMask, base)
	MOVQ(U32(8), end)
	SUBQ(n, end)
	v.mask = YMM()
	from := Mem{Base: base, Index: end, Scale: 4}
	VMOVDQU(from, v.mask)
}

// load reads a vector of float32; lanes outside the mask are 0.
func (v *vector) load(m Mem) reg.VecVirtual {
	r := v.reg()
	switch {
	case v.tier == "AVX512" && v.wide && v.tail:
		VCVTPS2PD_Z(m, v.k, r)
	case v.wide && v.tail:
		VMASKMOVPS(m, v.mask.AsX(), r.AsX())
		VCVTPS2PD(r.AsX(), r)
	case v.wide:
		VCVTPS2PD(m, r)
	case v.tier == "AVX512" && v.tail:
		VMOVUPS_Z(m, v.k, r)
	case v.tail:
		VMASKMOVPS(m, v.mask, r)
	default:
		VMOVUPS(m, r)
	}
	return r
}

// store writes a vector of float32, in a tail the lanes of the mask.
func (v *vector) store(r reg.VecVirtual, m Mem) {
	switch {
	case v.tier == "AVX512" && v.tail:
		VMOVUPS(r, v.k, m)
	case v.tail:
		VMASKMOVPS(r, v.mask, m)
	default:
		VMOVUPS(r, m)
	}
}

// horizontal returns the sum of the lanes of float64 in an XMM register.
func (v *vector) horizontal(r reg.VecVirtual) reg.Register {
	upper := YMM()
	if v.tier == "AVX512" {
		VEXTRACTF64X4(Imm(1), r, upper)
		VADDPD(upper, r.AsY(), r.AsY())
	}
	VEXTRACTF128(Imm(1), r.AsY(), upper.AsX())
	VADDPD(upper.AsX(), r.AsX(), r.AsX())
	VUNPCKHPD(r.AsX(), r.AsX(), upper.AsX())
	VADDSD(upper.AsX(), r.AsX(), r.AsX())
	return r.AsX()
}

// Predicates of comparisons that raise nothing for NaN.
const (
	less           = 0x11 // false for NaN
	unordered      = 0x03
	notLessOrEqual = 0x16 // true for NaN
	greater        = 0x1e // false for NaN
)

// keep returns y where a compares to b, and 0 elsewhere.
func (v *vector) keep(predicate uint8, a, b, y reg.VecVirtual) reg.VecVirtual {
	r := v.reg()
	if v.tier == "AVX512" {
		k := K()
		VCMPPS(U8(predicate), b, a, k)
		VMOVAPS_Z(y, k, r)
		return r
	}
	VCMPPS(U8(predicate), b, a, r)
	VANDPS(y, r, r)
	return r
}

// choose returns yes where a compares to b, and no elsewhere; it overwrites no.
func (v *vector) choose(predicate uint8, a, b, yes, no reg.VecVirtual) reg.VecVirtual {
	if v.tier == "AVX512" {
		k := K()
		VCMPPS(U8(predicate), b, a, k)
		VMOVAPS(yes, k, no)
		return no
	}
	r := v.reg()
	VCMPPS(U8(predicate), b, a, r)
	VBLENDVPS(r, yes, no, no)
	return no
}

// maximum returns the larger of a and b, NaN if one of them is.
func (v *vector) maximum(a, b reg.VecVirtual) reg.VecVirtual {
	m := v.reg()
	VMAXPS(b, a, m) // b if one of them is NaN
	return v.choose(unordered, a, a, a, m)
}

// accumulate adds float32 lanes to a sum of float64, in a tail those of the mask.
// It overwrites x.
func (v *vector) accumulate(x, sum reg.VecVirtual) {
	if v.tail && v.tier == "AVX512" {
		VMOVAPS_Z(x, v.k, x)
	} else if v.tail {
		VANDPS(v.mask, x, x)
	}
	wide, upper := v.reg(), YMM()
	if v.tier == "AVX512" {
		VEXTRACTF64X4(Imm(1), x, upper)
		VCVTPS2PD(x.AsY(), wide)
		VADDPD(wide, sum, sum)
		VCVTPS2PD(upper, wide)
	} else {
		VEXTRACTF128(Imm(1), x, upper.AsX())
		VCVTPS2PD(x.AsX(), wide)
		VADDPD(wide, sum, sum)
		VCVTPS2PD(upper.AsX(), wide)
	}
	VADDPD(wide, sum, sum)
}

// insideMask clears the lanes of float64 that are outside the mask of a tail.
func (v *vector) insideMask(r reg.VecVirtual) {
	switch {
	case !v.tail:
	case v.tier == "AVX512":
		VMOVAPD_Z(r, v.k, r)
	default:
		wide := YMM()
		VPMOVSXDQ(v.mask.AsX(), wide)
		VANDPD(wide, r, r)
	}
}
