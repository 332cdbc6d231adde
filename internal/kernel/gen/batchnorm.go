package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func init() { sets["batchnorm"] = batchNorm }

// batchNorm emits the loops of batchnorm.go.
func batchNorm() {
	apply := loop{name: "apply", doc: "y[i] = (x[i] - mean) * scale + shift",
		params: "y, x []float32, mean, scale, shift float32",
		in:     []string{"x"}, out: []string{"y"}, scalars: []string{"mean", "scale", "shift"}, unroll: 4,
		body: func(v *vector, x, _ regs) regs {
			VSUBPS(v.scalar["mean"], x[0], x[0])
			VFMADD213PS(v.scalar["shift"], v.scalar["scale"], x[0])
			return x
		}}
	applyReLU := apply
	applyReLU.name, applyReLU.consts = "applyReLU", []float32{0}
	applyReLU.doc = "y[i] = max((x[i] - mean) * scale + shift, 0)"
	applyReLU.body = func(v *vector, x, s regs) regs { return regs{v.relu(apply.body(v, x, s)[0])} }

	emitLoops(
		apply,
		applyReLU,
		loop{name: "moments", doc: "the sums of d and of d*d, where d = x[i] - pivot",
			params: "x []float32, pivot float64", in: []string{"x"},
			sums: []string{"sum", "squares"}, scalars: []string{"pivot"}, unroll: 4,
			body: func(v *vector, x, s regs) regs {
				VSUBPD(v.scalar["pivot"], x[0], x[0])
				v.insideMask(x[0])
				VADDPD(x[0], s[0], s[0])
				VFMADD231PD(x[0], x[0], s[1])
				return nil
			}},
		loop{name: "products", doc: "the sums of dy[i] and of (x[i] - mean) * dy[i]",
			params: "x, dy []float32, mean float64", in: []string{"x", "dy"},
			sums: []string{"sum", "dot"}, scalars: []string{"mean"}, unroll: 2,
			body: func(v *vector, x, s regs) regs {
				VADDPD(x[1], s[0], s[0])
				VSUBPD(v.scalar["mean"], x[0], x[0])
				v.insideMask(x[0])
				VFMADD231PD(x[0], x[1], s[1])
				return nil
			}},
		loop{name: "inputGrad", doc: "dx[i] = a * dy[i] + (b * (x[i] - mean) + c)",
			params: "dx, x, dy []float32, mean, a, b, c float32",
			in:     []string{"x", "dy"}, out: []string{"dx"}, scalars: []string{"mean", "a", "b", "c"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				VSUBPS(v.scalar["mean"], x[0], x[0])
				VFMADD213PS(v.scalar["c"], v.scalar["b"], x[0])
				VFMADD231PS(v.scalar["a"], x[1], x[0])
				return x[:1]
			}},
	)
}
