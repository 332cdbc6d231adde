package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Beyond these, exp is 0 or infinite in float32.
const (
	expLow  = -104
	expHigh = 89
)

// reduceExp returns n and q for which exp(x) = 2^n * (1 + q), n whole and q
// between -0.3 and 0.42: q is exp(r) - 1 by its series, r = x - n*log(2). It
// overwrites x.
func (v *vector) reduceExp(x reg.VecVirtual) (n, q reg.VecVirtual) {
	const high = float32(math.Ln2)
	n, q = v.reg(), v.reg()
	VMULPS(full(math.Log2E), x, n)
	v.round(n)
	VFNMADD231PS(full(high), n, x)
	VFNMADD231PS(full(float32(math.Ln2-float64(high))), n, x)
	VMOVUPS(full(1./5040), q)
	for _, c := range []float32{1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2} {
		VFMADD213PS(full(c), x, q)
	}
	square := v.reg()
	VMULPS(x, x, square)
	VFMADD213PS(x, square, q)
	return n, q
}

// exp returns exp(x), which it overwrites, for any x. The error is about one
// unit in the last place.
func (v *vector) exp(x reg.VecVirtual) reg.VecVirtual {
	v.atMost(x, expHigh)
	return v.expBounded(x)
}

// expBounded is exp for x that is not above expHigh.
func (v *vector) expBounded(x reg.VecVirtual) reg.VecVirtual {
	v.atLeast(x, expLow)
	n, q := v.reduceExp(x)
	VADDPS(full(1), q, q)
	if v.tier == "AVX512" {
		VSCALEFPS(n, q, q)
		return q
	}
	// In two steps, as 2^n itself may be out of range where the result is not.
	half := v.reg()
	VCVTPS2DQ(n, n)
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	for _, power := range []reg.VecVirtual{half, n} {
		v.powerOfTwo(power)
		VMULPS(power, q, q)
	}
	return q
}

// powerOfTwo turns the integers n, -126 to 127, into 2^n.
func (v *vector) powerOfTwo(n reg.VecVirtual) {
	VPADDD(sequence("bias", 127, 0), n, n)
	VPSLLD(Imm(23), n, n)
}

// round rounds to whole numbers.
func (v *vector) round(x reg.VecVirtual) {
	const nearest, quiet = 0, 8
	if v.tier == "AVX512" {
		VRNDSCALEPS(Imm(nearest|quiet), x, x)
		return
	}
	VROUNDPS(Imm(nearest|quiet), x, x)
}

// atLeast and atMost bound x; NaN stays NaN, as VMAXPS and VMINPS give their
// last source then, which in Go's order of operands is the first.
func (v *vector) atLeast(x reg.VecVirtual, low float32) {
	bound := v.reg()
	VMOVUPS(full(low), bound)
	VMAXPS(x, bound, x)
}

func (v *vector) atMost(x reg.VecVirtual, high float32) {
	bound := v.reg()
	VMOVUPS(full(high), bound)
	VMINPS(x, bound, x)
}

// magnitude returns |x|.
func (v *vector) magnitude(x reg.VecVirtual) reg.VecVirtual {
	r := v.reg()
	VANDPS(bits("magnitude", 0x7fffffff), x, r)
	return r
}

// A logistic is what the sigmoid of u is made of: with e = exp(-|u|) and
// inverse = 1 / (1 + e), the sigmoid is inverse where u >= 0 and e * inverse
// elsewhere, which is accurate at both ends.
type logistic struct{ e, inverse reg.VecVirtual }

func (v *vector) logistic(u reg.VecVirtual) logistic {
	e, inverse := v.reg(), v.reg()
	VORPS(bits("sign", -0x80000000), u, e)
	e = v.expBounded(e)
	VADDPS(full(1), e, inverse)
	v.invert(inverse)
	return logistic{e, inverse}
}

// invert replaces x by 1 / x.
func (v *vector) invert(x reg.VecVirtual) {
	one := v.reg()
	VMOVUPS(full(1), one)
	VDIVPS(x, one, x)
}

// sigmoid returns the sigmoid of u.
func (v *vector) sigmoid(u reg.VecVirtual, l logistic) reg.VecVirtual {
	zero, one := v.reg(), v.reg()
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	VMOVUPS(full(1), one)
	s := v.choose(less, u, zero, l.e, one)
	VMULPS(l.inverse, s, s)
	return s
}

// tanh returns tanh(x) = m / (m + 2) with m = exp(2x) - 1, for |x| and with the
// sign put back. It overwrites x.
func (v *vector) tanh(x reg.VecVirtual) reg.VecVirtual {
	z, sign := v.magnitude(x), v.reg()
	VANDPS(bits("sign", -0x80000000), x, sign)
	VADDPS(z, z, z)
	v.atMost(z, 40)
	n, m := v.reduceExp(z)
	power, rest := v.reg(), v.reg()
	VCVTPS2DQ(n, power)
	v.powerOfTwo(power)
	VSUBPS(full(1), power, rest)
	VFMADD213PS(rest, power, m) // 2^n * q + (2^n - 1): no cancellation at n = 0
	VADDPS(full(2), m, rest)
	VDIVPS(rest, m, m)
	VORPS(sign, m, m)
	return m
}

// normal returns Phi(x) and exp(-x*x/2).
func (v *vector) normal(x reg.VecVirtual) (cdf, e reg.VecVirtual) {
	t := v.magnitude(x)
	v.atMost(t, 15)
	// The square to twice the digits, as its error is one of the result: exp of
	// the upper ones times 1 minus half the lower ones.
	square, low := v.reg(), v.reg()
	VMULPS(t, t, square)
	VMOVAPS(square, low)
	VFMSUB231PS(t, t, low)
	VMULPS(full(-0.5), square, square)
	e = v.expBounded(square)
	VMULPS(full(-0.5), low, low)
	VFMADD231PS(low, e, e)

	u, tail := v.reg(), v.reg()
	VMOVUPS(full(1), u)
	VFMADD231PS(full(tailStep), t, u)
	v.invert(u)
	q := normalTail()
	VMOVUPS(full(float32(q[len(q)-1])), tail)
	for k := len(q) - 2; k >= 0; k-- {
		VFMADD213PS(full(float32(q[k])), u, tail)
	}
	VMULPS(u, tail, tail)
	VMULPS(e, tail, tail)

	zero, upper := v.reg(), v.reg()
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	VMOVUPS(full(1), upper)
	VSUBPS(tail, upper, upper)
	return v.choose(less, x, zero, tail, upper), e
}

// full returns data that holds a number in every lane.
func full(c float32) Mem {
	return bits(fmt.Sprintf("f%08x", math.Float32bits(c)), int(int32(math.Float32bits(c))))
}

// bits returns data that holds the bits of an int32 in every lane.
func bits(name string, b int) Mem { return sequence(name+"x16", b, 0) }
