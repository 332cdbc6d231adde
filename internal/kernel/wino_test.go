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

// packed returns the weights as a pass takes them.
func packed(p correlator, w []float32) []float32 {
	to := fresh(p.packedLen())
	p.pack(to, w)
	return to
}

func TestWinograd(t *testing.T) {
	onEachWinograd(t, winoShapes(), func(t *testing.T, c *winoCase, m int) {
		s := c.s
		oh, ow := s.Out()
		p := newWinograd(s, m)
		u := packed(p, c.w)
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
			p.run(y, c.bx, u, e)
			checkRelative(t, fmt.Sprintf("%s F(%d), epilogue %d", s.name(), m, parts), winoPlanar(y, s.N, s.K, oh*ow), want)
		}
	})
}

func TestWinogradInput(t *testing.T) {
	onEachWinograd(t, winoShapes(), func(t *testing.T, c *winoCase, m int) {
		s := c.s
		p := newWinogradInput(s, m)
		u := packed(p, c.w)
		for range 2 { // the second run meets used scratch memory
			dx := fresh(s.inLen())
			p.run(dx, c.bdy, u, Epilogue{})
			checkRelative(t, fmt.Sprintf("%s F(%d): dx", s.name(), m), winoPlanar(dx, s.N, s.C, s.H*s.W), c.dx)
		}
	})
}

func TestWinogradWeights(t *testing.T) {
	shapes := append(winoShapes(), square(4, 16, 27, 16, 3, 1, 1)) // more tiles than go at once
	onEachWinograd(t, shapes, func(t *testing.T, c *winoCase, m int) {
		p := newWinogradWeights(c.s, m)
		for range 2 { // the second run meets used scratch memory
			dw := fresh(c.s.weightLen())
			p.run(dw, c.bx, c.bdy)
			checkRelative(t, fmt.Sprintf("%s F(%d): dw", c.s.name(), m), dw, c.dw)
		}
	})
}

// TestWinogradSpreadsNaN puts single bad values into the arguments: all results
// that depend on them must be bad.
func TestWinogradSpreadsNaN(t *testing.T) {
	r := rand.New(rand.NewPCG(59, 60))
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	shapes := []ConvShape{square(2, 16, 6, 16, 3, 1, 1), square(1, 32, 7, 16, 3, 1, 2), square(1, 16, 9, 32, 3, 1, 0)}
	onEachWinograd(t, shapes, func(t *testing.T, c *winoCase, m int) {
		s := c.s
		oh, ow := s.Out()
		i, j := r.IntN(len(c.x)), r.IntN(len(c.dy))
		y, dx, dw := make([]bool, s.outLen()), make([]bool, s.inLen()), make([]bool, s.weightLen())
		s.products(func(yi, xi, wi int) {
			y[yi] = y[yi] || xi == i
			dx[xi] = dx[xi] || yi == j
			dw[wi] = dw[wi] || xi == i
		})
		x, dy := slices.Clone(c.x), slices.Clone(c.dy)
		x[i], dy[j] = bad[r.IntN(3)], bad[r.IntN(3)]
		x, dy = winoBlocked(x, s.N, s.C, s.H*s.W), winoBlocked(dy, s.N, s.K, oh*ow)
		forward, input := newWinograd(s, m), newWinogradInput(s, m)
		gotY, gotX, gotW := fresh(s.outLen()), fresh(s.inLen()), fresh(s.weightLen())
		forward.run(gotY, x, packed(forward, c.w), Epilogue{})
		input.run(gotX, dy, packed(input, c.w), Epilogue{})
		newWinogradWeights(s, m).run(gotW, x, c.bdy)
		checkBad(t, s.name()+" y", winoPlanar(gotY, s.N, s.K, oh*ow), y)
		checkBad(t, s.name()+" dx", winoPlanar(gotX, s.N, s.C, s.H*s.W), dx)
		checkBad(t, s.name()+" dw", gotW, dw)
	})
}

// checkBad fails if a value is finite that must not be.
func checkBad(t *testing.T, what string, got []float32, bad []bool) {
	t.Helper()
	for i, v := range got {
		if bad[i] && v-v == 0 {
			t.Fatalf("%s[%d] = %v depends on a bad value", what, i, v)
		}
	}
}

// winogradAll runs all three passes for a shape and returns their results.
func winogradAll(s ConvShape, m int, x, dy, w []float32) [][]float32 {
	forward, input := newWinograd(s, m), newWinogradInput(s, m)
	got := [][]float32{fresh(s.outLen()), fresh(s.inLen()), fresh(s.weightLen())}
	forward.run(got[0], x, packed(forward, w), Epilogue{ReLU: true})
	input.run(got[1], dy, packed(input, w), Epilogue{})
	newWinogradWeights(s, m).run(got[2], x, dy)
	return got
}

func TestWinogradSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	for _, s := range []ConvShape{square(3, 16, 29, 32, 3, 1, 1), square(2, 128, 7, 128, 3, 1, 1)} {
		x, w, dy := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), randomSlice(r, s.outLen())
		onEachTier(t, func(t *testing.T) {
			for _, m := range []int{4, 2} {
				checkAnyProcs(t, fmt.Sprintf("%s F(%d)", s.name(), m), func() [][]float32 { return winogradAll(s, m, x, dy, w) })
			}
		})
	}
}

func TestWinogradDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 64))
	for _, s := range []ConvShape{square(3, 16, 29, 32, 3, 1, 1), square(2, 128, 7, 128, 3, 1, 1)} {
		x, w, y, bias := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), make([]float32, s.outLen()), randomSlice(r, s.K)
		withProcs(t, 2, func() {
			forward, input, weights := newWinograd(s, 4), newWinogradInput(s, 4), newWinogradWeights(s, 4)
			n := testing.AllocsPerRun(rounds(), func() {
				packAndRun(forward, y, x, w, Epilogue{Bias: bias, Residual: y, ReLU: true})
				packAndRun(input, x, y, w, Epilogue{})
				weights.run(w, x, y)
			})
			if n > 0 {
				t.Errorf("%s: %v allocations a round, want 0", s.name(), n)
			}
		})
	}
}

func TestWinogradFits(t *testing.T) {
	good := square(2, 32, 9, 16, 3, 1, 2)
	if !winogradFits(good) {
		t.Errorf("%s does not fit", good.name())
	}
	for name, change := range map[string]func(*ConvShape){
		"input":    func(s *ConvShape) { s.C = 24 },
		"output":   func(s *ConvShape) { s.K = 8 },
		"height":   func(s *ConvShape) { s.KH = 1 },
		"width":    func(s *ConvShape) { s.KW = 5 },
		"stride":   func(s *ConvShape) { s.StrideW = 2 },
		"dilation": func(s *ConvShape) { s.DilationH = 2 },
		"padding":  func(s *ConvShape) { s.PadLeft = 3 },
		"groups":   func(s *ConvShape) { s.Groups = 2 },
	} {
		if s := good.with(change); winogradFits(s) {
			t.Errorf("%s: %s fits", name, s.name())
		}
	}
}
