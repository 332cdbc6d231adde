package kernel

import (
	"math/rand/v2"
	"testing"
)

func TestHalvesStayInside(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(85, 86))
		for _, s := range halvesShapes() {
			x, w, y := guarded(t, r, s.inLen()), guarded(t, r, s.weightLen()), guarded(t, r, s.outLen())
			bias, residual := guarded(t, r, s.K), guarded(t, r, s.outLen())
			forward, input := newHalves(s), newHalvesInput(s)
			u, v := guarded(t, r, forward.packedLen()), guarded(t, r, input.packedLen())
			forward.pack(u, w)
			forward.run(y, x, u, Epilogue{Bias: bias, Residual: residual, ReLU: true})
			input.pack(v, w)
			input.run(x, y, v, Epilogue{})
			newHalvesWeights(s).run(w, x, y)
		}
	})
}
