package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What the kernels of images share, all for AVX2.

// all16, all32, all32f and all64f are vectors of one number.
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

func all32f(v float32) Mem { return all32(int32(math.Float32bits(v))) }

func all64f(v float64) Mem {
	bits := math.Float64bits(v)
	m := GLOBL(fmt.Sprintf("all64x%016x", bits), RODATA|NOPTR)
	for i := range 4 {
		DATA(8*i, U64(bits))
	}
	return m
}

// inAll returns a parameter of 32 bits in every lane of a new vector.
func inAll(param string) reg.VecVirtual {
	at, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	v := YMM()
	VBROADCASTSS(at.Addr, v)
	return v
}

// storeBytes writes eight lanes of 32 bits, which are from 0 to 255, as bytes.
func storeBytes(v reg.VecVirtual, at Mem) {
	upper := XMM()
	VEXTRACTI128(Imm(1), v, upper)
	VPACKUSDW(upper, v.AsX(), upper)
	VPACKUSWB(upper, upper, upper)
	VMOVQ(upper, at)
}
