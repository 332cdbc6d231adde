package main

import (
	"math"

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
		loop{name: "sigmoid", doc: "y[i] = 1 / (1 + exp(-x[i]))", params: "y, x []float32",
			in: []string{"x"}, out: []string{"y"}, unroll: 2,
			body: func(v *vector, x, _ regs) regs { return regs{v.sigmoid(x[0], v.logistic(x[0]))} }},
		loop{name: "tanh", doc: "y[i] = tanh(x[i])", params: "y, x []float32",
			in: []string{"x"}, out: []string{"y"}, unroll: 2,
			body: func(v *vector, x, _ regs) regs { return regs{v.tanh(x[0])} }},
		loop{name: "gelu", doc: "y[i] = x[i] * Phi(x[i])", params: "y, x []float32",
			in: []string{"x"}, out: []string{"y"}, unroll: 1,
			body: func(v *vector, x, _ regs) regs {
				cdf, _ := v.normal(x[0])
				VMULPS(x[0], cdf, cdf)
				return regs{cdf}
			}},
		loop{name: "geluGrad", doc: "dx[i] = dy[i] * (Phi(x[i]) + x[i] * phi(x[i]))", params: "dx, x, dy []float32",
			in: []string{"x", "dy"}, out: []string{"dx"}, unroll: 1,
			body: func(v *vector, x, _ regs) regs {
				cdf, e := v.normal(x[0])
				VMULPS(full(1/(math.Sqrt2*math.SqrtPi)), e, e)
				VFMADD231PS(x[0], e, cdf)
				VMULPS(x[1], cdf, cdf)
				return regs{cdf}
			}},
		loop{name: "geluTanh", doc: "y[i] = x[i] * sigmoid(2*u), u as in GELUTanh", params: "y, x []float32",
			in: []string{"x"}, out: []string{"y"}, unroll: 1,
			body: func(v *vector, x, _ regs) regs {
				u, _ := v.geluArgument(x[0])
				s := v.sigmoid(u, v.logistic(u))
				VMULPS(x[0], s, s)
				return regs{s}
			}},
		loop{name: "geluTanhGrad", doc: "dx[i] = dy[i] * (s + x[i]*s*(1-s)*2u'), s = sigmoid(2*u), u as in GELUTanh", params: "dx, x, dy []float32",
			in: []string{"x", "dy"}, out: []string{"dx"}, unroll: 1,
			body: func(v *vector, x, _ regs) regs {
				u, square := v.geluArgument(x[0])
				l := v.logistic(u)
				s := v.sigmoid(u, l)
				// s*(1-s) = e/(1+e)^2, times x, times 2u' = a*(1 + 3*b*x*x).
				VMULPS(l.inverse, l.e, l.e)
				VMULPS(l.inverse, l.e, l.e)
				VMULPS(x[0], l.e, l.e)
				v.atMost(square, 1e30) // where e is 0, no Inf beside it
				slope := v.reg()
				VMOVUPS(full(geluScale), slope)
				VFMADD231PS(full(3*geluScale*geluCube), square, slope)
				VFMADD231PS(slope, l.e, s)
				VMULPS(x[1], s, s)
				return regs{s}
			}},
	)
}

// geluScale and geluCube are of 2u = geluScale * (x + geluCube*x^3) in GELUTanh.
const (
	geluScale = 4 / (math.Sqrt2 * math.SqrtPi)
	geluCube  = 0.044715
)

// geluArgument returns 2u and x*x.
func (v *vector) geluArgument(x reg.VecVirtual) (u, square reg.VecVirtual) {
	u, square = v.reg(), v.reg()
	VMULPS(x, x, square)
	VMOVUPS(full(geluScale), u)
	VFMADD231PS(full(geluScale*geluCube), square, u)
	VMULPS(x, u, u)
	return u, square
}
