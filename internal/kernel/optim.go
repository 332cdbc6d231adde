package kernel

import "math"

//go:generate go run -C gen . -set optim -out ../optim_amd64.s -stubs ../optim_amd64.go -pkg kernel

// The updates of this file are those of torch.optim in PyTorch 1.13, each in
// one pass over the parameter w, its gradient g and its state, all of one
// length. State begins as zeros. The gradient is not changed.

// SGD is stochastic gradient descent with momentum as torch.optim.SGD has it:
//
//	d = g + WeightDecay*w
//	v = Momentum*v + (1-Dampening)*d     (v = d at the first step)
//	d = d + Momentum*v if Nesterov, else v
//	w = w - LR*d
type SGD struct {
	LR, Momentum, Dampening, WeightDecay float64
	Nesterov                             bool
}

// Step updates w and its velocity v. first says that it is the parameter's
// first step, where dampening does not count. v may be nil if Momentum is 0.
func (o SGD) Step(w, g, v []float32, first bool) {
	sameLength(len(g), len(w))
	c := sgdCoefs{lr: float32(o.LR), decay: float32(o.WeightDecay)}
	loop := optimisers.get().sgd
	if o.Momentum == 0 {
		v = nil
	} else {
		sameLength(len(v), len(w))
		c.momentum, c.gain = float32(o.Momentum), float32(1-o.Dampening)
		if first {
			c.gain = 1 // v is 0, so it becomes d
		}
		// The step is a*d + b*v.
		c.b = 1
		if o.Nesterov {
			c.a, c.b = 1, float32(o.Momentum)
		}
		loop = optimisers.get().momentum
	}
	sgdRegion.run(pieces(len(w)), sgdArgs{loop, w, g, v, c})
}

// Lerp moves dst towards src, of one length, by a part of the way:
//
//	dst = dst + weight*(src-dst)
//
// as torch.lerp does, which is a step of SGD with another reading of its letters.
func Lerp(dst, src []float32, weight float32) {
	sameLength(len(src), len(dst))
	sgdRegion.run(pieces(len(dst)), sgdArgs{optimisers.get().sgd, dst, src, nil, sgdCoefs{lr: -weight, decay: -1}})
}

// Adam is torch.optim.Adam (Kingma and Ba 2015), or with Decoupled
// torch.optim.AdamW (Loshchilov and Hutter 2019), t being the step from 1 on:
//
//	g = g + WeightDecay*w    (Adam),    w = w - LR*WeightDecay*w    (AdamW)
//	m = Beta1*m + (1-Beta1)*g
//	v = Beta2*v + (1-Beta2)*g*g
//	w = w - LR/(1-Beta1^t) * m / (sqrt(v)/sqrt(1-Beta2^t) + Eps)
//
// With AMSGrad (Reddi, Kale and Kumar 2018) the largest v so far takes the
// place of v in the last line.
type Adam struct {
	LR, Beta1, Beta2, Eps, WeightDecay float64
	Decoupled, AMSGrad                 bool
}

// Step makes the given step (1 for the first) of w with its moments m and v.
// vmax is the largest v so far; it may be nil without AMSGrad.
func (o Adam) Step(w, g, m, v, vmax []float32, step int) {
	sameLength(len(g), len(w))
	sameLength(len(m), len(w))
	sameLength(len(v), len(w))
	c := adamCoefs{
		beta1: float32(o.Beta1), gain1: float32(1 - o.Beta1),
		beta2: float32(o.Beta2), gain2: float32(1 - o.Beta2),
		eps: float32(o.Eps), decay: float32(o.WeightDecay), keep: 1,
		lr:    float32(o.LR / (1 - math.Pow(o.Beta1, float64(step)))),
		scale: float32(1 / math.Sqrt(1-math.Pow(o.Beta2, float64(step)))),
	}
	if o.Decoupled {
		c.decay, c.keep = 0, float32(1-o.LR*o.WeightDecay)
	}
	loop := optimisers.get().amsGrad
	if o.AMSGrad {
		sameLength(len(vmax), len(w))
	} else {
		loop, vmax = optimisers.get().adam, nil
	}
	adamRegion.run(pieces(len(w)), adamArgs{loop, w, g, m, v, vmax, c})
}

// RMSProp is torch.optim.RMSprop (Hinton 2012):
//
//	g = g + WeightDecay*w
//	v = Alpha*v + (1-Alpha)*g*g
//	a = Alpha*a + (1-Alpha)*g                 (Centered, else a = 0)
//	d = g / (sqrt(v - a*a) + Eps)
//	b = Momentum*b + d                        (with Momentum, else b = d)
//	w = w - LR*b
type RMSProp struct {
	LR, Alpha, Eps, WeightDecay, Momentum float64
	Centered                              bool
}

// Step updates w, the mean square v, the mean a and the velocity b. a may be
// nil unless Centered, b if Momentum is 0.
func (o RMSProp) Step(w, g, v, a, b []float32) {
	sameLength(len(g), len(w))
	sameLength(len(v), len(w))
	if o.Centered {
		sameLength(len(a), len(w))
	} else {
		a = nil
	}
	if o.Momentum != 0 {
		sameLength(len(b), len(w))
	} else {
		b = nil
	}
	k := optimisers.get()
	loop := k.rmsProp
	switch {
	case a != nil && b != nil:
		loop = k.rmsPropCenteredMomentum
	case a != nil:
		loop = k.rmsPropCentered
	case b != nil:
		loop = k.rmsPropMomentum
	}
	c := rmsPropCoefs{
		lr: float32(o.LR), alpha: float32(o.Alpha), gain: float32(1 - o.Alpha),
		eps: float32(o.Eps), decay: float32(o.WeightDecay), momentum: float32(o.Momentum),
	}
	rmsPropRegion.run(pieces(len(w)), rmsPropArgs{loop, w, g, v, a, b, c})
}

// The coefficients of the loops, aliases because the stubs of the assembly
// spell the structs out.
type (
	sgdCoefs     = struct{ lr, decay, momentum, gain, a, b float32 }
	adamCoefs    = struct{ beta1, gain1, beta2, gain2, eps, decay, keep, lr, scale float32 }
	rmsPropCoefs = struct{ lr, alpha, gain, eps, decay, momentum float32 }
)

// optimiserKernels are the single-threaded loops of this file. Slices that an
// update does not need are nil.
type optimiserKernels struct {
	sgd, momentum func(w, g, v []float32, c *sgdCoefs)
	adam, amsGrad func(w, g, m, v, vmax []float32, c *adamCoefs)

	rmsProp, rmsPropMomentum, rmsPropCentered, rmsPropCenteredMomentum func(w, g, v, a, b []float32, c *rmsPropCoefs)
}

var optimisers = byTier[optimiserKernels]{Generic: {
	sgd: sgdGo, momentum: momentumGo,
	adam: adamGo, amsGrad: adamGo,
	rmsProp: rmsPropGo, rmsPropMomentum: rmsPropGo, rmsPropCentered: rmsPropGo, rmsPropCenteredMomentum: rmsPropGo,
}}

// sgdGo: w[i] -= lr * (g[i] + decay*w[i])
func sgdGo(w, g, _ []float32, c *sgdCoefs) {
	for i, p := range w {
		w[i] = p - c.lr*(g[i]+c.decay*p)
	}
}

// momentumGo: d = g[i] + decay*w[i]; v[i] = momentum*v[i] + gain*d;
// w[i] -= lr * (a*d + b*v[i])
func momentumGo(w, g, v []float32, c *sgdCoefs) {
	for i, p := range w {
		d := g[i] + c.decay*p
		u := c.momentum*v[i] + c.gain*d
		v[i] = u
		w[i] = p - c.lr*(c.a*d+c.b*u)
	}
}

// adamGo: the comment of Adam
func adamGo(w, g, m, v, vmax []float32, c *adamCoefs) {
	for i, p := range w {
		d := g[i] + c.decay*p
		p *= c.keep
		first := c.beta1*m[i] + c.gain1*d
		second := c.beta2*v[i] + c.gain2*d*d
		m[i], v[i] = first, second
		if vmax != nil {
			second = max(second, vmax[i])
			vmax[i] = second
		}
		w[i] = p - c.lr*first/(sqrt32(second)*c.scale+c.eps)
	}
}

// rmsPropGo: the comment of RMSProp
func rmsPropGo(w, g, v, a, b []float32, c *rmsPropCoefs) {
	for i, p := range w {
		d := g[i] + c.decay*p
		square := c.alpha*v[i] + c.gain*d*d
		v[i] = square
		if a != nil {
			mean := c.alpha*a[i] + c.gain*d
			a[i] = mean
			square -= mean * mean
		}
		d /= sqrt32(square) + c.eps
		if b != nil {
			d += c.momentum * b[i]
			b[i] = d
		}
		w[i] = p - c.lr*d
	}
}

func sqrt32(v float32) float32 { return float32(math.Sqrt(float64(v))) }

type sgdArgs struct {
	loop    func(w, g, v []float32, c *sgdCoefs)
	w, g, v []float32
	c       sgdCoefs
}

var sgdRegion = newRegion(func(a *sgdArgs, piece int) {
	i, j := bounds(piece, len(a.w))
	a.loop(a.w[i:j], a.g[i:j], part(a.v, i, j), &a.c)
})

type adamArgs struct {
	loop             func(w, g, m, v, vmax []float32, c *adamCoefs)
	w, g, m, v, vmax []float32
	c                adamCoefs
}

var adamRegion = newRegion(func(a *adamArgs, piece int) {
	i, j := bounds(piece, len(a.w))
	a.loop(a.w[i:j], a.g[i:j], a.m[i:j], a.v[i:j], part(a.vmax, i, j), &a.c)
})

type rmsPropArgs struct {
	loop          func(w, g, v, a, b []float32, c *rmsPropCoefs)
	w, g, v, a, b []float32
	c             rmsPropCoefs
}

var rmsPropRegion = newRegion(func(a *rmsPropArgs, piece int) {
	i, j := bounds(piece, len(a.w))
	a.loop(a.w[i:j], a.g[i:j], a.v[i:j], part(a.a, i, j), part(a.b, i, j), &a.c)
})

// part returns s[i:j] of a slice that may be absent.
func part(s []float32, i, j int) []float32 {
	if s == nil {
		return nil
	}
	return s[i:j]
}
