package peak

import (
	"math/rand/v2"

	"golang.org/x/sys/cpu"
)

// values are the numbers the loops work on: factors around minus one, between
// which x stays bounded and keeps changing, and terms and beginnings.
var values = func() (v [14 * 16]float32) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range v {
		if v[i] = float32(r.NormFloat64()); i < 2*16 {
			v[i] = -0.999 - 0.0009*r.Float32()
		}
	}
	return v
}()

func nativeLoops() []Loop {
	var loops []Loop
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		loops = append(loops, Loop{"avx2", 12 * 8 * 2, func(rounds int) { fmaAVX2(rounds, &values[0]) }})
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL {
		loops = append(loops, Loop{"avx512", 12 * 16 * 2, func(rounds int) { fmaAVX512(rounds, &values[0]) }})
	}
	return loops
}
