package kernel

import (
	"math"
	"testing"
)

// pick returns a if yes, else b.
func pick(yes bool, a, b float64) float64 {
	if yes {
		return a
	}
	return b
}

// denormal is a scale for what has lost digits below the normal range.
const denormal = 1e-36

// The references below work out in float64 what the doc comments say; special
// values come out as in torch.
var activationCases = []mapCase{
	{name: "ReLU", inputs: 1,
		run:  func(dst []float32, in [][]float32) { ReLU(dst, in[0]) },
		want: plain(func(v []float64) float64 { return max(v[0], 0) })},
	{name: "ReLUGrad", inputs: 2,
		run:  func(dst []float32, in [][]float32) { ReLUGrad(dst, in[0], in[1]) },
		want: plain(func(v []float64) float64 { return pick(v[0] <= 0, 0, v[1]) })},
	{name: "AddReLU", inputs: 2,
		run:  func(dst []float32, in [][]float32) { AddReLU(dst, in[0], in[1]) },
		want: plain(func(v []float64) float64 { return max(v[0]+v[1], 0) })},
	{name: "LeakyReLU", inputs: 1,
		run:  func(dst []float32, in [][]float32) { LeakyReLU(dst, in[0], 0.01) },
		want: plain(func(v []float64) float64 { return pick(v[0] > 0, v[0], v[0]*float64(float32(0.01))) })},
	{name: "LeakyReLUGrad", inputs: 2,
		run:  func(dst []float32, in [][]float32) { LeakyReLUGrad(dst, in[0], in[1], 0.01) },
		want: plain(func(v []float64) float64 { return v[1] * pick(v[0] > 0, 1, float64(float32(0.01))) })},
	{name: "Sigmoid", inputs: 1, tol: 4,
		run:  func(dst []float32, in [][]float32) { Sigmoid(dst, in[0]) },
		want: plain(func(v []float64) float64 { return 1 / (1 + math.Exp(-v[0])) })},
	{name: "SigmoidGrad", inputs: 2, tol: 4,
		run: func(dst []float32, in [][]float32) { SigmoidGrad(dst, in[0], in[1]) },
		want: func(v []float64) (float64, float64) {
			return overflows(v[1]*(1-v[0])) * v[0], v[1] * v[0] * (1 + math.Abs(v[0]))
		}},
	{name: "Tanh", inputs: 1, tol: 4,
		run:  func(dst []float32, in [][]float32) { Tanh(dst, in[0]) },
		want: plain(func(v []float64) float64 { return math.Tanh(v[0]) })},
	{name: "TanhGrad", inputs: 2, tol: 4,
		run: func(dst []float32, in [][]float32) { TanhGrad(dst, in[0], in[1]) },
		want: func(v []float64) (float64, float64) {
			return v[1] * overflows(1-v[0]*v[0]), v[1] * (1 + v[0]*v[0])
		}},
	{name: "GELU", inputs: 1, tol: 8,
		run:  func(dst []float32, in [][]float32) { GELU(dst, in[0]) },
		want: plain(func(v []float64) float64 { return v[0] * math.Erfc(-v[0]/math.Sqrt2) / 2 })},
	{name: "GELUGrad", inputs: 2, tol: 8,
		run: func(dst []float32, in [][]float32) { GELUGrad(dst, in[0], in[1]) },
		want: func(v []float64) (float64, float64) {
			cdf := math.Erfc(-v[0]/math.Sqrt2) / 2
			pdf := math.Exp(-v[0]*v[0]/2) / math.Sqrt(2*math.Pi)
			return v[1] * float64(float32(cdf+v[0]*pdf)), math.Abs(v[1]) * (cdf + math.Abs(v[0])*pdf + denormal)
		}},
	{name: "GELUTanh", inputs: 1, tol: 8,
		run: func(dst []float32, in [][]float32) { GELUTanh(dst, in[0]) },
		want: func(v []float64) (float64, float64) {
			u := math.Sqrt(2/math.Pi) * (v[0] + 0.044715*v[0]*v[0]*v[0])
			y := v[0] / (1 + math.Exp(-2*u))          // (1 + tanh(u))/2 without cancellation
			return y, y * (1 + min(math.Abs(u), 100)) // rounding u costs u units
		}},
	{name: "GELUTanhGrad", inputs: 2, tol: 8,
		run: func(dst []float32, in [][]float32) { GELUTanhGrad(dst, in[0], in[1]) },
		want: func(v []float64) (float64, float64) {
			z := v[0]
			u := math.Sqrt(2/math.Pi) * (z + 0.044715*z*z*z)
			du := math.Sqrt(2/math.Pi) * (1 + 3*0.044715*z*z)
			s, r := 1/(1+math.Exp(-2*u)), 1/(1+math.Exp(2*u))
			// Rounding u costs u units.
			return v[1] * float64(float32(s+2*z*s*r*du)), math.Abs(v[1]) * (s + math.Abs(2*z*s*r*du) + denormal) * (1 + min(math.Abs(u), 100))
		}},
}

// overflows rounds an intermediate result to the range of float32.
func overflows(v float64) float64 {
	if math.Abs(v) > math.MaxFloat32 {
		return math.Copysign(math.Inf(1), v)
	}
	return v
}

func TestActivations(t *testing.T) {
	testMaps(t, activationCases)
	// Every magnitude of float32, of both signs.
	var x, dy []float32
	for v := 1e-44; v < 1e38; v *= 1.013 {
		x, dy = append(x, float32(v), float32(-v)), append(dy, 1, -0.5)
	}
	for v := -100.0; v < 100; v += 0.0173 {
		x, dy = append(x, float32(v)), append(dy, 2)
	}
	for _, c := range activationCases {
		testMap(t, c, [][]float32{x, dy}[:c.inputs], len(x))
	}
}

// The gradients agree with the slopes of the functions.
func TestActivationSlopes(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      func(y, x []float32)
		grad   func(dx, xy, dy []float32)
		output bool // grad takes the output
	}{
		{"LeakyReLU", func(y, x []float32) { LeakyReLU(y, x, 0.2) }, func(dx, x, dy []float32) { LeakyReLUGrad(dx, x, dy, 0.2) }, false},
		{"ReLU", ReLU, ReLUGrad, true},
		{"Sigmoid", Sigmoid, SigmoidGrad, true},
		{"Tanh", Tanh, TanhGrad, true},
		{"GELU", GELU, GELUGrad, false},
		{"GELUTanh", GELUTanh, GELUTanhGrad, false},
	} {
		onEachTier(t, func(t *testing.T) {
			const h = 1.0 / 64
			var x, low, high, y, dx, ones []float32
			for v := float32(-6 + h/2); v < 6; v += 0.173 {
				x, low, high, ones = append(x, v), append(low, v-h), append(high, v+h), append(ones, 1)
			}
			y, dx = make([]float32, len(x)), make([]float32, len(x))
			c.f(y, x)
			if c.output {
				c.grad(dx, y, ones)
			} else {
				c.grad(dx, x, ones)
			}
			c.f(low, low)
			c.f(high, high)
			for i, v := range x {
				slope := (float64(high[i]) - float64(low[i])) / (2 * h)
				if math.Abs(slope-float64(dx[i])) > 2e-4 && math.Abs(float64(v)) > h {
					t.Errorf("%s: gradient at %v is %v, slope %v", c.name, v, dx[i], slope)
				}
			}
		})
	}
}

func BenchmarkReLU(b *testing.B) {
	benchShapes(b, 2, func(_ shape3, x, y, _ []float32) { ReLU(y, x) })
}

func BenchmarkReLUGrad(b *testing.B) {
	benchShapes(b, 3, func(_ shape3, x, y, z []float32) { ReLUGrad(z, x, y) })
}

func BenchmarkAddReLU(b *testing.B) {
	benchShapes(b, 3, func(_ shape3, x, y, z []float32) { AddReLU(z, x, y) })
}

func BenchmarkGELU(b *testing.B) {
	benchShapes(b, 2, func(_ shape3, x, y, _ []float32) { GELU(y, x) })
}

func BenchmarkTanh(b *testing.B) {
	benchShapes(b, 2, func(_ shape3, x, y, _ []float32) { Tanh(y, x) })
}
