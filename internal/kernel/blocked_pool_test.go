package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// blockedPools are windows of all kinds over planes of two blocks.
func blockedPools() (shapes []PoolShape) {
	for i, s := range poolShapes() {
		if s.W > 19 {
			continue
		}
		s.C, s.CountIncludePad = 32, i%3 != 0
		shapes = append(shapes, s)
	}
	return append(shapes, window(3, 16, 57, 56, 3, 2, 1), window(5, 48, 23, 31, 3, 1, 1))
}

// What is computed of blocked arrays is what is computed of planes.
func TestBlockedPool(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	for i, s := range blockedPools() {
		oh, ow := s.Out()
		x := specialSlice(r, s.N*s.C*s.H*s.W)
		if i%2 == 0 { // ties
			for j := range x {
				x[j] = float32(r.IntN(3))
			}
		}
		plain, dy := randomSlice(r, len(x)), randomSlice(r, s.N*s.C*oh*ow)
		in := func(x []float32) []float32 { return blocked(x, s.N, s.C, s.H*s.W) }
		out := func(y []float32) []float32 { return blocked(y, s.N, s.C, oh*ow) }
		y, dx := fresh(len(dy)), fresh(len(x))
		onEachTier(t, func(t *testing.T) {
			b := BlockedPool(s)
			got, guard := bordered(len(dy))
			gotDX, guardDX := bordered(len(x))
			s.MaxForward(y, x)
			b.MaxForward(got, in(x))
			if !slices.EqualFunc(got, out(y), same) {
				t.Errorf("%s: other maxima than of planes", s.name())
			}
			s.MaxBackward(dx, x, dy)
			b.MaxBackward(gotDX, in(x), out(dy))
			if !slices.EqualFunc(gotDX, in(dx), same) {
				t.Errorf("%s: another gradient of maxima than of planes", s.name())
			}
			ones := make([]float64, max(len(x), len(y)))
			fillOnes(ones)
			s.AvgForward(y, plain)
			b.AvgForward(got, in(plain))
			checkNear(t, s.name()+": means", got, wide(out(y)), ones, 16)
			s.AvgBackward(dx, dy)
			b.AvgBackward(gotDX, out(dy))
			checkNear(t, s.name()+": gradient of means", gotDX, wide(in(dx)), ones, 16)
			guard(t, s.name())
			guardDX(t, s.name())
		})
	}
}

func TestGlobalAvgPoolBlocked(t *testing.T) {
	r := rand.New(rand.NewPCG(93, 94))
	for _, s := range blockedShapes {
		x, dy := notAllFinite(r, s.size()), randomSlice(r, s.n*s.c)
		y, got, dx, gotDX := fresh(s.n*s.c), fresh(s.n*s.c), fresh(s.size()), fresh(s.size())
		onEachTier(t, func(t *testing.T) {
			GlobalAvgPool(y, x, s.n*s.c, s.hw)
			GlobalAvgPoolBlocked(got, blocked(x, s.n, s.c, s.hw), s.n, s.c, s.hw)
			checkNear(t, "GlobalAvgPoolBlocked "+s.String(), got, wide(y), nil, 2)
			GlobalAvgPoolGrad(dx, dy, s.n*s.c, s.hw)
			GlobalAvgPoolGradBlocked(gotDX, dy, s.n, s.c, s.hw)
			if !sameBits(gotDX, blocked(dx, s.n, s.c, s.hw)) {
				t.Errorf("GlobalAvgPoolGradBlocked %v differs from that of planes", s)
			}
		})
	}
}

func TestBlockedPoolRepeats(t *testing.T) {
	r := rand.New(rand.NewPCG(95, 96))
	s := window(3, 48, 57, 56, 3, 2, 1)
	oh, ow := s.Out()
	x := randomSlice(r, s.N*s.C*s.H*s.W)
	y, dx := fresh(s.N*s.C*oh*ow), fresh(len(x))
	onEachTier(t, func(t *testing.T) {
		checkRepeats(t, s.name(), func() []float32 {
			b := BlockedPool(s)
			b.MaxForward(y, x)
			b.MaxBackward(dx, x, y)
			b.AvgForward(y, dx)
			b.AvgBackward(dx, y)
			GlobalAvgPoolBlocked(y[:s.N*s.C], dx, s.N, s.C, s.H*s.W)
			GlobalAvgPoolGradBlocked(dx, y[:s.N*s.C], s.N, s.C, s.H*s.W)
			return dx
		})
	})
}

func TestBlockedPlacement(t *testing.T) {
	r := rand.New(rand.NewPCG(97, 98))
	for _, p := range []BlockedPlacement{
		{N: 1, C: 16, H: 1, W: 1, K: 16, Stride: 1},
		{N: 2, C: 16, H: 5, W: 4, K: 32, First: 8, Stride: 2},
		{N: 2, C: 32, H: 6, W: 7, K: 64, First: 16, Stride: 2},
		{N: 1, C: 32, H: 4, W: 3, K: 80, First: 21, Stride: 1},
		{N: 3, C: 48, H: 3, W: 3, K: 48, Stride: 3},
		{N: 1, C: 16, H: 2, W: 9, K: 64, First: 41, Stride: 4},
	} {
		oh, ow := p.out()
		x, g := notAllFinite(r, p.N*p.C*p.H*p.W), notAllFinite(r, p.N*p.K*oh*ow)
		y, back := make([]float32, len(g)), make([]float32, len(x))
		for i := range len(x) {
			w, h, c, n := i%p.W, i/p.W%p.H, i/(p.W*p.H)%p.C, i/(p.W*p.H*p.C)
			if w%p.Stride == 0 && h%p.Stride == 0 {
				at := ((n*p.K+p.First+c)*oh+h/p.Stride)*ow + w/p.Stride
				y[at], back[i] = x[i], g[at]
			}
		}
		onEachTier(t, func(t *testing.T) {
			got, guard := bordered(len(y))
			p.Put(got, blocked(x, p.N, p.C, p.H*p.W))
			guard(t, "Put")
			if !slices.EqualFunc(got, blocked(y, p.N, p.K, oh*ow), same) {
				t.Errorf("Put of %+v is wrong", p)
			}
			gotBack, guard := bordered(len(x))
			p.PutBack(gotBack, blocked(g, p.N, p.K, oh*ow))
			guard(t, "PutBack")
			if !slices.EqualFunc(gotBack, blocked(back, p.N, p.C, p.H*p.W), same) {
				t.Errorf("PutBack of %+v is wrong", p)
			}
			checkRepeats(t, fmt.Sprintf("%+v", p), func() []float32 {
				p.Put(got, gotBack)
				p.PutBack(gotBack, got)
				return gotBack
			})
		})
	}
}

func BenchmarkBlockedPool(b *testing.B) {
	for _, c := range []struct {
		name string
		s    PoolShape
	}{
		{"3x3s2", window(8, 64, 112, 112, 3, 2, 1)},
		{"3x3s1", window(8, 64, 56, 56, 3, 1, 1)},
		{"2x2s2", window(128, 16, 32, 32, 2, 2, 0)},
	} {
		s := BlockedPool(c.s)
		oh, ow := c.s.Out()
		in, out := s.N*s.C*s.H*s.W, s.N*s.C*oh*ow
		x, y, dx := randomSlice(rand.New(rand.NewPCG(1, 2)), in), make([]float32, out), make([]float32, in)
		for _, pass := range []struct {
			name     string
			elements int
			run      func()
		}{
			{"MaxForward", in + out, func() { s.MaxForward(y, x) }},
			{"MaxBackward", 2*in + out, func() { s.MaxBackward(dx, x, y) }},
			{"AvgForward", in + out, func() { s.AvgForward(y, x) }},
			{"AvgBackward", in + out, func() { s.AvgBackward(dx, y) }},
		} {
			b.Run(pass.name+"/"+c.name, func(b *testing.B) {
				b.SetBytes(int64(4 * pass.elements))
				for range b.N {
					pass.run()
				}
			})
		}
	}
	p := BlockedPlacement{N: 128, C: 16, H: 32, W: 32, K: 32, First: 8, Stride: 2}
	x, y := make([]float32, 128*16*32*32), make([]float32, 128*32*16*16)
	for name, run := range map[string]func(){"Put": func() { p.Put(y, x) }, "PutBack": func() { p.PutBack(x, y) }} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * (len(x)/4 + len(y))))
			for range b.N {
				run()
			}
		})
	}
}
