package kernel

import "math"

//go:generate go run -C gen . -set act -out ../act_amd64.s -stubs ../act_amd64.go -pkg kernel

// ReLU sets y = max(x, 0), elementwise. NaN stays NaN, as in torch. y may be x.
func ReLU(y, x []float32) { runVector2(activations.get().relu, y, x) }

// ReLUGrad sets dx = dy where x > 0 and 0 elsewhere; where x is NaN, dx = dy,
// as in torch. x may be the input or the output of ReLU or AddReLU; dx may be
// x or dy.
func ReLUGrad(dx, x, dy []float32) { runVector3(activations.get().reluGrad, dx, x, dy) }

// AddReLU sets y = max(a + b, 0), elementwise: the end of a residual block. Its
// gradient with respect to a and to b is ReLUGrad at y. y may be a or b.
func AddReLU(y, a, b []float32) { runVector3(activations.get().addReLU, y, a, b) }

// LeakyReLU sets y = x where x > 0 and slope * x elsewhere. y may be x.
func LeakyReLU(y, x []float32, slope float32) { runScalar(activations.get().leaky, y, x, slope) }

// LeakyReLUGrad sets dx = dy where x > 0 and slope * dy elsewhere. x may be the
// input of LeakyReLU, or its output if slope is not negative; dx may be x or
// dy.
func LeakyReLUGrad(dx, x, dy []float32, slope float32) {
	sameLength(len(x), len(dx))
	sameLength(len(dy), len(dx))
	leakyGradRegion.run(pieces(len(dx)), leakyGradArgs{activations.get().leakyGrad, dx, x, dy, slope})
}

// Sigmoid sets y = 1 / (1 + exp(-x)), elementwise. y may be x.
func Sigmoid(y, x []float32) { runVector2(activations.get().sigmoid, y, x) }

// SigmoidGrad sets dx = dy * y * (1 - y) for the output y of Sigmoid. dx may be
// y or dy.
func SigmoidGrad(dx, y, dy []float32) { runVector3(activations.get().sigmoidGrad, dx, y, dy) }

// Tanh sets y = tanh(x), elementwise. y may be x.
func Tanh(y, x []float32) { runVector2(activations.get().tanh, y, x) }

// TanhGrad sets dx = dy * (1 - y*y) for the output y of Tanh. dx may be y or
// dy.
func TanhGrad(dx, y, dy []float32) { runVector3(activations.get().tanhGrad, dx, y, dy) }

// GELU sets y = x * Phi(x), elementwise, with the exact normal distribution
// function Phi (Hendrycks and Gimpel 2016; torch's approximate="none"). y may
// be x.
func GELU(y, x []float32) { runVector2(activations.get().gelu, y, x) }

// GELUGrad sets dx = dy * (Phi(x) + x * phi(x)) for the input x of GELU. dx may
// be x or dy.
func GELUGrad(dx, x, dy []float32) { runVector3(activations.get().geluGrad, dx, x, dy) }

// GELUTanh sets y = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715*x^3))),
// elementwise: the approximation of GELU that GPT-2 was trained with (torch's
// approximate="tanh"). y may be x.
func GELUTanh(y, x []float32) { runVector2(activations.get().geluTanh, y, x) }

// GELUTanhGrad sets dx to dy times the derivative of GELUTanh at its input x.
// dx may be x or dy.
func GELUTanhGrad(dx, x, dy []float32) { runVector3(activations.get().geluTanhGrad, dx, x, dy) }

// activationKernels are the single-threaded loops of this file.
type activationKernels struct {
	relu, sigmoid, tanh, gelu, geluTanh                              func(y, x []float32)
	reluGrad, addReLU, sigmoidGrad, tanhGrad, geluGrad, geluTanhGrad func(dx, x, dy []float32)
	leaky                                                            func(y, x []float32, slope float32)
	leakyGrad                                                        func(dx, x, dy []float32, slope float32)
}

var activations = byTier[activationKernels]{Generic: {
	relu: reluGo, reluGrad: reluGradGo, addReLU: addReLUGo,
	leaky: leakyGo, leakyGrad: leakyGradGo,
	sigmoid: sigmoidGo, sigmoidGrad: sigmoidGradGo,
	tanh: tanhGo, tanhGrad: tanhGradGo,
	gelu: geluGo, geluGrad: geluGradGo,
	geluTanh: geluTanhGo, geluTanhGrad: geluTanhGradGo,
}}

// reluGo: y[i] = x[i] < 0 ? 0 : x[i]
func reluGo(y, x []float32) {
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

// reluGradGo: dx[i] = x[i] <= 0 ? 0 : dy[i]
func reluGradGo(dx, x, dy []float32) {
	for i, v := range x {
		g := dy[i]
		if v <= 0 {
			g = 0
		}
		dx[i] = g
	}
}

// addReLUGo: y[i] = a[i] + b[i] < 0 ? 0 : a[i] + b[i]
func addReLUGo(y, a, b []float32) {
	for i := range y {
		v := a[i] + b[i]
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

// leakyGo: y[i] = x[i] > 0 ? x[i] : slope * x[i]
func leakyGo(y, x []float32, slope float32) {
	for i, v := range x {
		if !(v > 0) {
			v *= slope
		}
		y[i] = v
	}
}

// leakyGradGo: dx[i] = x[i] > 0 ? dy[i] : slope * dy[i]
func leakyGradGo(dx, x, dy []float32, slope float32) {
	for i, v := range x {
		g := dy[i]
		if !(v > 0) {
			g *= slope
		}
		dx[i] = g
	}
}

// sigmoidGo: y[i] = 1 / (1 + exp(-x[i]))
func sigmoidGo(y, x []float32) {
	for i, v := range x {
		y[i] = float32(sigmoid(float64(v)))
	}
}

// sigmoid is exact at both ends: exp(-v) may overflow to +Inf, which gives 0.
func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// sigmoidGradGo: dx[i] = dy[i] * y[i] * (1 - y[i])
func sigmoidGradGo(dx, y, dy []float32) {
	for i, v := range y {
		dx[i] = dy[i] * (1 - v) * v
	}
}

// tanhGo: y[i] = tanh(x[i])
func tanhGo(y, x []float32) {
	for i, v := range x {
		y[i] = float32(math.Tanh(float64(v)))
	}
}

// tanhGradGo: dx[i] = dy[i] * (1 - y[i]*y[i])
func tanhGradGo(dx, y, dy []float32) {
	for i, v := range y {
		dx[i] = dy[i] * (1 - v*v)
	}
}

// geluGo: y[i] = x[i] * Phi(x[i])
func geluGo(y, x []float32) {
	for i, v := range x {
		y[i] = float32(float64(v) * normalCDF(float64(v)))
	}
}

// geluGradGo: dx[i] = dy[i] * (Phi(x[i]) + x[i] * phi(x[i]))
func geluGradGo(dx, x, dy []float32) {
	const invSqrt2Pi = 1 / (math.Sqrt2 * math.SqrtPi)
	for i, v := range x {
		z := float64(v)
		dx[i] = dy[i] * float32(normalCDF(z)+z*invSqrt2Pi*math.Exp(-z*z/2))
	}
}

// normalCDF is Phi. The complementary error function keeps its relative
// accuracy in the lower tail, where 1 + erf would cancel.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

const (
	geluTanhScale = 2 / (math.Sqrt2 * math.SqrtPi) // sqrt(2/pi)
	geluTanhCube  = 0.044715
)

// geluTanhGo: y[i] = x[i]/2 * (1 + tanh(u(x[i])))
func geluTanhGo(y, x []float32) {
	for i, v := range x {
		z := float64(v)
		u := geluTanhScale * (z + geluTanhCube*z*z*z)
		y[i] = float32(z * sigmoid(2*u)) // (1 + tanh u)/2 = sigmoid(2u)
	}
}

// geluTanhGradGo: dx[i] = dy[i] * (s + x[i] * s * (1-s) * 2u'(x[i])), where
// s = sigmoid(2u)
func geluTanhGradGo(dx, x, dy []float32) {
	for i, v := range x {
		z := float64(v)
		s := sigmoid(2 * geluTanhScale * (z + geluTanhCube*z*z*z))
		slope := 2 * geluTanhScale * (1 + 3*geluTanhCube*z*z)
		dx[i] = dy[i] * float32(s+z*s*(1-s)*slope)
	}
}

type vector2Args struct {
	loop func(y, x []float32)
	y, x []float32
}

var vector2Region = newRegion(func(v *vector2Args, piece int) {
	i, j := bounds(piece, len(v.y))
	v.loop(v.y[i:j], v.x[i:j])
})

// runVector2 runs a loop over two slices of one length.
func runVector2(loop func(y, x []float32), y, x []float32) {
	sameLength(len(x), len(y))
	vector2Region.run(pieces(len(y)), vector2Args{loop, y, x})
}

type leakyGradArgs struct {
	loop      func(dx, x, dy []float32, slope float32)
	dx, x, dy []float32
	slope     float32
}

var leakyGradRegion = newRegion(func(v *leakyGradArgs, piece int) {
	i, j := bounds(piece, len(v.dx))
	v.loop(v.dx[i:j], v.x[i:j], v.dy[i:j], v.slope)
})
