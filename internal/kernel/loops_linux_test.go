package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Reads beyond the end of a slice show at no other place than the end of
// memory.
func TestLoopsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	for _, n := range []int{1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 63, 65, 127, 1021} {
		var a [5][]float32
		for k := range a {
			a[k] = guarded(t, r, n)
		}
		onEachTier(t, func(t *testing.T) {
			for _, c := range append(append([]mapCase(nil), elementwiseCases...), activationCases...) {
				c.run(a[0], a[1:1+c.inputs])
			}
			Sum(a[0])
			Dot(a[0], a[1])
			for _, c := range optimCases() {
				c.step(a, true)
			}
			one := make([]float32, 1)
			AddBias(a[0], a[1], one, 1, 1, n)
			BiasGrad(one, a[0], 1, 1, n)
			norm, all := NormShape{N: 1, C: 1, HW: n}, Norm{Mean: one, InvStd: one, Gamma: one, Beta: one}
			norm.Stats(one, make([]float32, 1), a[0])
			norm.Apply(a[0], a[1], nil, all, true)
			norm.Reduce(one, make([]float32, 1), a[0], a[1], all, false)
			norm.Apply(a[0], a[1], a[2], all, true)
			norm.Apply(a[0], a[1], a[2], all, false)
			norm.Reduce(one, make([]float32, 1), a[0], a[1], all, true)
			norm.ReduceOf(a[0], one, make([]float32, 1), a[1], a[2], a[3], all)
			for _, relu := range []bool{false, true} {
				norm.InputGrad(a[0], a[1], a[2], one, one, all, relu)
				norm.InputGradEval(a[0], a[1], a[2], all, relu)
			}
			for _, s := range []shape3{{1, n, 1}, {1, 1, n}} {
				Softmax(a[0], a[1], s.n, s.c, s.hw)
				SoftmaxGrad(a[0], a[1], a[2], s.n, s.c, s.hw)
				LogSoftmax(a[0], a[1], s.n, s.c, s.hw)
				LogSoftmaxGrad(a[0], a[1], a[2], s.n, s.c, s.hw)
			}
			layer := LayerNorm{Rows: 1, E: n, Eps: 1}
			layer.Forward(a[0], a[1], a[2], a[3], a[4])
			layer.Backward(a[0], a[1], a[2], a[3], a[4], a[0], a[1])
			DropoutMask(a[0], 0.5, source("inside"))
		})
	}
}

func TestPoolsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(73, 74))
	for w := 2; w < 72; w++ {
		for _, s := range []PoolShape{
			window(1, 1, 5, w, 3, 2, 1), window(1, 1, 4, w, 2, 2, 0), window(1, 1, 4, w, 2, 1, 1),
			window(1, 1, 4, w, 2, 2, 0).with(func(s *PoolShape) { s.CeilMode = true }),
		} {
			oh, ow := s.Out()
			x, dx, y := guarded(t, r, s.H*s.W), guarded(t, r, s.H*s.W), guarded(t, r, oh*ow)
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				onEachTier(t, func(t *testing.T) {
					s.MaxForward(y, x)
					s.MaxBackward(dx, x, y)
					s.AvgForward(y, x)
					s.AvgBackward(dx, y)
				})
			})
		}
	}
}

func TestBlockedPoolsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(75, 76))
	for _, s := range blockedPools() {
		oh, ow := s.Out()
		x, dx, y := guarded(t, r, s.N*s.C*s.H*s.W), guarded(t, r, s.N*s.C*s.H*s.W), guarded(t, r, s.N*s.C*oh*ow)
		onEachTier(t, func(t *testing.T) {
			BlockedPool(s).MaxForward(y, x)
			BlockedPool(s).MaxBackward(dx, x, y)
			BlockedPool(s).AvgForward(y, x)
			BlockedPool(s).AvgBackward(dx, y)
		})
	}
}
