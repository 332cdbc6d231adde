package kernel

import (
	"math/rand/v2"
	"testing"
)

func TestWinogradStaysInside(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(65, 66))
		for _, s := range winoShapes() {
			x, w, y := guarded(t, r, s.inLen()), guarded(t, r, s.weightLen()), guarded(t, r, s.outLen())
			bias, residual := guarded(t, r, s.K), guarded(t, r, s.outLen())
			for _, m := range []int{4, 2} {
				forward, input := newWinograd(s, m), newWinogradInput(s, m)
				u, v := guarded(t, r, forward.packedLen()), guarded(t, r, input.packedLen())
				forward.pack(u, w)
				forward.run(y, x, u, Epilogue{Bias: bias, Residual: residual, ReLU: true})
				input.pack(v, w)
				input.run(x, y, v, Epilogue{})
				newWinogradWeights(s, m).run(w, x, y)
			}
		}
	})
}
