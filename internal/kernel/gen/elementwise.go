package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["elementwise"] = elementwise }

type regs = []reg.VecVirtual

// elementwise emits the loops of elementwise.go.
func elementwise() {
	emitLoops(
		loop{name: "add", doc: "dst[i] = a[i] + b[i]", params: "dst, a, b []float32",
			in: []string{"a", "b"}, out: []string{"dst"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs { VADDPS(x[1], x[0], x[0]); return x[:1] }},
		loop{name: "mul", doc: "dst[i] = a[i] * b[i]", params: "dst, a, b []float32",
			in: []string{"a", "b"}, out: []string{"dst"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs { VMULPS(x[1], x[0], x[0]); return x[:1] }},
		loop{name: "scale", doc: "dst[i] = s * a[i]", params: "dst, a []float32, s float32",
			in: []string{"a"}, out: []string{"dst"}, scalars: []string{"s"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs { VMULPS(v.scalar["s"], x[0], x[0]); return x }},
		loop{name: "shift", doc: "dst[i] = a[i] + s", params: "dst, a []float32, s float32",
			in: []string{"a"}, out: []string{"dst"}, scalars: []string{"s"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs { VADDPS(v.scalar["s"], x[0], x[0]); return x }},
		loop{name: "axpy", doc: "dst[i] += s * a[i]", params: "dst, a []float32, s float32",
			in: []string{"dst", "a"}, out: []string{"dst"}, scalars: []string{"s"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs { VFMADD231PS(v.scalar["s"], x[1], x[0]); return x[:1] }},
		loop{name: "sum", doc: "the sum of a[i]", params: "a, b []float32",
			in: []string{"a"}, sums: []string{"sum"}, unroll: 4,
			body: func(v *vector, x, s regs) regs { VADDPD(x[0], s[0], s[0]); return nil }},
		loop{name: "dot", doc: "the sum of a[i] * b[i]", params: "a, b []float32",
			in: []string{"a", "b"}, sums: []string{"sum"}, unroll: 4,
			body: func(v *vector, x, s regs) regs { VFMADD231PD(x[0], x[1], s[0]); return nil }},
	)
}
