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

func peakLoop(name string, vector func() reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(name + " runs n rounds of 12 independent vector multiply-adds. n must be positive.")
	n := Load(Param("n"), GP64())
	var acc [peakChains]reg.VecVirtual
	for i := range acc {
		acc[i] = vector()
		VXORPS(acc[i].AsY(), acc[i].AsY(), acc[i].AsY())
	}
	x := vector()
	VXORPS(x.AsY(), x.AsY(), x.AsY())
	Label("loop")
	for i := range acc {
		VFMADD231PS(x, x, acc[i])
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
