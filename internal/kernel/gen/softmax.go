package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["softmax"] = softmax }

// softmax emits the loops of softmax.go.
func softmax() {
	shifted := func(v *vector, x reg.VecVirtual) reg.VecVirtual {
		VSUBPS(v.scalar["m"], x, x)
		return v.exp(x)
	}
	emitLoops(
		loop{name: "exps", doc: "y[i] = exp(x[i] - m); the sum of y[i]", params: "y, x []float32, m float32",
			in: []string{"x"}, out: []string{"y"}, sums: []string{"sum"}, narrow: true, scalars: []string{"m"}, unroll: 2,
			body: func(v *vector, x, s regs) regs {
				e, term := shifted(v, x[0]), v.reg()
				VMOVAPS(e, term)
				v.accumulate(term, s[0])
				return regs{e}
			}},
		loop{name: "sumExp", doc: "the sum of exp(x[i] - m)", params: "x []float32, m float32",
			in: []string{"x"}, sums: []string{"sum"}, narrow: true, scalars: []string{"m"}, unroll: 2,
			body: func(v *vector, x, s regs) regs {
				v.accumulate(shifted(v, x[0]), s[0])
				return nil
			}},
		loop{name: "expDiff", doc: "y[i] = exp(x[i] - m[i])", params: "y, x, m []float32",
			in: []string{"x", "m"}, out: []string{"y"}, unroll: 2,
			body: func(v *vector, x, _ regs) regs {
				VSUBPS(x[1], x[0], x[0])
				return regs{v.exp(x[0])}
			}},
		loop{name: "softmaxGrad", doc: "dx[i] = y[i] * (dy[i] - s)", params: "dx, y, dy []float32, s float32",
			in: []string{"y", "dy"}, out: []string{"dx"}, scalars: []string{"s"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				VSUBPS(v.scalar["s"], x[1], x[1])
				VMULPS(x[1], x[0], x[0])
				return x[:1]
			}},
		loop{name: "logSoftmaxGrad", doc: "dx[i] = dy[i] - exp(y[i]) * s", params: "dx, y, dy []float32, s float32",
			in: []string{"y", "dy"}, out: []string{"dx"}, scalars: []string{"s"}, unroll: 2,
			body: func(v *vector, x, _ regs) regs {
				e := v.exp(x[0])
				VFNMADD231PS(v.scalar["s"], e, x[1])
				return x[1:]
			}},
	)
	for _, tier := range []string{"AVX2", "AVX512"} {
		vectorMax(&vector{tier: tier})
	}
}

// vectorMax emits the kernel that finds the largest of at least a vector of
// values. The last vector is read from the end backwards: what was there before
// does no harm.
func vectorMax(v *vector) {
	TEXT("vectorMax"+v.tier, NOSPLIT, "func(x []float32) float32")
	Pragma("noescape")
	Doc("vectorMax" + v.tier + ": the largest of x[i], NaN if one of them is; len(x) is at least that of a vector")
	x, n := Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64())
	size := Imm(uint64(v.lanes()))
	most := v.load(Mem{Base: x, Index: n, Scale: 4, Disp: -4 * v.lanes()})
	Label("vectors")
	CMPQ(n, size)
	JLT(LabelRef("done"))
	VMOVAPS(v.maximum(v.load(Mem{Base: x}), most), most)
	ADDQ(Imm(uint64(4*v.lanes())), x)
	SUBQ(size, n)
	JMP(LabelRef("vectors"))
	Label("done")
	for _, swap := range v.swaps() {
		other := v.reg()
		swap(most, other)
		VMOVAPS(v.maximum(other, most), most)
	}
	VZEROUPPER()
	Store(most.AsX(), ReturnIndex(0))
	RET()
}

// swaps are what exchanges the halves of a vector, those of its halves, and so on
// down to single lanes.
func (v *vector) swaps() (all []func(from, to reg.VecVirtual)) {
	if v.tier == "AVX512" {
		for _, order := range []uint8{0x4e, 0xb1} {
			all = append(all, func(from, to reg.VecVirtual) { VSHUFF64X2(U8(order), from, from, to) })
		}
	} else {
		all = append(all, func(from, to reg.VecVirtual) { VPERM2F128(U8(1), from, from, to) })
	}
	for _, order := range []uint8{0x4e, 0xb1} {
		all = append(all, func(from, to reg.VecVirtual) { VPERMILPS(U8(order), from, to) })
	}
	return all
}
