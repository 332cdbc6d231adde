package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A softmaxCase holds what softmax, log-softmax and their gradients should be,
// in float64.
type softmaxCase struct {
	s                    shape3 // outer, n, inner
	x, dy                []float32
	y, log, dx, logDX    []float64
	scaleY               []float64
	scaleLog, scaleLogDX []float64
}

func newSoftmaxCase(r *rand.Rand, s shape3) *softmaxCase {
	c := &softmaxCase{s: s, x: randomSlice(r, s.size()), dy: randomSlice(r, s.size())}
	for _, p := range []*[]float64{&c.y, &c.log, &c.dx, &c.logDX, &c.scaleY, &c.scaleLog, &c.scaleLogDX} {
		*p = make([]float64, s.size())
	}
	for i := range c.x {
		c.x[i] *= 10
	}
	for line := range s.n * s.hw {
		at := func(k int) int { return (line/s.hw*s.c+k)*s.hw + line%s.hw }
		var most, sum, dot, dsum, spread, dabs float64
		most = math.Inf(-1)
		for k := range s.c {
			most = max(most, float64(c.x[at(k)]))
		}
		for k := range s.c {
			sum += math.Exp(float64(c.x[at(k)]) - most)
		}
		for k := range s.c {
			i := at(k)
			c.log[i] = float64(c.x[i]) - most - math.Log(sum)
			c.y[i] = math.Exp(c.log[i])
			c.scaleY[i] = c.y[i] * (1 + math.Abs(float64(c.x[i])-most)) // x - most is rounded
			c.scaleLog[i] = math.Abs(float64(c.x[i])-most) + math.Log(sum) + 1e-6
			dot += c.y[i] * float64(c.dy[i])
			dsum += float64(c.dy[i])
			dabs += math.Abs(float64(c.dy[i]))
			spread += c.y[i] * math.Abs(float64(c.x[i])-most) // what rounding x - most costs the sum
		}
		for k := range s.c {
			i := at(k)
			c.scaleLog[i] += spread
			if s.hw > 1 {
				c.scaleLog[i]++ // strips of lines are added up in float32
			}
			c.dx[i] = c.y[i] * (float64(c.dy[i]) - dot)
			c.logDX[i] = float64(c.dy[i]) - c.y[i]*dsum
			c.scaleLogDX[i] = math.Abs(float64(c.dy[i])) + c.y[i]*dabs*(1+math.Abs(c.log[i]))
		}
	}
	return c
}

func TestSoftmax(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	shapes := []shape3{{1, 1, 1}, {1, 1, 9}, {3, 10, 1}, {2, 1000, 1}, {7, 33, 1}, {2, 5, 129}, {3, 21, 63}, {1, 17, 7}, {1, 2, 1}, {5, 3000, 3}, {0, 4, 2}}
	for n := range 40 {
		shapes = append(shapes, shape3{2, n + 1, 1})
	}
	for _, s := range shapes {
		c := newSoftmaxCase(r, s)
		onEachTier(t, func(t *testing.T) { c.check(t) })
	}
}

func (c *softmaxCase) check(t *testing.T) {
	s := c.s
	ones := make([]float64, s.size())
	fillOnes(ones)
	out, guard := bordered(s.size())
	Softmax(out, c.x, s.n, s.c, s.hw)
	guard(t, "Softmax")
	checkNear(t, "Softmax "+s.String(), out, c.y, c.scaleY, 4)
	SoftmaxGrad(out, out, c.dy, s.n, s.c, s.hw)
	checkNear(t, "SoftmaxGrad "+s.String(), out, c.dx, ones, 16)

	LogSoftmax(out, c.x, s.n, s.c, s.hw)
	guard(t, "LogSoftmax")
	checkNear(t, "LogSoftmax "+s.String(), out, c.log, c.scaleLog, 4)
	LogSoftmaxGrad(out, out, c.dy, s.n, s.c, s.hw)
	guard(t, "LogSoftmaxGrad")
	checkNear(t, "LogSoftmaxGrad "+s.String(), out, c.logDX, c.scaleLogDX, 8)

	copy(out, c.x)
	Softmax(out, out, s.n, s.c, s.hw)
	checkNear(t, "Softmax in place "+s.String(), out, c.y, c.scaleY, 4)
	copy(out, c.x)
	LogSoftmax(out, out, s.n, s.c, s.hw)
	checkNear(t, "LogSoftmax in place "+s.String(), out, c.log, c.scaleLog, 4)
}

// Entries far apart neither overflow nor lose the large ones, and a line with
// NaN, +Inf, or nothing but -Inf is NaN throughout while others are untouched.
func TestSoftmaxSpecialValues(t *testing.T) {
	const big = 3e38
	for _, c := range []struct {
		name string
		line []float32
		want []float64
	}{
		{"far apart", []float32{big, -big, 0}, []float64{1, 0, 0}},
		{"equal and big", []float32{big, big, big}, []float64{1. / 3, 1. / 3, 1. / 3}},
		{"-Inf", []float32{1, -inf, 1}, []float64{0.5, 0, 0.5}},
		{"only -Inf", []float32{-inf, -inf, -inf}, []float64{math.NaN(), math.NaN(), math.NaN()}},
		{"+Inf", []float32{1, inf, 2}, []float64{math.NaN(), math.NaN(), math.NaN()}},
		{"NaN first", []float32{nan, 1, 2}, []float64{math.NaN(), math.NaN(), math.NaN()}},
		{"NaN last", []float32{1, 2, nan}, []float64{math.NaN(), math.NaN(), math.NaN()}},
	} {
		onEachTier(t, func(t *testing.T) {
			for _, inner := range []int{1, 2, 21} {
				// The line is the first of inner ones; the others are zeros.
				x, want := make([]float32, 3*inner), make([]float64, 3*inner)
				for i := range want {
					want[i] = 1. / 3
				}
				for k, v := range c.line {
					x[k*inner], want[k*inner] = v, c.want[k]
				}
				y := fresh(3 * inner)
				Softmax(y, x, 1, 3, inner)
				checkNear(t, c.name+": Softmax", y, want, nil, 2)
				LogSoftmax(y, x, 1, 3, inner)
				for i, v := range y {
					if got := math.Exp(float64(v)); math.IsNaN(got) != math.IsNaN(want[i]) || math.Abs(got-want[i]) > 1e-6 {
						t.Errorf("%s: LogSoftmax[%d] = %v, want the logarithm of %v", c.name, i, v, want[i])
					}
				}
			}
		})
	}
}

func TestSoftmaxRepeats(t *testing.T) {
	r := rand.New(rand.NewPCG(53, 54))
	for _, s := range []shape3{{300, 100, 1}, {3, 21, 999}} {
		c := newSoftmaxCase(r, s)
		y := fresh(s.size())
		onEachTier(t, func(t *testing.T) {
			checkRepeats(t, "softmax "+s.String(), func() []float32 {
				Softmax(y, c.x, s.n, s.c, s.hw)
				SoftmaxGrad(y, y, c.dy, s.n, s.c, s.hw)
				LogSoftmax(y, y, s.n, s.c, s.hw)
				LogSoftmaxGrad(y, y, c.dy, s.n, s.c, s.hw)
				return y
			})
		})
	}
}

func BenchmarkSoftmax(b *testing.B) {
	for _, s := range []shape3{{128, 1000, 1}, {1024, 128, 1}, {8, 21, 65 * 65}} {
		c := newSoftmaxCase(rand.New(rand.NewPCG(1, 2)), s)
		y := fresh(s.size())
		b.Run(s.String(), func(b *testing.B) {
			b.SetBytes(int64(8 * s.size()))
			for range b.N {
				Softmax(y, c.x, s.n, s.c, s.hw)
			}
		})
	}
}

func TestLineMax(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(8, 9))
		s := takeSoftmaxWork()
		for n := 1; n < 70; n++ {
			x := randomSlice(r, n)
			for at := range n {
				for _, v := range []float32{7, inf, nan} {
					old := x[at]
					x[at] = v
					if got := s.lineMax(x); got != v && (got == got || v == v) {
						t.Errorf("the largest of %d values, %v at %d among them, is %v", n, v, at, got)
					}
					x[at] = old
				}
			}
			fill(x, -inf)
			if got := s.lineMax(x); got != -inf {
				t.Errorf("the largest of %d times -Inf is %v", n, got)
			}
		}
		softmaxWorks.put(s)
	})
}
