package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// window returns a pooling with equal settings in both directions.
func window(n, c, h, w, kernel, stride, pad int) PoolShape {
	return PoolShape{N: n, C: c, H: h, W: w, KH: kernel, KW: kernel, StrideH: stride, StrideW: stride,
		PadTop: pad, PadLeft: pad, PadBottom: pad, PadRight: pad, DilationH: 1, DilationW: 1}
}

// with returns the shape with a change.
func (s PoolShape) with(change func(s *PoolShape)) PoolShape { change(&s); return s }

// poolShapes are windows of all kinds, with and without loops of their own.
func poolShapes() []PoolShape {
	shapes := []PoolShape{
		window(1, 1, 1, 1, 1, 1, 0),
		window(1, 1, 1, 1, 3, 2, 1),
		window(1, 1, 3, 3, 3, 2, 0),
		window(2, 1, 5, 7, 2, 1, 0),
		window(1, 3, 9, 9, 3, 1, 1),
		window(2, 5, 13, 17, 5, 3, 2),
		window(1, 2, 7, 7, 7, 7, 0),
		window(1, 1, 10, 1, 1, 1, 0).with(func(s *PoolShape) { s.KH, s.StrideH = 4, 3 }),
		window(1, 2, 11, 9, 3, 2, 0).with(func(s *PoolShape) { s.PadTop, s.PadRight = 2, 1 }),
		window(1, 2, 11, 9, 2, 2, 0).with(func(s *PoolShape) { s.PadLeft, s.PadBottom, s.CeilMode = 1, 1, true }),
		window(1, 2, 12, 14, 3, 2, 1).with(func(s *PoolShape) { s.DilationH, s.DilationW = 2, 3 }),
		window(1, 2, 12, 14, 3, 3, 4).with(func(s *PoolShape) { s.DilationH, s.DilationW = 4, 3 }),
		window(0, 3, 5, 5, 3, 2, 1),
	}
	for w := 1; w < 71; w++ { // every number of lanes in the last vector
		shapes = append(shapes,
			window(1, 2, 6, w, 3, 2, 1),
			window(1, 2, 5, w, 2, 2, 0).with(func(s *PoolShape) { s.CeilMode = true }))
		if w >= 3 {
			shapes = append(shapes, window(1, 1, 5, w, 3, 2, 0).with(func(s *PoolShape) { s.CeilMode, s.PadTop = true, 2 }))
		}
	}
	return shapes
}

func (s PoolShape) name() string { return fmt.Sprintf("%+v", s) }

// each calls f for every tap of every window that lies inside the input, in
// scan order: the index of the window among the outputs, and of the tap among
// the inputs.
func (s PoolShape) each(f func(window, tap int)) {
	oh, ow := s.Out()
	for plane := range s.N * s.C {
		for o := range oh * ow {
			for k := range s.KH * s.KW {
				h := o/ow*s.StrideH - s.PadTop + k/s.KW*s.DilationH
				w := o%ow*s.StrideW - s.PadLeft + k%s.KW*s.DilationW
				if h >= 0 && h < s.H && w >= 0 && w < s.W {
					f(plane*oh*ow+o, (plane*s.H+h)*s.W+w)
				}
			}
		}
	}
}

func TestMaxPool(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for i, s := range poolShapes() {
		if err := s.Validate(); err != nil {
			t.Fatalf("%s: %v", s.name(), err)
		}
		x := specialSlice(r, s.N*s.C*s.H*s.W)
		if i%2 == 0 { // ties
			for j := range x {
				x[j] = float32(r.IntN(3))
			}
		}
		oh, ow := s.Out()
		outs := s.N * s.C * oh * ow
		dy := randomSlice(r, outs)
		winner, dx := make([]int, outs), make([]float64, len(x))
		for o := range winner {
			winner[o] = -1
		}
		s.each(func(o, tap int) {
			if w := winner[o]; w < 0 || x[tap] > x[w] || x[tap] != x[tap] {
				winner[o] = tap
			}
		})
		y := make([]float64, outs)
		for o, w := range winner {
			y[o] = math.Inf(-1)
			if w >= 0 {
				y[o] = float64(x[w])
				dx[w] += float64(dy[o])
			}
		}
		onEachTier(t, func(t *testing.T) {
			got, guard := bordered(outs)
			s.MaxForward(got, x)
			guard(t, s.name())
			checkNear(t, s.name()+": y", got, y, nil, 0)
			idx := make([]int64, outs)
			s.MaxIndices(idx, x)
			for o, w := range winner {
				if w >= 0 {
					w %= s.H * s.W
				}
				if int(idx[o]) != w {
					t.Fatalf("%s: index %d is %d, want %d", s.name(), o, idx[o], w)
				}
			}
			gotDX, guard := bordered(len(x))
			s.MaxBackward(gotDX, x, dy)
			guard(t, s.name())
			ones := make([]float64, len(dx))
			fillOnes(ones)
			checkNear(t, s.name()+": dx", gotDX, dx, ones, 16)
		})
	}
}

func fillOnes(x []float64) {
	for i := range x {
		x[i] = 1
	}
}

// An average counts the taps inside the input, or also those in the padding
// but not those beyond it, which windows reach in CeilMode.
func (s PoolShape) divisors() []float64 {
	oh, ow := s.Out()
	n := make([]float64, s.N*s.C*oh*ow)
	if !s.CountIncludePad {
		s.each(func(o, _ int) { n[o]++ })
		return n
	}
	for i := range n {
		o := i % (oh * ow)
		for k := range s.KH * s.KW {
			h := o/ow*s.StrideH + k/s.KW*s.DilationH // within the padded input
			w := o%ow*s.StrideW + k%s.KW*s.DilationW
			if h < s.PadTop+s.H+s.PadBottom && w < s.PadLeft+s.W+s.PadRight {
				n[i]++
			}
		}
	}
	return n
}

func TestAvgPool(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	for i, s := range poolShapes() {
		s.CountIncludePad = i%3 != 0
		oh, ow := s.Out()
		outs := s.N * s.C * oh * ow
		x, dy := randomSlice(r, s.N*s.C*s.H*s.W), randomSlice(r, outs)
		y, dx := make([]float64, outs), make([]float64, len(x))
		n := s.divisors()
		s.each(func(o, tap int) {
			y[o] += float64(x[tap]) / n[o]
			dx[tap] += float64(dy[o]) / n[o]
		})
		onesY, onesX := make([]float64, outs), make([]float64, len(x))
		fillOnes(onesY)
		fillOnes(onesX)
		onEachTier(t, func(t *testing.T) {
			got, guard := bordered(outs)
			s.AvgForward(got, x)
			guard(t, s.name())
			checkNear(t, s.name()+": y", got, y, onesY, 16)
			gotDX, guard := bordered(len(x))
			s.AvgBackward(gotDX, dy)
			guard(t, s.name())
			checkNear(t, s.name()+": dx", gotDX, dx, onesX, 16)
		})
	}
}

func TestPoolSizes(t *testing.T) {
	for _, c := range []struct {
		s      PoolShape
		oh, ow int
	}{
		// torch.nn.functional.max_pool2d of the same settings.
		{window(1, 1, 112, 112, 3, 2, 1), 56, 56},
		{window(1, 1, 112, 113, 3, 2, 0), 55, 56},
		{window(1, 1, 112, 113, 3, 2, 0).with(func(s *PoolShape) { s.CeilMode = true }), 56, 56},
		{window(1, 1, 6, 7, 2, 3, 1).with(func(s *PoolShape) { s.CeilMode = true }), 3, 3},
		{window(1, 1, 5, 5, 2, 3, 1).with(func(s *PoolShape) { s.CeilMode = true }), 2, 2},
		{window(1, 1, 1, 1, 2, 2, 0).with(func(s *PoolShape) { s.CeilMode = true }), 1, 1},
		{window(1, 1, 9, 9, 3, 2, 1).with(func(s *PoolShape) { s.DilationH, s.DilationW = 2, 3 }), 4, 3},
	} {
		if oh, ow := c.s.Out(); oh != c.oh || ow != c.ow {
			t.Errorf("%s: output %dx%d, want %dx%d", c.s.name(), oh, ow, c.oh, c.ow)
		}
	}
}

func TestPoolShapeErrors(t *testing.T) {
	ok := window(1, 1, 8, 8, 3, 2, 1)
	for want, s := range map[string]PoolShape{
		"StrideH is 0":                 ok.with(func(s *PoolShape) { s.StrideH = 0 }),
		"DilationW is 0":               ok.with(func(s *PoolShape) { s.DilationW = 0 }),
		"KW is -1":                     ok.with(func(s *PoolShape) { s.KW = -1 }),
		"C is -2":                      ok.with(func(s *PoolShape) { s.C = -2 }),
		"PadLeft is -1":                ok.with(func(s *PoolShape) { s.PadLeft = -1 }),
		"padding of 3 rows":            ok.with(func(s *PoolShape) { s.PadBottom = 3 }),
		"padding of 5 columns":         ok.with(func(s *PoolShape) { s.PadLeft = 5 }),
		"3x3 is larger than the input": window(1, 1, 2, 2, 3, 1, 0),
		"9x3 is larger than the input": ok.with(func(s *PoolShape) { s.KH, s.H, s.DilationH = 5, 6, 2 }),
		"H is 0":                       ok.with(func(s *PoolShape) { s.H = 0 }),
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", s.name(), err, want)
		}
	}
	if err := ok.Validate(); err != nil {
		t.Error(err)
	}
}

func TestGlobalAvgPool(t *testing.T) {
	r := rand.New(rand.NewPCG(45, 46))
	for _, s := range shapes3 {
		nc, x, dy := s.n*s.c, randomSlice(r, s.size()), randomSlice(r, s.n*s.c)
		y, dx := make([]float64, nc), make([]float64, s.size())
		for i, v := range x {
			y[i/s.hw] += float64(v) / float64(s.hw)
			dx[i] = float64(dy[i/s.hw]) / float64(s.hw)
		}
		onEachTier(t, func(t *testing.T) {
			gotY, gotDX := fresh(nc), fresh(s.size())
			GlobalAvgPool(gotY, x, nc, s.hw)
			checkNear(t, "GlobalAvgPool "+s.String(), gotY, y, nil, 1.001)
			GlobalAvgPoolGrad(gotDX, dy, nc, s.hw)
			checkNear(t, "GlobalAvgPoolGrad "+s.String(), gotDX, dx, nil, 1)
		})
	}
}

func TestPoolRepeats(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 48))
	for _, s := range []PoolShape{window(3, 11, 57, 56, 3, 2, 1), window(5, 15, 23, 31, 3, 1, 1)} {
		oh, ow := s.Out()
		x := randomSlice(r, s.N*s.C*s.H*s.W)
		y, dx, idx := fresh(s.N*s.C*oh*ow), fresh(len(x)), make([]int64, s.N*s.C*oh*ow)
		onEachTier(t, func(t *testing.T) {
			checkRepeats(t, s.name(), func() []float32 {
				s.MaxForward(y, x)
				s.MaxIndices(idx, x)
				s.MaxBackward(dx, x, y)
				s.AvgForward(y, dx)
				s.AvgBackward(dx, y)
				GlobalAvgPool(y[:s.N*s.C], dx, s.N*s.C, s.H*s.W)
				GlobalAvgPoolGrad(dx, y[:s.N*s.C], s.N*s.C, s.H*s.W)
				return dx
			})
		})
	}
}

func BenchmarkPool(b *testing.B) {
	for _, c := range []struct {
		name string
		s    PoolShape
	}{
		{"3x3s2", window(8, 64, 112, 112, 3, 2, 1)},
		{"3x3s1", window(8, 64, 56, 56, 3, 1, 1)},
		{"2x2s2", window(128, 16, 32, 32, 2, 2, 0)},
	} {
		s := c.s
		oh, ow := s.Out()
		in, out := s.N*s.C*s.H*s.W, s.N*s.C*oh*ow
		x, y, dx := randomSlice(rand.New(rand.NewPCG(1, 2)), in), make([]float32, out), make([]float32, in)
		for name, run := range map[string]func(){
			"MaxForward":  func() { s.MaxForward(y, x) },
			"MaxBackward": func() { s.MaxBackward(dx, x, y) },
			"AvgForward":  func() { s.AvgForward(y, x) },
			"AvgBackward": func() { s.AvgBackward(dx, y) },
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				arrays := in + out
				if name == "MaxBackward" {
					arrays += in
				}
				b.SetBytes(int64(4 * arrays))
				for range b.N {
					run()
				}
			})
		}
	}
}
