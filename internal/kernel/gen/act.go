package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["act"] = activations }

// relu returns max(x, 0). VMAXPS gives its last source if one is NaN, which in
// Go's order of operands is the first.
func (v *vector) relu(x reg.VecVirtual) reg.VecVirtual {
	VMAXPS(x, v.consts[0], x)
	return x
}

// activations emits the loops of act.go.
func activations() {
	zero := []float32{0}
	emitLoops(
		loop{name: "relu", doc: "y[i] = x[i] < 0 ? 0 : x[i]", params: "y, x []float32",
			in: []string{"x"}, out: []string{"y"}, consts: zero, unroll: 4,
			body: func(v *vector, x, _ regs) regs { return regs{v.relu(x[0])} }},
		loop{name: "reluGrad", doc: "dx[i] = x[i] <= 0 ? 0 : dy[i]", params: "dx, x, dy []float32",
			in: []string{"x", "dy"}, out: []string{"dx"}, consts: zero, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				return regs{v.keep(notLessOrEqual, x[0], v.consts[0], x[1])}
			}},
		loop{name: "addReLU", doc: "y[i] = a[i] + b[i] < 0 ? 0 : a[i] + b[i]", params: "y, a, b []float32",
			in: []string{"a", "b"}, out: []string{"y"}, consts: zero, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				VADDPS(x[1], x[0], x[0])
				return regs{v.relu(x[0])}
			}},
		loop{name: "leaky", doc: "y[i] = x[i] > 0 ? x[i] : slope * x[i]", params: "y, x []float32, slope float32",
			in: []string{"x"}, out: []string{"y"}, scalars: []string{"slope"}, consts: zero, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				low := v.reg()
				VMULPS(v.scalar["slope"], x[0], low)
				return regs{v.choose(greater, x[0], v.consts[0], x[0], low)}
			}},
		loop{name: "leakyGrad", doc: "dx[i] = x[i] > 0 ? dy[i] : slope * dy[i]", params: "dx, x, dy []float32, slope float32",
			in: []string{"x", "dy"}, out: []string{"dx"}, scalars: []string{"slope"}, consts: zero, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				low := v.reg()
				VMULPS(v.scalar["slope"], x[1], low)
				return regs{v.choose(greater, x[0], v.consts[0], x[1], low)}
			}},
		loop{name: "sigmoidGrad", doc: "dx[i] = dy[i] * (1 - y[i]) * y[i]", params: "dx, y, dy []float32",
			in: []string{"y", "dy"}, out: []string{"dx"}, consts: []float32{1}, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				rest := v.reg()
				VSUBPS(x[0], v.consts[0], rest)
				VMULPS(x[1], rest, rest)
				VMULPS(x[0], rest, rest)
				return regs{rest}
			}},
		loop{name: "tanhGrad", doc: "dx[i] = dy[i] * (1 - y[i]*y[i])", params: "dx, y, dy []float32",
			in: []string{"y", "dy"}, out: []string{"dx"}, consts: []float32{1}, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				VFNMADD213PS(v.consts[0], x[0], x[0])
				VMULPS(x[1], x[0], x[0])
				return x[:1]
			}},
	)
}
