package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["peak"] = peak }

// peakChains is the number of chains of dependent multiply-adds: more than
// latency (4) times units (2), few enough for the registers of AVX2.
const peakChains = 12

// peak emits loops of independent multiply-adds that touch no memory.
func peak() {
	peakLoop("fmaAVX2", func() reg.VecVirtual { return YMM() })
	peakLoop("fmaAVX512", func() reg.VecVirtual { return ZMM() })
}

// peakLoop emits one loop. The numbers matter: a multiplier that is fed zeros,
// or the same numbers all the time, needs less power, and the clock rises.
func peakLoop(name string, vector func() reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(n int, values *float32)")
	Pragma("noescape")
	Doc(name+" runs n rounds of 12 independent vector multiply-adds x = x*a + b. n must be",
		"positive; values holds 14 vectors of 16: two each of a and b, and ten that x begins with.")
	n, values := Load(Param("n"), GP64()), Load(Param("values"), GP64())
	load := func(i int) reg.VecVirtual {
		v := vector()
		VMOVUPS(Mem{Base: values, Disp: 64 * i}, v)
		return v
	}
	factors, terms := [2]reg.VecVirtual{load(0), load(1)}, [2]reg.VecVirtual{load(2), load(3)}
	var acc [peakChains]reg.VecVirtual
	for i := range acc {
		acc[i] = load(4 + i%10)
	}
	Label("loop")
	for i := range acc {
		VFMADD213PS(terms[i%2], factors[i/2%2], acc[i])
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
