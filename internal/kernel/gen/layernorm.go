package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["layernorm"] = layerNorm }

// layerNorm emits the loops of layernorm_rows.go.
func layerNorm() {
	const coefs = "c *struct{ mean, rest, scale, sum, product float32 }"
	standard := func(v *vector, x reg.VecVirtual) reg.VecVirtual {
		VSUBPS(v.scalar["mean"], x, x)
		VSUBPS(v.scalar["rest"], x, x)
		VMULPS(v.scalar["scale"], x, x)
		return x
	}
	emitLoops(
		loop{name: "addSum", doc: "dst[i] = a[i] + b[i]; the sum of dst[i]", params: "dst, a, b []float32",
			in: []string{"a", "b"}, out: []string{"dst"}, sums: []string{"sum"}, narrow: true, unroll: 2,
			body: func(v *vector, x, s regs) regs {
				VADDPS(x[1], x[0], x[0])
				VMOVAPS(x[0], x[1])
				v.accumulate(x[1], s[0])
				return x[:1]
			}},
		loop{name: "deviations", doc: "the sum of (x[i] - mean) squared", params: "x []float32, mean float64",
			in: []string{"x"}, sums: []string{"sum"}, scalars: []string{"mean"}, unroll: 4,
			body: func(v *vector, x, s regs) regs {
				VSUBPD(v.scalar["mean"], x[0], x[0])
				v.insideMask(x[0])
				VFMADD231PD(x[0], x[0], s[0])
				return nil
			}},
		loop{name: "rowAffine", doc: "y[i] = z[i] * weight[i] + bias[i]", params: "y, x, weight, bias []float32, " + coefs,
			in: []string{"x", "weight", "bias"}, out: []string{"y"}, scalars: []string{"mean", "rest", "scale"}, coefs: "c", unroll: 2,
			body: func(v *vector, x, _ regs) regs {
				VFMADD213PS(x[2], x[1], standard(v, x[0]))
				return x[:1]
			}},
		loop{name: "rowProducts", doc: "dweight[i] += dy[i] * z[i]; dbias[i] += dy[i]; the sums of g[i] = dy[i] * weight[i] and of g[i] * z[i]",
			params: "dweight, dbias, x, dy, weight []float32, " + coefs,
			in:     []string{"dweight", "dbias", "x", "dy", "weight"}, out: []string{"dweight", "dbias"}, sums: []string{"sum", "product"}, narrow: true,
			scalars: []string{"mean", "rest", "scale"}, coefs: "c", unroll: 1,
			body: func(v *vector, x, s regs) regs {
				z, g, dy := standard(v, x[2]), x[4], x[3]
				VFMADD231PS(z, dy, x[0])
				VADDPS(dy, x[1], x[1])
				VMULPS(dy, g, g)
				VMULPS(g, z, z)
				v.accumulate(g, s[0])
				v.accumulate(z, s[1])
				return x[:2]
			}},
		loop{name: "rowInputGrad", doc: "dx[i] = (dy[i] * weight[i] - sum - z[i] * product) * scale", params: "dx, x, dy, weight []float32, " + coefs,
			in: []string{"x", "dy", "weight"}, out: []string{"dx"}, scalars: []string{"mean", "rest", "scale", "sum", "product"}, coefs: "c", unroll: 2,
			body: func(v *vector, x, _ regs) regs {
				z, g := standard(v, x[0]), x[1]
				VMULPS(x[2], g, g)
				VSUBPS(v.scalar["sum"], g, g)
				VFNMADD231PS(v.scalar["product"], z, g)
				VMULPS(v.scalar["scale"], g, g)
				return regs{g}
			}},
	)
}
