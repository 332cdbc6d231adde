package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// square returns the shape of a square convolution with one group.
func square(n, c, hw, k, window, stride, pad int) ConvShape {
	return ConvShape{N: n, C: c, H: hw, W: hw, K: k, KH: window, KW: window, StrideH: stride, StrideW: stride,
		PadTop: pad, PadLeft: pad, PadBottom: pad, PadRight: pad, DilationH: 1, DilationW: 1, Groups: 1}
}

// grouped returns s in so many groups.
func grouped(groups int, s ConvShape) ConvShape { s.Groups = groups; return s }

func (s ConvShape) name() string {
	return fmt.Sprintf("n%d_c%d_%dx%d_k%d_w%dx%d_s%dx%d_p%d.%d.%d.%d_d%dx%d_g%d", s.N, s.C, s.H, s.W, s.K, s.KH, s.KW,
		s.StrideH, s.StrideW, s.PadTop, s.PadLeft, s.PadBottom, s.PadRight, s.DilationH, s.DilationW, s.Groups)
}

// with returns s after change.
func (s ConvShape) with(change func(s *ConvShape)) ConvShape { change(&s); return s }

// convShapes is the table of shapes that every convolution test goes through.
func convShapes() []ConvShape {
	groups := func(g int) func(*ConvShape) { return func(s *ConvShape) { s.Groups = g } }
	dilation := func(d int) func(*ConvShape) { return func(s *ConvShape) { s.DilationH, s.DilationW = d, d } }
	shapes := []ConvShape{
		square(1, 1, 1, 1, 1, 1, 0),
		square(1, 1, 1, 1, 3, 1, 1),
		square(2, 3, 1, 5, 3, 2, 1),
		square(3, 1, 5, 1, 3, 1, 1),
		square(1, 16, 32, 16, 3, 1, 1),
		square(2, 16, 16, 32, 3, 2, 1),
		square(3, 64, 8, 64, 3, 1, 1),
		square(2, 64, 7, 72, 3, 1, 1),
		square(9, 8, 7, 24, 3, 1, 1),
		square(10, 12, 4, 9, 3, 1, 1),
		square(1, 3, 37, 64, 7, 2, 3),
		square(2, 24, 14, 40, 1, 1, 0),
		square(2, 24, 15, 40, 1, 2, 0),
		square(1, 24, 15, 40, 1, 3, 2),
		square(2, 5, 6, 7, 4, 3, 0),
		square(1, 4, 9, 3, 2, 5, 0), // the last rows and columns are not used
		square(1, 2, 3, 2, 3, 1, 4), // padding wider than the window
		square(1, 130, 5, 131, 3, 1, 1),
		square(2, 8, 9, 8, 3, 1, 2).with(dilation(2)),
		square(2, 8, 12, 8, 3, 2, 3).with(dilation(3)),
		square(1, 6, 12, 10, 2, 2, 1).with(dilation(4)),
		square(2, 8, 9, 12, 3, 1, 1).with(groups(4)),
		square(2, 32, 6, 64, 3, 2, 1).with(groups(8)),
		square(2, 64, 9, 64, 3, 1, 1).with(groups(32)),
		square(2, 17, 9, 17, 3, 1, 1).with(groups(17)),
		square(1, 16, 23, 16, 5, 2, 2).with(groups(16)),
		square(2, 6, 9, 12, 3, 1, 1).with(groups(6)),
		square(1, 5, 40, 6, 3, 1, 1).with(func(s *ConvShape) { s.H, s.KH = 3, 1 }),
		square(2, 5, 4, 6, 3, 1, 1).with(func(s *ConvShape) { s.W, s.KW, s.StrideW = 70, 5, 3 }),
		square(2, 3, 8, 4, 3, 1, 0).with(func(s *ConvShape) { s.PadTop, s.PadRight = 2, 1 }),
		square(2, 3, 8, 4, 3, 2, 0).with(func(s *ConvShape) { s.PadBottom, s.PadLeft, s.DilationW = 3, 2, 2 }),
	}
	blocks := func(c, k int) func(*ConvShape) { return func(s *ConvShape) { s.C, s.K = c, k } }
	shapes = append(shapes,
		square(2, 3, 19, 32, 7, 2, 3),
		square(2, 1, 32, 16, 3, 1, 1),
		square(1, 3, 9, 48, 5, 1, 2),
		square(1, 16, 1, 16, 1, 1, 0),
		square(1, 16, 3, 16, 3, 1, 4), // windows outside the image
		square(2, 32, 14, 32, 3, 1, 1),
		square(3, 64, 7, 96, 3, 1, 1),
		square(2, 48, 15, 16, 3, 2, 1),
		square(2, 32, 14, 64, 1, 2, 0),
		square(2, 80, 7, 48, 1, 1, 0),
		square(5, 128, 5, 256, 1, 1, 0), // several images make a band
		square(1, 256, 7, 288, 3, 1, 1),
		square(2, 64, 9, 128, 3, 1, 2).with(groups(4)).with(dilation(2)),
		square(2, 32, 23, 32, 5, 2, 2).with(groups(2)),
		square(2, 1, 28, 64, 4, 2, 1),
		square(1, 3, 15, 32, 4, 2, 1),
		square(3, 2, 40, 16, 5, 1, 2), // an image makes several bands
		square(2, 3, 11, 16, 4, 3, 2),
		square(1, 2, 9, 16, 3, 2, 4), // windows outside the image
		square(1, 5, 14, 16, 2, 2, 1).with(dilation(3)),
		square(3, 20, 4, 33, 4, 1, 0), // the window is the whole image
		square(2, 32, 4, 1, 4, 2, 0),
		square(5, 16, 1, 48, 1, 1, 0),
		square(2, 3, 4, 16, 4, 3, 0).with(func(s *ConvShape) { s.PadBottom, s.PadRight = 2, 1 }),
	)
	r := rand.New(rand.NewPCG(1, 2))
	for len(shapes) < 130 {
		s := randomShape(r)
		if len(shapes)%3 == 0 {
			s = s.with(blocks(s.Groups*Block*(1+r.IntN(2)), s.Groups*Block*(1+r.IntN(3))))
		}
		if s.Validate() == nil {
			shapes = append(shapes, s)
		}
	}
	return append(shapes, narrowShapes(r)...)
}

// narrowShapes are convolutions in groups of fewer channels than a block has, which
// lead to as many: with borders of every kind, runs of taps of every length and
// images that are narrow or of one row.
func narrowShapes(r *rand.Rand) []ConvShape {
	narrow := func(s ConvShape, blocks, g int) ConvShape {
		return s.with(func(s *ConvShape) { s.C, s.K, s.Groups = blocks*Block, blocks*Block, blocks*Block/g })
	}
	var shapes []ConvShape
	for i, s := range []ConvShape{
		square(2, 0, 15, 0, 3, 1, 1),
		square(2, 0, 15, 0, 3, 2, 1),
		square(1, 0, 8, 0, 5, 1, 2),
		square(1, 0, 9, 0, 7, 2, 3),
		square(1, 0, 6, 0, 1, 1, 0),
		square(1, 0, 3, 0, 3, 1, 4), // windows outside the image
		square(1, 0, 30, 0, 3, 1, 1).with(func(s *ConvShape) { s.W = 3 }),
		square(1, 0, 1, 0, 3, 1, 1).with(func(s *ConvShape) { s.W = 40 }),
	} {
		for _, g := range []int{1, 2, 4, 8} {
			shapes = append(shapes, narrow(s, 1+i%2, g))
		}
	}
	for len(shapes) < 80 {
		if s := narrow(randomShape(r), 1+r.IntN(3), 1<<r.IntN(4)); s.Validate() == nil {
			shapes = append(shapes, s)
		}
	}
	if testing.Short() { // under emulation and the race detector
		some := shapes[:0]
		for i := 0; i < len(shapes); i += 4 {
			some = append(some, shapes[i])
		}
		shapes = some
	}
	return shapes
}

func randomShape(r *rand.Rand) ConvShape {
	g := []int{1, 1, 1, 2, 3, 8}[r.IntN(6)]
	return ConvShape{
		N: 1 + r.IntN(4), C: g * (1 + r.IntN(9)), H: 1 + r.IntN(14), W: 1 + r.IntN(24), K: g * (1 + r.IntN(20)),
		KH: 1 + r.IntN(4), KW: 1 + r.IntN(4), StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(3),
		PadTop: r.IntN(3), PadLeft: r.IntN(3), PadBottom: r.IntN(3), PadRight: r.IntN(3),
		DilationH: 1 + r.IntN(2), DilationW: 1 + r.IntN(3), Groups: g,
	}
}

// products calls f for every product of the convolution with its indices into
// y, x and w; it is the definition that the kernels are held against.
func (s ConvShape) products(f func(y, x, w int)) {
	oh, ow := s.Out()
	cg, kg := s.C/s.Groups, s.K/s.Groups
	for n := range s.N {
		for k := range s.K {
			for c := range cg {
				for kh := range s.KH {
					for kw := range s.KW {
						for i := range oh {
							for j := range ow {
								ih, iw := i*s.StrideH+kh*s.DilationH-s.PadTop, j*s.StrideW+kw*s.DilationW-s.PadLeft
								if ih >= 0 && ih < s.H && iw >= 0 && iw < s.W {
									f(((n*s.K+k)*oh+i)*ow+j, ((n*s.C+k/kg*cg+c)*s.H+ih)*s.W+iw, ((k*cg+c)*s.KH+kh)*s.KW+kw)
								}
							}
						}
					}
				}
			}
		}
	}
}

// randomSlice returns n normal values. Nothing may be written or read past its
// end: its capacity ends there.
func randomSlice(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return slices.Clip(x)
}

func wide(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// checkClose fails if got is not want up to the rounding of float32 sums;
// scale[i] is the sum of the magnitudes that were added up in element i.
func checkClose(t *testing.T, what string, got []float32, want, scale []float64) {
	t.Helper()
	for i, w := range want {
		g := float64(got[i])
		if math.IsNaN(w) || math.IsInf(w, 0) {
			if math.IsNaN(w) != math.IsNaN(g) || math.IsInf(w, 0) && g != w {
				t.Errorf("%s[%d] = %v, want %v", what, i, g, w)
				return
			}
			continue
		}
		if d := math.Abs(g - w); !(d <= 2e-6*scale[i]+1e-30) {
			t.Errorf("%s[%d] = %v, want %v (off by %.2g of %.2g)", what, i, g, w, d, scale[i])
			return
		}
	}
}

// convCase holds a shape's random arguments and its true results.
type convCase struct {
	s                        ConvShape
	x, w, bias, residual, dy []float32
	y, dx, dw                []float64
	scaleY, scaleX, scaleW   []float64
}

func newConvCase(s ConvShape, r *rand.Rand) *convCase {
	c := &convCase{s: s, x: randomSlice(r, s.inLen()), w: randomSlice(r, s.weightLen()),
		bias: randomSlice(r, s.K), residual: randomSlice(r, s.outLen()), dy: randomSlice(r, s.outLen())}
	c.y, c.scaleY = make([]float64, s.outLen()), make([]float64, s.outLen())
	c.dx, c.scaleX = make([]float64, s.inLen()), make([]float64, s.inLen())
	c.dw, c.scaleW = make([]float64, s.weightLen()), make([]float64, s.weightLen())
	s.products(func(y, x, w int) {
		xv, wv, dv := float64(c.x[x]), float64(c.w[w]), float64(c.dy[y])
		c.y[y] += xv * wv
		c.dx[x] += dv * wv
		c.dw[w] += dv * xv
		c.scaleY[y] += math.Abs(xv * wv)
		c.scaleX[x] += math.Abs(dv * wv)
		c.scaleW[w] += math.Abs(dv * xv)
	})
	return c
}

// epilogue returns the expected output with the parts of the epilogue that the
// bits of parts ask for.
func (c *convCase) epilogue(parts int) (e Epilogue, want []float64) {
	want = slices.Clone(c.y)
	per := len(want) / (c.s.N * c.s.K)
	if parts&1 != 0 {
		e.Bias = c.bias
	}
	if parts&2 != 0 {
		e.Residual = c.residual
	}
	e.ReLU = parts&4 != 0
	for i := range want {
		if e.Bias != nil {
			want[i] += float64(c.bias[i/per%c.s.K])
		}
		if e.Residual != nil {
			want[i] += float64(c.residual[i])
		}
		if e.ReLU && want[i] < 0 {
			want[i] = 0
		}
	}
	return e, want
}

func plan(t testing.TB, s ConvShape, l Layout) *layoutPlan {
	t.Helper()
	c, err := NewConv(s, l)
	if err != nil {
		t.Fatal(err)
	}
	oh, ow := s.Out()
	return &layoutPlan{c, l, arrangement{s.N, s.C, s.H * s.W, l == Blocked}, arrangement{s.N, s.K, oh * ow, l != Planar}}
}

// layoutPlan is a plan that takes and gives planar images, so that all layouts
// are held against the same numbers.
type layoutPlan struct {
	*Conv
	layout Layout
	x, y   arrangement
}

func (p *layoutPlan) Forward(y, x []float32, e Epilogue) {
	inner := p.y.in(y)
	if e.Residual != nil {
		e.Residual = p.y.in(e.Residual)
	}
	p.Conv.Forward(inner, p.x.in(x), e)
	p.y.out(y, inner)
}

func (p *layoutPlan) InputGrad(dx, dy, w []float32) {
	inner := p.x.in(dx)
	p.Conv.InputGrad(inner, p.y.in(dy), w)
	p.x.out(dx, inner)
}

func (p *layoutPlan) WeightGrad(dw, x, dy []float32) { p.Conv.WeightGrad(dw, p.x.in(x), p.y.in(dy)) }

// arrangement is an array of images, planar or blocked.
type arrangement struct {
	n, c, hw int
	blocked  bool
}

// each calls f with the places of every element in the planar array and in a's.
func (a arrangement) each(f func(planar, inner int)) {
	for i := range a.n * a.c * a.hw {
		plane, p := i/a.hw, i%a.hw
		if a.blocked {
			f(i, (plane/Block*a.hw+p)*Block+plane%Block)
		} else {
			f(i, i)
		}
	}
}

func (a arrangement) in(x []float32) []float32 {
	inner := make([]float32, len(x))
	a.each(func(i, j int) { inner[j] = x[i] })
	return inner
}

func (a arrangement) out(x, inner []float32) { a.each(func(i, j int) { x[i] = inner[j] }) }

// onEachPlan runs f as a subtest for every tier and layout that s suits.
func onEachPlan(t *testing.T, s ConvShape, f func(t *testing.T, p *layoutPlan)) {
	onEachTier(t, func(t *testing.T) {
		for l, name := range []string{Planar: "planar", Blocked: "blocked", Entry: "entry"} {
			if s.Suits(Layout(l)) {
				t.Run(name, func(t *testing.T) { f(t, plan(t, s, Layout(l))) })
			}
		}
	})
}

// fresh returns n values that a kernel must overwrite.
func fresh(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return slices.Clip(x)
}

func TestConv(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i, s := range convShapes() {
		c := newConvCase(s, r)
		onEachPlan(t, s, func(t *testing.T, p *layoutPlan) {
			p.Pack(c.w)
			for _, parts := range []int{0, 7, i % 8} {
				e, want := c.epilogue(parts)
				scale := slices.Clone(c.scaleY)
				for i := range scale {
					scale[i] += 10 // bias and residual
				}
				y := fresh(s.outLen())
				p.Forward(y, c.x, e)
				checkClose(t, fmt.Sprintf("%s epilogue %d: y", s.name(), parts), y, want, scale)
			}
			dx, dw := fresh(s.inLen()), fresh(s.weightLen())
			for range 2 { // the second call meets used scratch memory
				p.InputGrad(dx, c.dy, c.w)
				checkClose(t, s.name()+": dx", dx, c.dx, c.scaleX)
				p.WeightGrad(dw, c.x, c.dy)
				checkClose(t, s.name()+": dw", dw, c.dw, c.scaleW)
			}
		})
	}
}

// TestConvSpreadsNaN puts single bad values into the arguments: the results
// that depend on them are bad as the definition says, and no others are.
func TestConvSpreadsNaN(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for _, s := range []ConvShape{square(2, 4, 6, 5, 3, 1, 1), square(2, 4, 9, 9, 3, 2, 1), square(1, 8, 7, 8, 1, 1, 0),
		square(2, 32, 6, 16, 3, 1, 1), square(1, 16, 9, 32, 3, 2, 1), square(1, 3, 9, 16, 7, 2, 3),
		square(2, 3, 12, 32, 4, 2, 1), square(3, 4, 4, 5, 4, 1, 0),
		grouped(32, square(2, 32, 8, 32, 3, 1, 1)), grouped(4, square(1, 16, 9, 16, 3, 2, 1)), grouped(4, square(1, 32, 9, 32, 3, 1, 1))} {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			x, w := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen())
			i := r.IntN(len(x))
			x[i] = bad
			reached := make([]bool, s.outLen())
			s.products(func(y, xi, _ int) { reached[y] = reached[y] || xi == i })
			dy := randomSlice(r, s.outLen())
			j := r.IntN(len(dy))
			dy[j] = bad
			reachedX := make([]bool, s.inLen())
			s.products(func(y, xi, _ int) { reachedX[xi] = reachedX[xi] || y == j })
			onEachPlan(t, s, func(t *testing.T, p *layoutPlan) {
				p.Pack(w)
				y, dx := fresh(s.outLen()), fresh(s.inLen())
				p.Forward(y, x, Epilogue{})
				checkFinite(t, s.name()+" y", y, reached)
				p.InputGrad(dx, dy, w)
				checkFinite(t, s.name()+" dx", dx, reachedX)
			})
		}
	}
}

func checkFinite(t *testing.T, what string, got []float32, reached []bool) {
	t.Helper()
	for i, v := range got {
		if finite := v-v == 0; finite == reached[i] {
			t.Fatalf("%s[%d] = %v, depends on the bad value: %v", what, i, v, reached[i])
		}
	}
}

// TestConvSameBitsAtAnyGOMAXPROCS takes shapes of every way to cut the work.
func TestConvSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	for _, s := range []ConvShape{
		square(1, 16, 20, 24, 3, 1, 1), square(9, 16, 12, 16, 3, 1, 1), square(2, 160, 6, 200, 3, 1, 1), square(8, 16, 15, 24, 3, 2, 1),
		square(9, 32, 12, 32, 3, 1, 1), square(1, 256, 7, 256, 3, 1, 1), square(2, 3, 20, 64, 7, 2, 3),
		grouped(16, square(1, 64, 13, 64, 3, 1, 1)), grouped(64, square(5, 64, 10, 64, 3, 2, 1)),
		square(3, 3, 40, 64, 4, 2, 1), square(64, 100, 4, 64, 4, 1, 0),
	} {
		x, w, dy := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), randomSlice(r, s.outLen())
		onEachPlan(t, s, func(t *testing.T, first *layoutPlan) {
			checkAnyProcs(t, s.name(), func() [][]float32 {
				y, dx, dw := fresh(s.outLen()), fresh(s.inLen()), fresh(s.weightLen())
				p := plan(t, s, first.layout)
				p.Pack(w)
				p.Forward(y, x, Epilogue{ReLU: true})
				p.InputGrad(dx, dy, w)
				p.WeightGrad(dw, x, dy)
				return [][]float32{y, dx, dw}
			})
		})
	}
}

func TestConvDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, s := range []ConvShape{square(1, 16, 20, 24, 3, 1, 1), square(9, 16, 12, 16, 3, 1, 1), square(8, 16, 15, 24, 3, 2, 1),
		square(9, 32, 12, 32, 3, 1, 1), square(2, 3, 20, 64, 7, 2, 3), grouped(8, square(9, 32, 12, 32, 3, 1, 1)),
		square(9, 1, 28, 64, 4, 2, 1), square(64, 100, 4, 64, 4, 1, 0)} {
		x, w, y, bias := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), make([]float32, s.outLen()), randomSlice(r, s.K)
		onEachPlan(t, s, func(t *testing.T, planar *layoutPlan) {
			withProcs(t, 2, func() {
				p := planar.Conv
				n := testing.AllocsPerRun(rounds(), func() {
					p.Pack(w)
					p.Forward(y, x, Epilogue{Bias: bias, Residual: y, ReLU: true})
					p.Compute(y, x, w, Epilogue{Bias: bias, Residual: y, ReLU: true})
					p.InputGrad(x, y, w)
					p.WeightGrad(w, x, y)
				})
				if n > 0 {
					t.Errorf("%s: %v allocations a round, want 0", s.name(), n)
				}
			})
		})
	}
}

func TestConvShapeValidate(t *testing.T) {
	good := square(2, 8, 9, 12, 3, 2, 1)
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	if oh, ow := good.Out(); oh != 5 || ow != 5 {
		t.Errorf("output %dx%d, want 5x5", oh, ow)
	}
	for name, change := range map[string]func(*ConvShape){
		"batch":    func(s *ConvShape) { s.N = 0 },
		"channels": func(s *ConvShape) { s.C = -1 },
		"output":   func(s *ConvShape) { s.K = 0 },
		"window":   func(s *ConvShape) { s.KW = 0 },
		"stride":   func(s *ConvShape) { s.StrideH = 0 },
		"dilation": func(s *ConvShape) { s.DilationW = 0 },
		"padding":  func(s *ConvShape) { s.PadRight = -1 },
		"groups":   func(s *ConvShape) { s.Groups = 3 },
		"too wide": func(s *ConvShape) { s.DilationW = 20 },
	} {
		s := good.with(change)
		if err := s.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := NewConv(s, Planar); err == nil {
			t.Errorf("%s: NewConv gives no error", name)
		}
	}
}

func TestConvPanicsOnWrongLengths(t *testing.T) {
	s := square(1, 2, 4, 3, 3, 1, 1)
	p := plan(t, s, Planar)
	x, w, y := make([]float32, s.inLen()), make([]float32, s.weightLen()), make([]float32, s.outLen())
	p.Pack(w)
	for name, call := range map[string]func(){
		"weights":   func() { p.Pack(w[1:]) },
		"x":         func() { p.Forward(y, x[1:], Epilogue{}) },
		"y":         func() { p.Forward(y[1:], x, Epilogue{}) },
		"bias":      func() { p.Forward(y, x, Epilogue{Bias: w}) },
		"residual":  func() { p.Forward(y, x, Epilogue{Residual: x[:1]}) },
		"compute":   func() { p.Compute(y, x, w[1:], Epilogue{}) },
		"dx":        func() { p.InputGrad(x[1:], y, w) },
		"bias of x": func() { p.Transpose(x, y, w, y) },
		"dw":        func() { p.WeightGrad(w[1:], x, y) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
