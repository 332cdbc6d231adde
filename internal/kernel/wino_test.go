package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// winoBlocked returns x (n, c, hw) in the blocked layout.
func winoBlocked(x []float32, n, c, hw int) []float32 {
	y := make([]float32, len(x))
	for i := range y {
		image, channel, pixel := i/(c*hw), i/hw%c, i%hw
		y[((image*c+channel/Block*Block)*hw)+pixel*Block+channel%Block] = x[i]
	}
	return slices.Clip(y)
}

// winoPlanar returns blocked x as (n, c, hw).
func winoPlanar(x []float32, n, c, hw int) []float32 {
	y := make([]float32, len(x))
	for i := range y {
		image, channel, pixel := i/(c*hw), i/hw%c, i%hw
		y[i] = x[((image*c+channel/Block*Block)*hw)+pixel*Block+channel%Block]
	}
	return y
}

// winoShapes lists shapes with tiles of every kind: whole, cut off, outside.
func winoShapes() []ConvShape {
	pads := func(top, left, bottom, right int) func(*ConvShape) {
		return func(s *ConvShape) { s.PadTop, s.PadLeft, s.PadBottom, s.PadRight = top, left, bottom, right }
	}
	return []ConvShape{
		square(1, 16, 1, 16, 3, 1, 1),
		square(2, 32, 3, 16, 3, 1, 1),
		square(1, 16, 3, 16, 3, 1, 0),
		square(3, 16, 7, 48, 3, 1, 1),
		square(1, 48, 14, 32, 3, 1, 1),
		square(2, 16, 13, 32, 3, 1, 2).with(func(s *ConvShape) { s.W = 9 }),
		square(1, 32, 9, 16, 3, 1, 1).with(pads(2, 0, 1, 1)),
		square(2, 16, 6, 16, 3, 1, 1).with(pads(0, 2, 0, 1)),
		square(3, 16, 29, 16, 3, 1, 1), // several blocks of tiles
		square(2, 128, 7, 128, 3, 1, 1),
		square(1, 128, 5, 160, 3, 1, 1),
	}
}

// relativeError returns the L2 norm of the differences over that of want.
func relativeError(got []float32, want []float64) float64 {
	var sum, off float64
	for i, w := range want {
		d := float64(got[i]) - w
		sum, off = sum+w*w, off+d*d
	}
	return math.Sqrt(off / max(sum, 1e-300))
}

func checkRelative(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if e := relativeError(got, want); !(e <= 5e-6) {
		t.Fatalf("%s: relative error %.2g", what, e)
	}
}

// winoCase is a case of a convolution with its arguments in the blocked layout.
type winoCase struct {
	*convCase
	bx, bdy, bresidual []float32
}

func newWinoCase(s ConvShape, r *rand.Rand) *winoCase {
	c := &winoCase{convCase: newConvCase(s, r)}
	oh, ow := s.Out()
	c.bx = winoBlocked(c.x, s.N, s.C, s.H*s.W)
	c.bdy, c.bresidual = winoBlocked(c.dy, s.N, s.K, oh*ow), winoBlocked(c.residual, s.N, s.K, oh*ow)
	return c
}

// onEachWinograd runs f for all cases, tiers and sizes of tiles.
func onEachWinograd(t *testing.T, shapes []ConvShape, f func(t *testing.T, c *winoCase, m int)) {
	r := rand.New(rand.NewPCG(57, 58))
	for _, s := range shapes {
		if !winogradFits(s) {
			t.Fatalf("%s does not fit", s.name())
		}
		c := newWinoCase(s, r)
		onEachTier(t, func(t *testing.T) {
			for _, m := range []int{4, 2} {
				f(t, c, m)
			}
		})
	}
}

func TestWinograd(t *testing.T) {
	onEachWinograd(t, winoShapes(), func(t *testing.T, c *winoCase, m int) {
		s := c.s
		oh, ow := s.Out()
		p := newWinograd(s, m)
		p.pack(c.w)
		for parts := range 8 {
			e, want := c.epilogue(parts)
			y := fresh(s.outLen())
			if e.Residual != nil {
				e.Residual = c.bresidual
				if parts&1 != 0 { // in place
					copy(y, c.bresidual)
					e.Residual = y
				}
			}
			p.run(y, c.bx, e)
			checkRelative(t, fmt.Sprintf("%s F(%d), epilogue %d", s.name(), m, parts), winoPlanar(y, s.N, s.K, oh*ow), want)
		}
	})
}

func TestWinogradInput(t *testing.T) {
	onEachWinograd(t, winoShapes(), func(t *testing.T, c *winoCase, m int) {
		s := c.s
		p := newWinogradInput(s, m)
		p.pack(c.w)
		for range 2 { // the second run meets used scratch memory
			dx := fresh(s.inLen())
			p.run(dx, c.bdy, Epilogue{})
			checkRelative(t, fmt.Sprintf("%s F(%d): dx", s.name(), m), winoPlanar(dx, s.N, s.C, s.H*s.W), c.dx)
		}
	})
}
