package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["lstm"] = lstm }

// lstm emits the loops of lstm_cell.go.
func lstm() {
	// slope multiplies d by s * (1 - s).
	slope := func(d, s reg.VecVirtual) {
		VMULPS(s, d, d)
		VFNMADD231PS(s, d, d)
	}
	emitLoops(
		loop{name: "lstmCell", doc: "c[k] = f[k]*before[k] + i[k]*g[k]", params: "c, i, f, g, before []float32",
			in: []string{"i", "f", "g", "before"}, out: []string{"c"}, unroll: 2,
			body: func(v *vector, x, _ regs) regs {
				VMULPS(x[1], x[3], x[3])
				VFMADD231PS(x[2], x[0], x[3])
				return x[3:]
			}},
		loop{name: "lstmOutGrad", doc: "o[k] = dh[k]*t[k] * o[k]*(1 - o[k]); dc[k] += dh[k]*o[k] * (1 - t[k]*t[k]) for the old o[k]",
			params: "o, dc, dh, t []float32",
			in:     []string{"o", "dc", "dh", "t"}, out: []string{"o", "dc"}, unroll: 1,
			body: func(v *vector, x, _ regs) regs {
				o, dc, dh, t := x[0], x[1], x[2], x[3]
				do := v.reg()
				VMULPS(t, dh, do)
				slope(do, o)
				VMULPS(o, dh, dh)
				VADDPS(dh, dc, dc)
				VMULPS(t, dh, dh)
				VFNMADD231PS(t, dh, dc)
				return regs{do, dc}
			}},
		loop{name: "lstmGateGrad", doc: "i, f, g become the gradients of what went into them, dc that of the cell before",
			params: "i, f, g, dc, before []float32",
			in:     []string{"i", "f", "g", "dc", "before"}, out: []string{"i", "f", "g", "dc"}, unroll: 1,
			body: func(v *vector, x, _ regs) regs {
				i, f, g, dc, df := x[0], x[1], x[2], x[3], x[4]
				VMULPS(dc, df, df)
				slope(df, f)
				di, dg := v.reg(), v.reg()
				VMULPS(g, dc, di)
				slope(di, i)
				VMULPS(i, dc, dg)
				VMULPS(g, g, g)
				VFNMADD231PS(dg, g, dg)
				VMULPS(f, dc, dc)
				return regs{di, df, dg, dc}
			}},
	)
}
