package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["random"] = random }

// random emits the loops of random.go.
func random() {
	for _, tier := range []string{"AVX2", "AVX512"} {
		emitMask(&vector{tier: tier})
	}
}

// Philox as in package rng. A 64-bit lane holds one word of one block in its
// lower half; what is in the upper one never matters, because VPMULUDQ
// multiplies lower halves only.
const (
	philoxM0, philoxM1 = 0xD2511F53, 0xCD9E8D57
	philoxW0, philoxW1 = 0x9E3779B9, 0xBB67AE85
	philoxRounds       = 10
)

// emitMask emits a loop over whole rounds of blocks: 4 of them with AVX2, 8 with
// AVX-512.
func emitMask(v *vector) {
	name := "dropoutMask" + v.tier
	TEXT(name, NOSPLIT, "func(mask []float32, block uint64, state *[4]uint32, threshold uint32, keep float32)")
	Pragma("noescape")
	Doc(name+": mask[i] = word i of the blocks from the given one on < threshold ? 0 : keep.",
		"state is the key and the stream; len(mask) is a multiple of 32.")
	to := Load(Param("mask").Base(), GP64())
	n := Load(Param("mask").Len(), GP64())
	block := Load(Param("block"), GP64())
	state := Load(Param("state"), GP64())
	threshold, keep := v.reg(), v.reg()
	v.broadcastParam("threshold", threshold)
	v.broadcastParam("keep", keep)
	if v.tier == "AVX2" {
		VPXOR(sequence("sign", -1<<31, 0), threshold, threshold) // compares signed
	}
	Label("blocks")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	low, high := v.philox(block.(reg.GPVirtual), Mem{Base: state})
	for i, words := range []reg.VecVirtual{low, high} {
		v.drop(words, threshold, keep, Mem{Base: to, Disp: 4 * i * v.lanes()})
	}
	ADDQ(Imm(uint64(8*v.lanes())), to)
	ADDQ(Imm(uint64(v.lanes()/2)), block)
	SUBQ(Imm(uint64(2*v.lanes())), n)
	JMP(LabelRef("blocks"))
	Label("done")
	VZEROUPPER()
	RET()
}

// broadcastParam fills a register with a parameter of 32 bits. To go vet
// VBROADCASTSS is the instruction for such.
func (v *vector) broadcastParam(name string, r reg.VecVirtual) {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(p.Addr, r)
}

// philox returns the words of blocks from the given one on, in order. The order
// in which the lanes hold blocks is the one that VPUNPCKLQDQ and VPUNPCKHQDQ put
// right.
func (v *vector) philox(block reg.GPVirtual, state Mem) (low, high reg.VecVirtual) {
	order := []int{0, 2, 1, 3}
	if v.tier == "AVX512" {
		order = []int{0, 4, 1, 5, 2, 6, 3, 7}
	}
	c, k := v.registers(4), v.registers(2)
	v.broadcast64(block, c[0])
	VPADDQ(quads("order"+v.tier, order), c[0], c[0])
	VPSRLQ(Imm(32), c[0], c[1])
	VPBROADCASTD(state.Offset(8), c[2])
	VPBROADCASTD(state.Offset(12), c[3])
	VPBROADCASTD(state.Offset(0), k[0])
	VPBROADCASTD(state.Offset(4), k[1])
	m, p := v.registers(2), v.registers(2)
	VMOVUPS(bits("m0", philoxM0-1<<32), m[0])
	VMOVUPS(bits("m1", philoxM1-1<<32), m[1])
	for range philoxRounds {
		VPMULUDQ(m[0], c[0], p[0])
		VPMULUDQ(m[1], c[2], p[1])
		VPSRLQ(Imm(32), p[1], c[0])
		v.xor(c[0], c[1])
		v.xor(c[0], k[0])
		VPSRLQ(Imm(32), p[0], c[2])
		v.xor(c[2], c[3])
		v.xor(c[2], k[1])
		VMOVUPS(p[1], c[1])
		VMOVUPS(p[0], c[3])
		VPADDD(bits("w0", philoxW0-1<<32), k[0], k[0])
		VPADDD(bits("w1", philoxW1-1<<32), k[1], k[1])
	}
	first, second := v.pairs(c[0], c[1]), v.pairs(c[2], c[3])
	low, high = v.reg(), v.reg()
	VPUNPCKLQDQ(second, first, low)
	VPUNPCKHQDQ(second, first, high)
	return low, high
}

// pairs returns the lower halves of a and b, those of b in the upper halves.
func (v *vector) pairs(a, b reg.VecVirtual) reg.VecVirtual {
	r := v.reg()
	VPSLLQ(Imm(32), b, r)
	if v.tier == "AVX512" {
		VPSLLQ(Imm(32), a, a)
		VPSRLQ(Imm(32), a, a)
		VPORQ(a, r, r)
	} else {
		VPBLENDD(Imm(0x55), a, r, r)
	}
	return r
}

// drop stores 0 where a word is below the threshold, and keep elsewhere.
func (v *vector) drop(words, threshold, keep reg.VecVirtual, to Mem) {
	r := v.reg()
	if v.tier == "AVX512" {
		k := K()
		VPCMPUD(Imm(5), threshold, words, k) // not less
		VMOVAPS_Z(keep, k, r)
	} else {
		VPXOR(sequence("sign", -1<<31, 0), words, words)
		VPCMPGTD(words, threshold, r)
		VPANDN(keep, r, r)
	}
	VMOVUPS(r, to)
}

func (v *vector) registers(n int) regs {
	var r regs
	for range n {
		r = append(r, v.reg())
	}
	return r
}

// xor sets a = a ^ b.
func (v *vector) xor(a, b reg.VecVirtual) {
	if v.tier == "AVX512" {
		VPXORQ(b, a, a)
	} else {
		VPXOR(b, a, a)
	}
}

// broadcast64 fills the lanes of 64 bits with n.
func (v *vector) broadcast64(n reg.GPVirtual, r reg.VecVirtual) {
	if v.tier == "AVX512" {
		VPBROADCASTQ(n, r)
		return
	}
	VMOVQ(n, r.AsX())
	VPBROADCASTQ(r.AsX(), r)
}

// quads returns data of int64.
func quads(name string, values []int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range values {
		DATA(8*i, I64(int64(v)))
	}
	return m
}
