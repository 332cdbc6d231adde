package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["pool"] = pools }

// pools emits the loops of poolmax.go.
func pools() {
	emitLoops(loop{name: "maxRow", doc: "dst[i] = max(dst[i], a[i]), NaN if one of them is", params: "dst, a []float32",
		in: []string{"dst", "a"}, out: []string{"dst"}, unroll: 4,
		body: func(v *vector, x, _ regs) regs { return regs{v.maximum(x[0], x[1])} }}, takeLoop())
	for _, tier := range []string{"AVX2", "AVX512"} {
		for _, kernel := range []int{3, 2} {
			newPooling(tier, kernel).max()
			newPooling(tier, kernel).argmax()
		}
	}
}

// takeLoop is a step of an argmax over taps: position is that of the elements at
// hand.
func takeLoop() loop {
	var position reg.VecVirtual
	return loop{name: "take", doc: "most[i], at[i] = x[i], start + i where at[i] < 0, x[i] > most[i] or x[i] is NaN",
		params: "x, most []float32, at []int32, start int32",
		in:     []string{"x", "most", "at"}, out: []string{"most", "at"}, scalars: []string{"start"}, unroll: 1,
		setup: func(v *vector) {
			position = v.scalar["start"]
			VPADDD(sequence("count", 0, 1), position, position)
		},
		body: func(v *vector, x, _ regs) regs {
			tap, most, best := x[0], x[1], x[2]
			v.take(tap, position, most, best, best)
			VPADDD(sequence("lanes"+v.tier, v.lanes(), 0), position, position)
			return regs{most, best}
		}}
}

// pooling emits a loop over windows of kernel x kernel taps.
type pooling struct {
	vector
	kernel int

	n     reg.GPVirtual  // windows left
	i     reg.GPVirtual  // windows done
	rows  []reg.Register // input rows
	even  reg.VecVirtual // of AVX-512: lanes 0, 2, 4, ... of two vectors
	odd   reg.VecVirtual // lanes 1, 3, 5, ...
	parts []vector       // how each of the vectors of a row of taps is read
}

func newPooling(tier string, kernel int) *pooling {
	p := &pooling{vector: vector{tier: tier}, kernel: kernel}
	for range p.offsets() {
		p.parts = append(p.parts, vector{tier: tier})
	}
	return p
}

// begin emits the head of a function that writes the slice dst.
func (p *pooling) begin(name, dst, rest, doc string) {
	name = fmt.Sprintf("%s%d%s", name, p.kernel, p.tier)
	TEXT(name, NOSPLIT, fmt.Sprintf("func(%s []float32, %s %s)", names("r", p.kernel), dst, rest))
	Pragma("noescape")
	Doc(name + ": " + doc)
	for r := range p.kernel {
		p.rows = append(p.rows, Load(Param(fmt.Sprintf("r%d", r)).Base(), GP64()))
	}
	p.n = Load(Param(dst).Len(), GP64()).(reg.GPVirtual)
	if p.tier == "AVX512" {
		p.even, p.odd = p.integers(sequence("even", 0, 2)), p.integers(sequence("odd", 1, 2))
	}
	p.i = GP64()
	XORQ(p.i, p.i)
}

// loop emits a loop that makes a vector of results at a time.
func (p *pooling) loop(results func()) {
	Label("vectors")
	CMPQ(p.n, Imm(uint64(p.lanes())))
	JLT(LabelRef("tail"))
	results()
	ADDQ(Imm(uint64(p.lanes())), p.i)
	SUBQ(Imm(uint64(p.lanes())), p.n)
	JMP(LabelRef("vectors"))
	Label("tail")
	TESTQ(p.n, p.n)
	JZ(LabelRef("done"))
	p.tail = true
	p.setMask(p.n)
	p.setLoadMasks()
	results()
	Label("done")
	VZEROUPPER()
	RET()
}

// offsets returns where the vectors begin that hold the taps of the first
// window on: taps 0 and 1 are the even and odd lanes of the first two vectors;
// of three taps, 1 and 2 are those of the last two. So nothing is read beyond
// the last window.
func (p *pooling) offsets() []int {
	if p.kernel == 2 {
		return []int{0, p.lanes()}
	}
	return []int{0, p.lanes(), 1, p.lanes() + 1}
}

// setLoadMasks makes the masks for the 2*n+kernel-2 elements of a row that the
// last n windows cover.
func (p *pooling) setLoadMasks() {
	zero := GP64()
	XORQ(zero, zero)
	most := GP64()
	MOVQ(U32(p.lanes()), most)
	for j, offset := range p.offsets() {
		count := GP64()
		LEAQ(Mem{Base: p.n, Index: p.n, Scale: 1, Disp: p.kernel - 2 - offset}, count)
		CMPQ(count, zero)
		CMOVQLT(zero, count)
		CMPQ(count, most)
		CMOVQGT(most, count)
		p.parts[j].tail = true
		p.parts[j].setMask(count)
	}
}

// taps returns the taps of a row of the windows: tap c of the windows from i on.
// In AVX2 the windows are in the order 0 1 4 5 2 3 6 7; see ordered.
func (p *pooling) taps(row reg.Register) []reg.VecVirtual {
	read := func(j int) reg.VecVirtual {
		return p.parts[j].load(Mem{Base: row, Index: p.i, Scale: 8, Disp: 4 * p.offsets()[j]})
	}
	a, b := read(0), read(1)
	if p.kernel == 2 {
		return regs{p.evens(a, b), p.odds(a, b)}
	}
	first := p.evens(a, b)
	a, b = read(2), read(3)
	return regs{first, p.evens(a, b), p.odds(a, b)}
}

// evens returns the even lanes of a and b.
func (p *pooling) evens(a, b reg.VecVirtual) reg.VecVirtual { return p.half(p.even, 0x88, a, b) }

// odds returns the odd lanes of a and b.
func (p *pooling) odds(a, b reg.VecVirtual) reg.VecVirtual { return p.half(p.odd, 0xdd, a, b) }

func (p *pooling) half(lanes reg.VecVirtual, shuffle uint8, a, b reg.VecVirtual) reg.VecVirtual {
	r := p.reg()
	if p.tier == "AVX512" {
		VMOVAPS(a, r)
		VPERMT2PS(b, lanes, r)
		return r
	}
	VSHUFPS(Imm(uint64(shuffle)), b, a, r)
	return r
}

// order brings the windows of a vector into their order.
func (p *pooling) order(r reg.VecVirtual) {
	if p.tier == "AVX2" {
		VPERMPD(Imm(0xd8), r, r)
	}
}

// max emits the maximum of each window.
func (p *pooling) max() {
	p.begin("maxPool", "y", "[]float32",
		"y[i] = the largest r[2*i+k] of all rows r and taps k, NaN if one of them is")
	y := Load(Param("y").Base(), GP64())
	p.loop(func() {
		var most reg.VecVirtual
		for _, row := range p.rows {
			for _, tap := range p.taps(row) {
				if most == nil {
					most = tap
				} else {
					most = p.maximum(most, tap)
				}
			}
		}
		p.order(most)
		p.store(most, Mem{Base: y, Index: p.i, Scale: 4})
	})
}

// argmax emits the position of the largest tap of each window.
func (p *pooling) argmax() {
	p.begin("argmaxPool", "at", "[]int32, "+names("at", p.kernel)+" int32",
		"at[i] = at_r + 2*i + k for the row r and tap k of the largest r[2*i+k]: the first of equal ones, the last NaN")
	at := Load(Param("at").Base(), GP64())
	// The 16 registers of AVX2 leave room for no more than these.
	one, step, windows := sequence("one", 1, 0), sequence("step"+p.tier, 2*p.lanes(), 0), p.integers(sequence("even", 0, 2))
	p.loop(func() {
		var most reg.VecVirtual
		best, position := p.reg(), p.reg()
		for r, row := range p.rows {
			start, err := Param(fmt.Sprintf("at%d", r)).Resolve()
			if err != nil {
				panic(err)
			}
			VBROADCASTSS(start.Addr, position) // the bits of an int32; vet takes VPBROADCASTD for wider
			for k, tap := range p.taps(row) {
				if k > 0 {
					VPADDD(one, position, position)
				}
				if most == nil {
					most = tap
					VMOVUPS(position, best)
				} else {
					p.take(tap, position, most, best, nil)
				}
			}
		}
		p.order(best)
		VPADDD(windows, best, best)
		VPADDD(step, windows, windows)
		p.store(best, Mem{Base: at, Index: p.i, Scale: 4})
	})
}

// take replaces the largest tap so far and its position by another one where
// that is larger or NaN, or where the sign of none is set, unless none is nil.
func (v *vector) take(tap, position, most, best, none reg.VecVirtual) {
	if v.tier == "AVX512" {
		take, isNaN := K(), K()
		VCMPPS(U8(greater), most, tap, take)
		VCMPPS(U8(unordered), tap, tap, isNaN)
		KORW(take, isNaN, take)
		if none != nil {
			empty := K()
			VPMOVD2M(none, empty)
			KORW(take, empty, take)
		}
		VMOVAPS(tap, take, most)
		VMOVAPS(position, take, best)
		return
	}
	take, isNaN := v.reg(), v.reg()
	VCMPPS(U8(greater), most, tap, take)
	VCMPPS(U8(unordered), tap, tap, isNaN)
	VORPS(isNaN, take, take)
	if none != nil {
		VORPS(none, take, take)
	}
	VBLENDVPS(take, tap, most, most)
	VBLENDVPS(take, position, best, best)
}

// integers returns a register with as much of the data as it holds.
func (p *pooling) integers(data Mem) reg.VecVirtual {
	r := p.reg()
	VMOVUPS(data, r)
	return r
}

// names returns prefix0, prefix1, ... prefix(n-1).
func names(prefix string, n int) string {
	s := ""
	for i := range n {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%s%d", prefix, i)
	}
	return s
}
