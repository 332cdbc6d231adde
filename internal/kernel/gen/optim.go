package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["optim"] = optimisers }

// The structs of coefficients, as optim.go declares them.
const (
	sgdParams     = "w, g, v []float32, c *struct{ lr, decay, momentum, gain, a, b float32 }"
	adamParams    = "w, g, m, v, vmax []float32, c *struct{ beta1, gain1, beta2, gain2, eps, decay, keep, lr, scale float32 }"
	rmsPropParams = "w, g, v, a, b []float32, c *struct{ lr, alpha, gain, eps, decay, momentum float32 }"
)

// optimisers emits the loops of optim.go.
func optimisers() {
	loops := []loop{
		{name: "sgd", doc: "w[i] -= lr * (g[i] + decay*w[i])",
			params: sgdParams, coefs: "c",
			in: []string{"w", "g"}, out: []string{"w"}, scalars: []string{"lr", "decay"}, unroll: 4,
			body: func(v *vector, x, _ regs) regs {
				v.decay(x[1], x[0])
				VFNMADD231PS(v.scalar["lr"], x[1], x[0])
				return x[:1]
			}},
		{name: "momentum", doc: "d = g[i] + decay*w[i]; v[i] = momentum*v[i] + gain*d; w[i] -= lr * (a*d + b*v[i])",
			params: sgdParams, coefs: "c",
			in: []string{"w", "g", "v"}, out: []string{"w", "v"},
			scalars: []string{"lr", "decay", "momentum", "gain", "a", "b"}, unroll: 2,
			body: func(v *vector, x, _ regs) regs {
				w, d, u, step := x[0], x[1], x[2], v.reg()
				v.decay(d, w)
				v.average(u, d, "momentum", "gain")
				VMULPS(v.scalar["a"], d, step)
				VFMADD231PS(v.scalar["b"], u, step)
				VFNMADD231PS(v.scalar["lr"], step, w)
				return regs{w, u}
			}},
	}
	for _, amsGrad := range []bool{false, true} {
		loops = append(loops, adam(amsGrad))
	}
	for _, centered := range []bool{false, true} {
		for _, momentum := range []bool{false, true} {
			loops = append(loops, rmsProp(centered, momentum))
		}
	}
	emitLoops(loops...)
}

// decay adds the decayed weight w to the gradient d.
func (v *vector) decay(d, w reg.VecVirtual) { VFMADD231PS(v.scalar["decay"], w, d) }

// average sets mean = keep*mean + gain*d.
func (v *vector) average(mean, d reg.VecVirtual, keep, gain string) {
	VMULPS(v.scalar[keep], mean, mean)
	VFMADD231PS(v.scalar[gain], d, mean)
}

func adam(amsGrad bool) loop {
	l := loop{name: "adam", doc: "the comment of Adam, without AMSGrad",
		params: adamParams, coefs: "c",
		in: []string{"w", "g", "m", "v"}, out: []string{"w", "m", "v"},
		scalars: []string{"beta1", "gain1", "beta2", "gain2", "eps", "decay", "keep", "lr", "scale"}, unroll: 1,
		body: func(v *vector, x, _ regs) regs {
			w, d, first, second := x[0], x[1], x[2], x[3]
			v.decay(d, w)
			VMULPS(v.scalar["keep"], w, w)
			v.average(first, d, "beta1", "gain1")
			VMULPS(d, d, d)
			v.average(second, d, "beta2", "gain2")
			out := regs{w, first, second}
			most := second
			if amsGrad {
				most = v.maximum(x[4], second)
				out = append(out, most)
			}
			root, step := v.reg(), v.reg()
			VSQRTPS(most, root)
			VFMADD213PS(v.scalar["eps"], v.scalar["scale"], root)
			VMULPS(v.scalar["lr"], first, step)
			VDIVPS(root, step, step)
			VSUBPS(step, w, w)
			return out
		}}
	if amsGrad {
		l.name, l.doc = "amsGrad", "the comment of Adam, with AMSGrad"
		l.in, l.out = append(l.in, "vmax"), append(l.out, "vmax")
	}
	return l
}

func rmsProp(centered, momentum bool) loop {
	l := loop{name: "rmsProp", doc: "the comment of RMSProp", params: rmsPropParams, coefs: "c",
		in: []string{"w", "g", "v"}, out: []string{"w", "v"},
		scalars: []string{"lr", "alpha", "gain", "eps", "decay"}, unroll: 1}
	if centered {
		l.name += "Centered"
		l.in, l.out = append(l.in, "a"), append(l.out, "a")
	}
	if momentum {
		l.name += "Momentum"
		l.in, l.out = append(l.in, "b"), append(l.out, "b")
		l.scalars = append(l.scalars, "momentum")
	}
	l.body = func(v *vector, x, _ regs) regs {
		w, d, square := x[0], x[1], x[2]
		root, t := v.reg(), v.reg()
		v.decay(d, w)
		VMULPS(d, d, t)
		v.average(square, t, "alpha", "gain")
		out := regs{w, square}
		variance := square
		if centered {
			mean := x[3]
			v.average(mean, d, "alpha", "gain")
			VMULPS(mean, mean, t)
			VSUBPS(t, square, t)
			variance = t
			out = append(out, mean)
		}
		VSQRTPS(variance, root)
		VADDPS(v.scalar["eps"], root, root)
		VDIVPS(root, d, d)
		if momentum {
			velocity := x[len(x)-1]
			VFMADD132PS(v.scalar["momentum"], d, velocity)
			d = velocity
			out = append(out, velocity)
		}
		VFNMADD231PS(v.scalar["lr"], d, w)
		return out
	}
	return l
}
