package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// bnCase is a batch normalisation worked out in float64, in two passes.
type bnCase struct {
	s                       shape3
	x, dy, gamma, beta      []float32
	mean, invstd            []float32 // of float32, as the kernels take them
	trueMean, trueVariance  []float64
	y, dxTrain, dxEval      []float64
	scaleY, scaleDX, scaleG []float64
	dgamma, dbeta           []float64
}

const bnEps = 1e-5

func newBNCase(r *rand.Rand, s shape3, offset float32, affine bool) *bnCase {
	b := &bnCase{s: s, x: randomSlice(r, s.size()), dy: randomSlice(r, s.size())}
	for i := range b.x {
		b.x[i] += offset * float32(1+i/s.hw%s.c)
	}
	if affine {
		b.gamma, b.beta = randomSlice(r, s.c), randomSlice(r, s.c)
	}
	m := float64(s.n * s.hw)
	b.trueMean, b.trueVariance = make([]float64, s.c), make([]float64, s.c)
	b.mean, b.invstd = make([]float32, s.c), make([]float32, s.c)
	for i, v := range b.x {
		b.trueMean[i/s.hw%s.c] += float64(v) / m
	}
	for i, v := range b.x {
		c := i / s.hw % s.c
		d := float64(v) - b.trueMean[c]
		b.trueVariance[c] += d * d / m
	}
	for c := range b.mean {
		b.mean[c] = float32(b.trueMean[c])
		b.invstd[c] = float32(1 / math.Sqrt(b.trueVariance[c]+bnEps))
	}
	b.gradients(m)
	return b
}

func (b *bnCase) gradients(m float64) {
	s := b.s
	for _, p := range []*[]float64{&b.y, &b.dxTrain, &b.dxEval, &b.scaleY, &b.scaleDX} {
		*p = make([]float64, s.size())
	}
	b.dgamma, b.dbeta, b.scaleG = make([]float64, s.c), make([]float64, s.c), make([]float64, s.c)
	xhat := func(i, c int) float64 { return (float64(b.x[i]) - float64(b.mean[c])) * float64(b.invstd[c]) }
	for i, g := range b.dy {
		c := i / s.hw % s.c
		b.dgamma[c] += float64(g) * xhat(i, c)
		b.dbeta[c] += float64(g)
		b.scaleG[c] += math.Abs(float64(g)) * (1 + math.Abs(xhat(i, c)))
	}
	for i, v := range b.dy {
		c := i / s.hw % s.c
		h, g := xhat(i, c), float64(v)
		gamma := float64(orElse(b.gamma, c, 1))
		b.y[i] = h*gamma + float64(orElse(b.beta, c, 0))
		b.scaleY[i] = math.Abs(h*gamma) + math.Abs(float64(orElse(b.beta, c, 0))) + 1e-3
		k := gamma * float64(b.invstd[c])
		b.dxTrain[i] = k * (g - b.dbeta[c]/m - h*b.dgamma[c]/m)
		b.scaleDX[i] = math.Abs(k) * (math.Abs(g) + math.Abs(b.dbeta[c])/m + (1+math.Abs(h))*math.Abs(b.dgamma[c])/m)
		b.dxEval[i] = k * g
	}
}

func TestBatchNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for i, s := range shapes3 {
		for _, offset := range []float32{0, 3} {
			b := newBNCase(r, s, offset, i%2 == 0)
			onEachTier(t, func(t *testing.T) { b.check(t, fmt.Sprintf("%v offset %v", s, offset)) })
		}
	}
}

func (b *bnCase) check(t *testing.T, what string) {
	s := b.s
	mean, variance := fresh(s.c), fresh(s.c)
	s.norm().Stats(mean, variance, b.x)
	// Half a unit is the rounding to float32 itself.
	checkNear(t, what+": mean", mean, b.trueMean, nil, 1.001)
	checkNear(t, what+": variance", variance, b.trueVariance, nil, 1.001)

	y, guard := bordered(s.size())
	s.norm().Apply(y, b.x, nil, Norm{Mean: b.mean, InvStd: b.invstd, Gamma: b.gamma, Beta: b.beta}, false)
	guard(t, "Apply")
	checkNear(t, what+": y", y, b.y, b.scaleY, 4)

	relu := make([]float64, len(b.y))
	for i, v := range b.y {
		relu[i] = max(v, 0)
	}
	copy(y, b.x) // in place
	s.norm().Apply(y, y, nil, Norm{Mean: b.mean, InvStd: b.invstd, Gamma: b.gamma, Beta: b.beta}, true)
	guard(t, "Apply with relu")
	checkNear(t, what+": relu(y)", y, relu, b.scaleY, 4)

	dgamma, dbeta := fresh(s.c), fresh(s.c)
	s.norm().Reduce(dgamma, dbeta, b.x, b.dy, Norm{Mean: b.mean, InvStd: b.invstd}, false)
	checkNear(t, what+": dgamma", dgamma, b.dgamma, b.scaleG, 1.001)
	checkNear(t, what+": dbeta", dbeta, b.dbeta, b.scaleG, 1.001)

	dx, guard := bordered(s.size())
	s.norm().InputGrad(dx, b.x, b.dy, dgamma, dbeta, Norm{Mean: b.mean, InvStd: b.invstd, Gamma: b.gamma}, false)
	guard(t, "InputGrad")
	checkNear(t, what+": dx", dx, b.dxTrain, b.scaleDX, 8)
	copy(dx, b.dy)
	s.norm().InputGrad(dx, b.x, dx, dgamma, dbeta, Norm{Mean: b.mean, InvStd: b.invstd, Gamma: b.gamma}, false)
	checkNear(t, what+": dx over dy", dx, b.dxTrain, b.scaleDX, 8)

	s.norm().InputGradEval(dx, nil, b.dy, Norm{Mean: b.invstd, InvStd: b.invstd, Gamma: b.gamma}, false)
	guard(t, "InputGradEval")
	checkNear(t, what+": dx of frozen statistics", dx, b.dxEval, nil, 3)
}

// A mean far above the standard deviation must not cost accuracy: what is known
// of the variance is what float32 leaves of the values.
func TestBatchNormStatsOfLargeMeans(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for _, offset := range []float32{1e3, 1e5, -1e6} {
		b := newBNCase(r, shape3{16, 5, 257}, offset, false)
		// And one image far off, which the pivot is taken from.
		for i := range 257 {
			b.x[i] = 0
		}
		b = recompute(b)
		onEachTier(t, func(t *testing.T) {
			mean, variance := fresh(5), fresh(5)
			NormShape{N: 16, C: 5, HW: 257}.Stats(mean, variance, b.x)
			checkNear(t, "mean", mean, b.trueMean, nil, 1.001)
			checkNear(t, "variance", variance, b.trueVariance, nil, 1.001)
		})
	}
}

// recompute returns the case with the statistics of its changed x.
func recompute(b *bnCase) *bnCase {
	s := b.s
	m := float64(s.n * s.hw)
	clear(b.trueMean)
	clear(b.trueVariance)
	for i, v := range b.x {
		b.trueMean[i/s.hw%s.c] += float64(v) / m
	}
	for i, v := range b.x {
		d := float64(v) - b.trueMean[i/s.hw%s.c]
		b.trueVariance[i/s.hw%s.c] += d * d / m
	}
	return b
}

func TestBatchNormStatsOfConstants(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		x := make([]float32, 4*3*35)
		Fill(x, 0.1)
		mean, variance := fresh(3), fresh(3)
		NormShape{N: 4, C: 3, HW: 35}.Stats(mean, variance, x)
		for c := range 3 {
			if mean[c] != 0.1 || variance[c] != 0 {
				t.Errorf("channel %d: mean %v variance %v, want 0.1 and 0", c, mean[c], variance[c])
			}
		}
	})
}

// NaN and Inf spoil their own channel only, and show as in torch: a NaN makes
// both statistics NaN, an Inf an infinite mean.
func TestBatchNormSpecialValues(t *testing.T) {
	const n, c, hw = 3, 4, 21
	onEachTier(t, func(t *testing.T) {
		for _, at := range []int{0, 7, 20} {
			x := make([]float32, n*c*hw)
			x[1*hw+at], x[2*hw+at], x[(c+3)*hw+at] = nan, inf, -inf
			mean, variance := fresh(c), fresh(c)
			NormShape{N: n, C: c, HW: hw}.Stats(mean, variance, x)
			if mean[0] != 0 || variance[0] != 0 {
				t.Errorf("a clean channel has mean %v and variance %v", mean[0], variance[0])
			}
			if mean[1] == mean[1] || variance[1] == variance[1] {
				t.Errorf("a channel with NaN has mean %v and variance %v", mean[1], variance[1])
			}
			if mean[2] != inf || mean[3] != -inf || variance[2] == variance[2] || variance[3] == variance[3] {
				t.Errorf("channels with +Inf and -Inf have means %v and variances %v", mean[2:], variance[2:])
			}
			y, ones := fresh(n*c*hw), []float32{1, 1, 1, 1}
			NormShape{N: n, C: c, HW: hw}.Apply(y, x, nil, Norm{Mean: make([]float32, c), InvStd: ones}, true)
			if v := y[1*hw+at]; v == v {
				t.Errorf("relu turns NaN into %v", v)
			}
			if y[2*hw+at] != inf || y[(c+3)*hw+at] != 0 {
				t.Errorf("relu of Inf and -Inf is %v and %v", y[2*hw+at], y[(c+3)*hw+at])
			}
		}
	})
}

func TestBatchNormOfNothing(t *testing.T) {
	mean, variance := make([]float32, 2), make([]float32, 2)
	NormShape{N: 0, C: 2, HW: 9}.Stats(mean, variance, nil)
	if mean[0] == mean[0] || variance[1] == variance[1] {
		t.Errorf("statistics of an empty batch are %v and %v, want NaN", mean, variance)
	}
	NormShape{N: 0, C: 2, HW: 9}.Reduce(mean, variance, nil, nil, Norm{Mean: []float32{0, 0}, InvStd: []float32{1, 1}}, false)
	if mean[0] != 0 || variance[1] != 0 {
		t.Errorf("gradients of an empty batch are %v and %v, want 0", mean, variance)
	}
}

func TestBatchNormRepeats(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for _, s := range []shape3{{9, 10, 1009}, {20, 64, 49}, {130, 300, 1}} {
		b := newBNCase(r, s, 1, true)
		out := make([]float32, 4*s.c+2*s.size())
		onEachTier(t, func(t *testing.T) {
			checkRepeats(t, "batch norm "+s.String(), func() []float32 {
				mean, variance, dgamma, dbeta := out[:s.c], out[s.c:2*s.c], out[2*s.c:3*s.c], out[3*s.c:4*s.c]
				y, dx := out[4*s.c:4*s.c+s.size()], out[4*s.c+s.size():]
				s.norm().Stats(mean, variance, b.x)
				s.norm().Apply(y, b.x, nil, Norm{Mean: mean, InvStd: variance, Gamma: b.gamma, Beta: b.beta}, true)
				s.norm().Reduce(dgamma, dbeta, b.x, b.dy, Norm{Mean: mean, InvStd: variance}, false)
				s.norm().InputGrad(dx, b.x, b.dy, dgamma, dbeta, Norm{Mean: mean, InvStd: variance, Gamma: b.gamma}, false)
				s.norm().InputGradEval(dx, nil, dx, Norm{Mean: variance, InvStd: variance, Gamma: b.gamma}, false)
				return out
			})
		})
	}
}

// norm returns the shape of planes of one channel.
func (s shape3) norm() NormShape { return NormShape{N: s.n, C: s.c, HW: s.hw} }

// BenchmarkBatchNorm counts each array read and each written once.
func BenchmarkBatchNorm(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range []NormShape{
		{8, 64, 56 * 56, true}, {128, 16, 32 * 32, true}, {8, 512, 7 * 7, true}, {8, 64, 56 * 56, false}, {8, 512, 7 * 7, false},
	} {
		size := s.N * s.C * s.HW
		x, y, z, out := randomSlice(r, size), randomSlice(r, size), randomSlice(r, size), make([]float32, size)
		p := [6][]float32{}
		for i := range p {
			p[i] = make([]float32, s.C)
			fill(p[i], 1)
		}
		n := Norm{Mean: p[0], InvStd: p[1], Gamma: p[2], Beta: p[3]}
		for _, pass := range []struct {
			name   string
			arrays int
			run    func()
		}{
			{"Stats", 1, func() { s.Stats(p[4], p[5], x) }},
			{"Apply", 2, func() { s.Apply(out, x, nil, n, false) }},
			{"ApplyReLU", 2, func() { s.Apply(out, x, nil, n, true) }},
			{"ApplyAddReLU", 3, func() { s.Apply(out, x, y, n, true) }},
			{"Reduce", 2, func() { s.Reduce(p[4], p[5], x, y, n, false) }},
			{"ReduceReLU", 2, func() { s.Reduce(p[4], p[5], x, y, n, true) }},
			{"ReduceOf", 4, func() { s.ReduceOf(out, p[4], p[5], x, y, z, n) }},
			{"InputGrad", 3, func() { s.InputGrad(out, x, y, p[4], p[5], n, false) }},
			{"InputGradReLU", 3, func() { s.InputGrad(out, x, y, p[4], p[5], n, true) }},
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d,blocked=%v", pass.name, s.N, s.C, s.HW, s.Blocked), func(b *testing.B) {
				b.SetBytes(int64(4 * pass.arrays * size))
				for range b.N {
					pass.run()
				}
			})
		}
	}
}
