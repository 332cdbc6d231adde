package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestConvTranspose wants a bias for each channel of what InputGrad gives.
func TestConvTranspose(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for _, s := range convShapes() {
		c := newConvCase(s, r)
		bias := randomSlice(r, s.C)
		want, scale := slices.Clone(c.dx), slices.Clone(c.scaleX)
		for i := range want {
			b := float64(bias[i/(s.H*s.W)%s.C])
			want[i], scale[i] = want[i]+b, scale[i]+10
		}
		onEachPlan(t, s, func(t *testing.T, p *layoutPlan) {
			x := fresh(s.inLen())
			for range 2 { // the second call meets used scratch memory
				p.Transpose(x, c.dy, c.w, bias)
				checkClose(t, s.name()+": x", x, want, scale)
			}
		})
	}
}

// Transpose is that of the plan for planar images.
func (p *layoutPlan) Transpose(x, y, w, bias []float32) {
	inner := p.x.in(x)
	p.Conv.Transpose(inner, p.y.in(y), w, bias)
	p.x.out(x, inner)
}
