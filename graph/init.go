package graph

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// An Init fills a new parameter of the given shape with its first values,
// drawing from src, which is keyed by the seed and the parameter's name.
type Init func(dst []float32, shape tensor.Shape, src *rng.Source)

// Constant fills with v.
func Constant(v float32) Init {
	return func(dst []float32, _ tensor.Shape, _ *rng.Source) { kernel.Fill(dst, v) }
}

// Zeros and Ones are what their names say.
var (
	Zeros = Constant(0)
	Ones  = Constant(1)
)

// Uniform draws from [lo, hi).
func Uniform(lo, hi float64) Init {
	return func(dst []float32, _ tensor.Shape, src *rng.Source) {
		kernel.FillUniform(dst, float32(lo), float32(hi), src)
	}
}

// Normal draws from a normal distribution.
func Normal(mean, std float64) Init {
	return func(dst []float32, _ tensor.Shape, src *rng.Source) {
		kernel.FillNormal(dst, float32(mean), float32(std), src)
	}
}

// KaimingNormalFanOut is torch.nn.init.kaiming_normal_ with mode="fan_out" and
// nonlinearity="relu", the initialisation of torchvision's ResNets: normal
// with standard deviation sqrt(2 / fan_out) (He et al. 2015, "Delving deep into
// rectifiers").
func KaimingNormalFanOut(dst []float32, shape tensor.Shape, src *rng.Source) {
	_, out := fans(shape)
	Normal(0, math.Sqrt(2/float64(out)))(dst, shape, src)
}

// KaimingNormalFanIn is torch.nn.init.kaiming_normal_ with its defaults: normal
// with standard deviation sqrt(2 / fan_in), the initialisation of the CIFAR
// ResNets.
func KaimingNormalFanIn(dst []float32, shape tensor.Shape, src *rng.Source) {
	in, _ := fans(shape)
	Normal(0, math.Sqrt(2/float64(in)))(dst, shape, src)
}

// XavierUniform is torch.nn.init.xavier_uniform_ with a gain of 1: uniform in
// ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).
func XavierUniform(dst []float32, shape tensor.Shape, src *rng.Source) {
	in, out := fans(shape)
	b := math.Sqrt(6 / float64(in+out))
	Uniform(-b, b)(dst, shape, src)
}

// Default is what torch.nn gives the weights of Linear and Conv2d layers:
// uniform in ±1/sqrt(fan_in). Biases take the fan-in of their weight: use
// UniformFanIn.
func Default(dst []float32, shape tensor.Shape, src *rng.Source) {
	in, _ := fans(shape)
	UniformFanIn(in)(dst, shape, src)
}

// UniformFanIn is uniform in ±1/sqrt(fanIn).
func UniformFanIn(fanIn int) Init {
	b := 1 / math.Sqrt(float64(max(fanIn, 1)))
	return Uniform(-b, b)
}

// fans returns torch's fan_in and fan_out of a weight (out, in, kh, kw).
func fans(s tensor.Shape) (in, out int) {
	if len(s) < 2 {
		return s.TotalSize(), s.TotalSize()
	}
	area := 1
	for _, d := range s[2:] {
		area *= d
	}
	return s[1] * area, s[0] * area
}
