package main

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A laneLoop is a kernel that goes over slices of one length, of which element i
// has the coefficients of lane i%block. It writes slices or adds up sums, or
// both.
type laneLoop struct {
	name string
	doc  string // what it computes, after the name

	in, out []string // slices; the first parameter is one that is written, if any is
	fields  []string // of the coefficients c, each of block float32; then comes centre
	sums    bool     // adds to two sums of each lane, in float64

	// body computes one vector: x holds the vectors read, in the order of in. It
	// returns the vectors to write.
	body func(l *laneVector, x regs) regs
}

// A laneVector emits the instructions of one CPU tier for the lanes of a vector.
type laneVector struct {
	vector
	fields []string
	c      reg.Register
	half   int // which of the vectors that make up the block is at hand
	zero   reg.VecVirtual
	sums   [2]regs // in float64
}

// params returns the Go parameter list.
func (l laneLoop) params() string {
	var names []string
	for _, name := range append(slices.Clone(l.out), l.in...) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	s := fmt.Sprintf("%s []float32, c *struct{ %s [%d]float32; centre [%d]float64 }", strings.Join(names, ", "), strings.Join(l.fields, ", "), block, block)
	if l.sums {
		s += fmt.Sprintf(", sums *[%d]float64", 2*block)
	}
	return s
}

// emitLaneLoops emits each loop for each tier.
func emitLaneLoops(loops ...laneLoop) {
	emitTailMask()
	for _, tier := range []string{"AVX2", "AVX512"} {
		for _, l := range loops {
			l.emit(tier)
		}
	}
}

func (l laneLoop) emit(tier string) {
	params := l.params()
	TEXT(l.name+tier, NOSPLIT, "func("+params+")")
	Pragma("noescape")
	Doc(l.name + tier + ": " + l.doc)

	base := map[string]reg.Register{}
	for _, name := range append(slices.Clone(l.in), l.out...) {
		if base[name] == nil {
			base[name] = Load(Param(name).Base(), GP64())
		}
	}
	n := Load(Param(params[:strings.IndexAny(params, ", ")]).Len(), GP64()).(reg.GPVirtual)
	v := &laneVector{vector: vector{tier: tier}, fields: l.fields, c: Load(Param("c"), GP64())}
	v.zero = v.reg()
	VXORPS(v.zero.AsY(), v.zero.AsY(), v.zero.AsY())
	var sums reg.Register
	if l.sums {
		sums = Load(Param("sums"), GP64())
		v.loadSums(sums)
	}
	i := GP64()
	XORQ(i, i)

	vectors := block / v.lanes()
	one := func(half int) {
		v.half = half
		at := func(name string) Mem {
			return Mem{Base: base[name], Index: i, Scale: 4, Disp: 4 * half * v.lanes()}
		}
		var x regs
		for _, name := range l.in {
			x = append(x, v.load(at(name)))
		}
		for k, y := range l.body(v, x) {
			v.store(y, at(l.out[k]))
		}
	}
	Label("blocks")
	CMPQ(n, Imm(block))
	JLT(LabelRef("tail"))
	for half := range vectors {
		one(half)
	}
	ADDQ(Imm(block), i)
	SUBQ(Imm(block), n)
	JMP(LabelRef("blocks"))
	Label("tail")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	for half := range vectors {
		if half > 0 {
			SUBQ(Imm(uint64(v.lanes())), n)
			JLE(LabelRef("done"))
		}
		v.tail = true
		v.setMask(v.atMostLanes(n))
		one(half)
		v.tail = false
	}
	Label("done")
	if l.sums {
		v.storeSums(sums)
	}
	VZEROUPPER()
	RET()
}

// atMostLanes returns n, or the number of lanes if that is less.
func (l *laneVector) atMostLanes(n reg.GPVirtual) reg.GPVirtual {
	count, most := GP64(), GP64()
	MOVQ(n, count)
	MOVQ(U32(l.lanes()), most)
	CMPQ(count, most)
	CMOVQGT(most, count)
	return count
}

// field returns where the coefficients lie of the lanes at hand.
func (l *laneVector) field(name string) Mem {
	i := slices.Index(l.fields, name)
	if i < 0 {
		panic("no field " + name)
	}
	return Mem{Base: l.c, Disp: 4 * (block*i + l.half*l.lanes())}
}

// centre returns where what the i-th vector of sums is taken around lies, in
// float64.
func (l *laneVector) centre(i int) Mem {
	return Mem{Base: l.c, Disp: 4*block*len(l.fields) + 4*l.lanes()*i}
}

// affine returns (x - mean) * scale + shift in a new register.
func (l *laneVector) affine(x reg.VecVirtual) reg.VecVirtual {
	y, scale := l.reg(), l.reg()
	VSUBPS(l.field("mean"), x, y)
	VMOVUPS(l.field("scale"), scale)
	VFMADD213PS(l.field("shift"), scale, y)
	return y
}

// relu returns max(x, 0), NaN if x is.
func (l *laneVector) relu(x reg.VecVirtual) reg.VecVirtual {
	VMAXPS(x, l.zero, x)
	return x
}

// alive returns dy where the value y of a ReLU, or its argument, is not at or
// below 0.
func (l *laneVector) alive(y, dy reg.VecVirtual) reg.VecVirtual {
	return l.keep(notLessOrEqual, y, l.zero, dy)
}

func (l *laneVector) loadSums(from reg.Register) {
	step := l.lanes() / 2
	for k := range l.sums {
		for i := 0; i < block; i += step {
			s := l.reg()
			VMOVUPS(Mem{Base: from, Disp: 8 * (k*block + i)}, s)
			l.sums[k] = append(l.sums[k], s)
		}
	}
}

func (l *laneVector) storeSums(to reg.Register) {
	step := l.lanes() / 2
	for k, sums := range l.sums {
		for i, s := range sums {
			VMOVUPS(s, Mem{Base: to, Disp: 8 * (k*block + i*step)})
		}
	}
}

// upper moves the upper half of a vector of float32 to its lower half.
func (l *laneVector) upper(x reg.VecVirtual) {
	if l.tier == "AVX512" {
		VEXTRACTF64X4(Imm(1), x, x.AsY())
		return
	}
	VEXTRACTF128(Imm(1), x, x.AsX())
}

// wide returns the lower half of a vector of float32 in float64.
func (l *laneVector) wide(x reg.VecVirtual) reg.VecVirtual {
	w := l.reg()
	if l.tier == "AVX512" {
		VCVTPS2PD(x.AsY(), w)
	} else {
		VCVTPS2PD(x.AsX(), w)
	}
	return w
}

// addWide calls add for the lower and the upper half of the lanes at hand, with
// d = x - centre in float64, 0 outside the mask of a tail, and the sums to add to.
// It overwrites x.
func (l *laneVector) addWide(x reg.VecVirtual, add func(upper bool, d, first, second reg.VecVirtual)) {
	for part := range 2 {
		if part == 1 {
			l.upper(x)
		}
		d, at := l.wide(x), 2*l.half+part
		VSUBPD(l.centre(at), d, d)
		l.inside(d, part == 1)
		add(part == 1, d, l.sums[0][at], l.sums[1][at])
	}
}

// inside clears the lanes of float64 that are outside the mask of a tail, whose
// lower or upper half they are.
func (l *laneVector) inside(d reg.VecVirtual, upper bool) {
	switch {
	case !l.tail:
	case l.tier == "AVX512":
		k := l.k
		if upper {
			k = K()
			KSHIFTRW(Imm(8), l.k, k)
		}
		VMOVAPD_Z(d, k, d)
	default:
		mask, half := YMM(), l.mask.AsX()
		if upper {
			half = mask.AsX()
			VEXTRACTF128(Imm(1), l.mask, half)
		}
		VPMOVSXDQ(half, mask)
		VANDPD(mask, d, d)
	}
}

// addSquares adds d = x - centre to the first sums and d*d to the second ones. It
// overwrites x.
func (l *laneVector) addSquares(x reg.VecVirtual) {
	l.addWide(x, func(_ bool, d, first, second reg.VecVirtual) {
		VADDPD(d, first, first)
		VFMADD231PD(d, d, second)
	})
}

// addProducts adds dy to the first sums and (x - centre) * dy to the second ones.
// It overwrites x and dy.
func (l *laneVector) addProducts(x, dy reg.VecVirtual) {
	l.addWide(x, func(upper bool, d, first, second reg.VecVirtual) {
		if upper {
			l.upper(dy)
		}
		g := l.wide(dy)
		VADDPD(g, first, first)
		VFMADD231PD(d, g, second)
	})
}
