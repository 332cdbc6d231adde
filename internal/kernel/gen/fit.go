package main

import "math"

// fit returns the coefficients, of u^0 first, of the polynomial of the given
// degree that meets f at the Chebyshev nodes of [low, high], which is close to
// the best one there is.
func fit(f func(u float64) float64, low, high float64, degree int) []float64 {
	n := degree + 1
	u, d := make([]float64, n), make([]float64, n)
	for i := range u {
		u[i] = (low+high)/2 + (high-low)/2*math.Cos((float64(i)+0.5)/float64(n)*math.Pi)
		d[i] = f(u[i])
	}
	// Newton's divided differences, then his form multiplied out.
	for k := 1; k < n; k++ {
		for i := n - 1; i >= k; i-- {
			d[i] = (d[i] - d[i-1]) / (u[i] - u[i-k])
		}
	}
	c := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		for k := n - 1; k > 0; k-- {
			c[k] = c[k-1] - u[i]*c[k]
		}
		c[0] = d[i] - u[i]*c[0]
	}
	return c
}

// tailStep is k in the u = 1 / (1 + k*t) that the tail of the normal
// distribution is a polynomial in: the coefficients are smallest about here.
const tailStep = 0.375

// normalTail returns the coefficients of the polynomial q in u for which
//
//	Phi(-t) = exp(-t*t/2) * u * q(u),  u = 1 / (1 + tailStep*t),  t >= 0
//
// up to the t from which Phi(-t) is 0 in float32; the relative error is 4e-8.
func normalTail() []float64 {
	const last = 14.5
	return fit(func(u float64) float64 {
		t := (1/u - 1) / tailStep
		return math.Erfc(t/math.Sqrt2) / 2 * math.Exp(t*t/2) / u
	}, 1/(1+tailStep*last), 1, 8)
}
