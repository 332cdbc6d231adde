package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A mapCase is a kernel that computes each element of dst from the elements of
// its inputs at the same place.
type mapCase struct {
	name   string
	inputs int
	run    func(dst []float32, in [][]float32)
	// want returns the true value and the magnitude that rounding errors are
	// measured by.
	want func(v []float64) (want, scale float64)
	tol  float64 // allowed error in units of the last place of scale
	// reads says that dst is input 0, else dst is overwritten whatever it holds.
	reads bool
}

// plain is a want that is its own scale.
func plain(f func(v []float64) float64) func(v []float64) (float64, float64) {
	return func(v []float64) (float64, float64) { w := f(v); return w, w }
}

var elementwiseCases = []mapCase{
	{name: "Add", inputs: 2,
		run:  func(dst []float32, in [][]float32) { Add(dst, in[0], in[1]) },
		want: plain(func(v []float64) float64 { return v[0] + v[1] })},
	{name: "Mul", inputs: 2,
		run:  func(dst []float32, in [][]float32) { Mul(dst, in[0], in[1]) },
		want: plain(func(v []float64) float64 { return v[0] * v[1] })},
	{name: "Scale", inputs: 1,
		run:  func(dst []float32, in [][]float32) { Scale(dst, in[0], 1.7) },
		want: plain(func(v []float64) float64 { return v[0] * float64(float32(1.7)) })},
	{name: "Axpy", inputs: 2, reads: true, tol: 2,
		run: func(dst []float32, in [][]float32) { Axpy(dst, -0.3, in[1]) },
		want: func(v []float64) (float64, float64) {
			p := float64(float32(-0.3)) * v[1]
			return v[0] + p, math.Abs(v[0]) + math.Abs(p)
		}},
	{name: "Clamp", inputs: 1,
		run:  func(dst []float32, in [][]float32) { Clamp(dst, in[0], 0.5) },
		want: plain(func(v []float64) float64 { return max(-0.5, min(v[0], 0.5)) })},
	{name: "Fill", inputs: 0,
		run:  func(dst []float32, in [][]float32) { Fill(dst, 2.5) },
		want: plain(func(v []float64) float64 { return 2.5 })},
}

func TestElementwise(t *testing.T) { testMaps(t, elementwiseCases) }

// testMaps runs the cases on every tier and length, on normal and on special
// values, into memory of its own and over each input.
func testMaps(t *testing.T, cases []mapCase) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, n := range lengths {
		for _, values := range []func(*rand.Rand, int) []float32{randomSlice, specialSlice} {
			in := [][]float32{values(r, n), values(r, n), values(r, n)}
			for _, c := range cases {
				testMap(t, c, in[:c.inputs], n)
			}
		}
	}
	in := [][]float32{randomSlice(r, 2*grain+5), randomSlice(r, 2*grain+5), randomSlice(r, 2*grain+5)}
	dst := make([]float32, 2*grain+5)
	for _, c := range cases {
		checkRepeats(t, c.name, func() []float32 {
			if c.reads {
				copy(dst, in[0])
			}
			c.run(dst, in[:c.inputs])
			return dst
		})
	}
}

func testMap(t *testing.T, c mapCase, in [][]float32, n int) {
	t.Helper()
	want, scale := make([]float64, n), make([]float64, n)
	v := make([]float64, len(in))
	for i := range want {
		for k := range in {
			v[k] = float64(in[k][i])
		}
		want[i], scale[i] = c.want(v)
	}
	defer SetTier(CurrentTier())
	for _, tier := range Tiers() {
		SetTier(tier)
		what := c.name + " on " + tier.String()
		dst, check := bordered(n)
		if c.reads {
			copy(dst, in[0])
		}
		c.run(dst, in)
		check(t, what)
		checkNear(t, what, dst, want, scale, c.tol)
		for k := range in {
			over := append([][]float32(nil), in...)
			dst, check := bordered(n)
			copy(dst, in[k])
			over[k] = dst
			if c.reads && k > 0 {
				continue
			}
			c.run(dst, over)
			check(t, what)
			checkNear(t, what+" in place", dst, want, scale, c.tol)
		}
	}
}

func TestFillKeepsTheSignOfZero(t *testing.T) {
	x := make([]float32, 5)
	Fill(x, float32(math.Copysign(0, -1)))
	for i, v := range x {
		if v != 0 || !math.Signbit(float64(v)) {
			t.Errorf("element %d is %v, want -0", i, v)
		}
	}
}

func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, n := range lengths {
		a, b := randomSlice(r, n), randomSlice(r, n)
		for i := range a {
			a[i] += 1000 // float32 sums would show
		}
		var sum, squares, dot float64
		for i, v := range a {
			sum += float64(v)
			squares += float64(v) * float64(v)
			dot += float64(v) * float64(b[i])
		}
		onEachTier(t, func(t *testing.T) {
			if got := Sum(a); got != float32(sum) {
				t.Errorf("Sum of %d = %v, want %v", n, got, sum)
			}
			if got := SumSquares(a); math.Abs(got-squares) > 1e-13*squares {
				t.Errorf("SumSquares of %d = %v, want %v", n, got, squares)
			}
			if got := Dot(a, b); math.Abs(got-dot) > 1e-10*(squares+1) {
				t.Errorf("Dot of %d = %v, want %v", n, got, dot)
			}
		})
	}
	x := randomSlice(r, 5*grain)
	out := make([]float32, 3)
	checkRepeats(t, "Sum, SumSquares, Dot", func() []float32 {
		out[0], out[1], out[2] = Sum(x), float32(SumSquares(x)), float32(Dot(x, x))
		return out
	})
}

func TestSumsOfSpecialValues(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		for at := range 40 {
			x := make([]float32, 40)
			x[at] = inf
			if got := Sum(x); got != inf {
				t.Errorf("Sum with Inf at %d = %v", at, got)
			}
			x[at] = nan
			if got := Sum(x); got == got {
				t.Errorf("Sum with NaN at %d = %v", at, got)
			}
			x[at] = 1e30
			if got := SumSquares(x); math.Abs(got/1e60-1) > 1e-6 {
				t.Errorf("SumSquares of 1e30 at %d = %v", at, got)
			}
		}
	})
}

func TestBias(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for _, s := range shapes3 {
		x, bias := randomSlice(r, s.size()), randomSlice(r, s.c)
		sum, grad := make([]float64, s.size()), make([]float64, s.c)
		for i, v := range x {
			c := i / s.hw % s.c
			sum[i] = float64(v) + float64(bias[c])
			grad[c] += float64(v)
		}
		onEachTier(t, func(t *testing.T) {
			y, check := bordered(s.size())
			AddBias(y, x, bias, s.n, s.c, s.hw)
			check(t, "AddBias")
			checkNear(t, "AddBias "+s.String(), y, sum, nil, 0)
			copy(y, x)
			AddBias(y, y, bias, s.n, s.c, s.hw)
			checkNear(t, "AddBias in place "+s.String(), y, sum, nil, 0)
			dbias := fresh(s.c)
			BiasGrad(dbias, x, s.n, s.c, s.hw)
			checkNear(t, "BiasGrad "+s.String(), dbias, grad, nil, 1.001)
			checkRepeats(t, "BiasGrad "+s.String(), func() []float32 {
				AddBias(y, x, bias, s.n, s.c, s.hw)
				BiasGrad(dbias, y, s.n, s.c, s.hw)
				return dbias
			})
		})
	}
}

// Wrong lengths must not reach the assembly.
func TestLengthsAreChecked(t *testing.T) {
	a, b := make([]float32, 8), make([]float32, 9)
	for name, f := range map[string]func(){
		"Add":           func() { Add(a, a, b) },
		"Scale":         func() { Scale(b, a, 1) },
		"Dot":           func() { Dot(a, b) },
		"ReLU":          func() { ReLU(a, b) },
		"ReLUGrad":      func() { ReLUGrad(a, b, a) },
		"AddBias":       func() { AddBias(a, a, b, 2, 4, 1) },
		"BiasGrad":      func() { BiasGrad(a, b, 1, 8, 1) },
		"Stats":         func() { NormShape{N: 1, C: 8, HW: 1}.Stats(a, b, a) },
		"Softmax":       func() { Softmax(a, b, 1, 8, 1) },
		"GlobalAvgPool": func() { GlobalAvgPool(a, b, 2, 4) },
		"MaxForward": func() {
			PoolShape{N: 1, C: 1, H: 3, W: 3, KH: 2, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}.MaxForward(a, b)
		},
		"SGD": func() { SGD{Momentum: 1}.Step(a, a, b, true) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s accepts slices of wrong length", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkAdd(b *testing.B) {
	benchShapes(b, 3, func(_ shape3, x, y, z []float32) { Add(z, x, y) })
}

func BenchmarkAxpy(b *testing.B) {
	benchShapes(b, 3, func(_ shape3, x, y, _ []float32) { Axpy(y, 1e-9, x) })
}

func BenchmarkSum(b *testing.B) {
	benchShapes(b, 1, func(_ shape3, x, _, _ []float32) { Sum(x) })
}

func BenchmarkBiasGrad(b *testing.B) {
	dbias := make([]float32, 512)
	benchShapes(b, 1, func(s shape3, x, _, _ []float32) { BiasGrad(dbias[:s.c], x, s.n, s.c, s.hw) })
}

// TestAddColumns adds numbers of rows around the four that are read at a time, to
// columns at the end of the rows too, and wants the bits of one row after the
// other.
func TestAddColumns(t *testing.T) {
	const pitch = 11
	for rows := range 14 {
		x := make([]float32, rows*pitch)
		for i := range x {
			x[i] = float32(math.Sin(float64(i))) * float32(int(1)<<(i%20))
		}
		for _, first := range []int{0, 7} {
			got, want := []float64{1, -1, 1e9, 0.1}, []float64{1, -1, 1e9, 0.1}
			for r := range rows {
				for i := range want {
					want[i] += float64(x[r*pitch+first+i])
				}
			}
			addColumns(got, x[min(first, len(x)):], rows, pitch)
			if !slices.Equal(got, want) {
				t.Errorf("%d rows, columns from %d on: %v, want %v", rows, first, got, want)
			}
		}
	}
}
