package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["batchnorm"] = batchNorm }

// batchNorm emits the loops of batchnorm.go.
func batchNorm() {
	loops := []laneLoop{
		{name: "moments", doc: "sums of d and of d*d, where d = x[i] - centre",
			in: []string{"x"}, sums: true,
			body: func(l *laneVector, x regs) regs { l.addSquares(x[0]); return nil }},
		{name: "products", doc: "sums of dy[i] and of (x[i] - centre) * dy[i]",
			in: []string{"x", "dy"}, sums: true,
			body: func(l *laneVector, x regs) regs { l.addProducts(x[0], x[1]); return nil }},
		{name: "productsReLU", doc: "as products, with 0 for dy[i] where (x[i] - mean) * scale + shift <= 0",
			in: []string{"x", "dy"}, sums: true,
			body: func(l *laneVector, x regs) regs {
				l.addProducts(x[0], l.alive(l.affine(x[0]), x[1]))
				return nil
			}},
		{name: "productsOf", doc: "dz[i] = dy[i], or 0 where y[i] <= 0; and as products for dz",
			in: []string{"y", "dy", "x"}, out: []string{"dz"}, sums: true,
			body: func(l *laneVector, x regs) regs {
				dz, g := l.alive(x[0], x[1]), l.reg()
				VMOVAPS(dz, g)
				l.addProducts(x[2], g)
				return regs{dz}
			}},
		{name: "inputGrad", doc: "dx[i] = gain * dy[i] + (slope * (x[i] - mean) + offset)",
			in: []string{"x", "dy"}, out: []string{"dx"},
			body: func(l *laneVector, x regs) regs { return regs{l.inputGrad(x[0], x[1])} }},
		{name: "inputGradReLU", doc: "as inputGrad, with 0 for dy[i] where (x[i] - mean) * scale + shift <= 0",
			in: []string{"x", "dy"}, out: []string{"dx"},
			body: func(l *laneVector, x regs) regs {
				return regs{l.inputGrad(x[0], l.alive(l.affine(x[0]), x[1]))}
			}},
		{name: "gain", doc: "dx[i] = gain * dy[i]",
			in: []string{"dy"}, out: []string{"dx"},
			body: func(l *laneVector, x regs) regs { VMULPS(l.field("gain"), x[0], x[0]); return x }},
		{name: "gainReLU", doc: "dx[i] = gain * dy[i], or 0 where (x[i] - mean) * scale + shift <= 0",
			in: []string{"x", "dy"}, out: []string{"dx"},
			body: func(l *laneVector, x regs) regs {
				VMULPS(l.field("gain"), x[1], x[1])
				return regs{l.alive(l.affine(x[0]), x[1])}
			}},
	}
	for _, residual := range []bool{false, true} {
		for _, relu := range []bool{false, true} {
			loops = append(loops, applyLoop(residual, relu))
		}
	}
	for i := range loops {
		loops[i].fields = []string{"mean", "scale", "shift", "gain", "slope", "offset"}
	}
	emitLaneLoops(loops...)
}

// applyLoop is the normalisation with what may follow it.
func applyLoop(residual, relu bool) laneLoop {
	l := laneLoop{name: "apply", doc: "(x[i] - mean) * scale + shift", in: []string{"x"}, out: []string{"y"}}
	if residual {
		l.name, l.doc, l.in = l.name+"Add", l.doc+" + residual[i]", append(l.in, "residual")
	}
	if relu {
		l.name, l.doc = l.name+"ReLU", "max("+l.doc+", 0)"
	}
	l.doc = "y[i] = " + l.doc
	l.body = func(v *laneVector, x regs) regs {
		y := v.affine(x[0])
		if residual {
			VADDPS(x[1], y, y)
		}
		if relu {
			y = v.relu(y)
		}
		return regs{y}
	}
	return l
}

// inputGrad returns gain * dy + (slope * (x - mean) + offset).
func (l *laneVector) inputGrad(x, dy reg.VecVirtual) reg.VecVirtual {
	dx, slope := l.reg(), l.reg()
	VSUBPS(l.field("mean"), x, dx)
	VMOVUPS(l.field("slope"), slope)
	VFMADD213PS(l.field("offset"), slope, dx)
	VFMADD231PS(l.field("gain"), dy, dx)
	return dx
}
