package kernel

import (
	"math"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

func source(purpose string) *rng.Source { return rng.New(7, purpose) }

// Element i is made from word i of the stream, at every length.
func TestDrawsComeFromTheStream(t *testing.T) {
	src := source("draws")
	src.Uint64() // what was read before must not matter
	for _, n := range lengths {
		mask, check := bordered(n)
		DropoutMask(mask, 0.25, src)
		check(t, "DropoutMask")
		uniform, check := bordered(n)
		FillUniform(uniform, -2, 6, src)
		check(t, "FillUniform")
		normal, check := bordered(n)
		FillNormal(normal, 3, 0.5, src)
		check(t, "FillNormal")
		for i := range n {
			words := src.Block(uint64(i / 4))
			word := words[i%4]
			want := float32(1 / 0.75)
			if word < 1<<30 {
				want = 0
			}
			if mask[i] != want {
				t.Fatalf("mask[%d of %d] = %v from %#x, want %v", i, n, mask[i], word, want)
			}
			if u := -2 + 8*float64(word>>8)/(1<<24); uniform[i] != float32(u) {
				t.Fatalf("uniform[%d of %d] = %v from %#x, want %v", i, n, uniform[i], word, u)
			}
			radius := math.Sqrt(-2 * math.Log((float64(words[i%4&^1])+0.5)/(1<<32)))
			z := radius * math.Cos(2*math.Pi*float64(words[i%4|1])/(1<<32)-float64(i%2)*math.Pi/2)
			if d := math.Abs(float64(normal[i]) - (3 + 0.5*z)); d > 1e-6 {
				t.Fatalf("normal[%d of %d] = %v, want %v", i, n, normal[i], 3+0.5*z)
			}
		}
	}
}

func TestDropoutMaskExtremes(t *testing.T) {
	x := fresh(10000)
	DropoutMask(x, 0, source("none"))
	for _, v := range x {
		if v != 1 {
			t.Fatalf("p = 0 gives %v, want 1", v)
		}
	}
	DropoutMask(x, 1, source("all"))
	for _, v := range x {
		if v != 0 {
			t.Fatalf("p = 1 gives %v, want 0", v)
		}
	}
}

// Mean and variance within five standard errors, and nothing out of range.
func TestMoments(t *testing.T) {
	const n = 1 << 18
	x := fresh(n)
	for _, c := range []struct {
		name           string
		fill           func()
		mean, variance float64
		low, high      float32
		kurtosis       float64
	}{
		{"mask", func() { DropoutMask(x, 0.2, source("a")) }, 1, 0.25, 0, 1.25, 4.25},
		{"uniform", func() { FillUniform(x, -3, 5, source("b")) }, 1, 64. / 12, -3, math.Nextafter32(5, 0), 1.8},
		{"normal", func() { FillNormal(x, -1, 2, source("c")) }, -1, 4, -15, 13, 3},
	} {
		c.fill()
		var sum, squares float64
		for _, v := range x {
			if v < c.low || v > c.high || v != v {
				t.Fatalf("%s: %v is outside [%v, %v]", c.name, v, c.low, c.high)
			}
			d := float64(v) - c.mean
			sum += d
			squares += d * d
		}
		if m, e := sum/n, math.Sqrt(c.variance/n); math.Abs(m) > 5*e {
			t.Errorf("%s: mean is off by %g, standard error %g", c.name, m, e)
		}
		if v, e := squares/n, c.variance*math.Sqrt((c.kurtosis-1)/n); math.Abs(v-c.variance) > 5*e {
			t.Errorf("%s: variance %g, want %g, standard error %g", c.name, v, c.variance, e)
		}
	}
}

// The empirical distribution of normals against Phi (Kolmogorov and Smirnov).
func TestNormalDistribution(t *testing.T) {
	const n, bins = 1 << 18, 64
	x := fresh(n)
	FillNormal(x, 0, 1, source("distribution"))
	var below [bins]int
	for _, v := range x {
		for b := range below {
			if float64(v) < -4+8*float64(b)/bins {
				below[b]++
			}
		}
	}
	for b, k := range below {
		z := -4 + 8*float64(b)/bins
		if d := math.Abs(float64(k)/n - normalCDF(z)); d > 2/math.Sqrt(n) {
			t.Errorf("%d of %d are below %v, want %v", k, n, z, n*normalCDF(z))
		}
	}
}

func TestUniformStaysBelowTheUpperBound(t *testing.T) {
	x := fresh(1 << 20)
	FillUniform(x, 1, 1+4./(1<<23), source("narrow")) // four numbers
	seen := map[float32]int{}
	for _, v := range x {
		seen[v]++
	}
	for v := range seen {
		if v < 1 || v >= 1+4./(1<<23) {
			t.Errorf("%v is outside", v)
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d different numbers, want 4", len(seen))
	}
	FillUniform(x[:9], 2, 2, source("empty"))
	if x[0] != 2 || x[8] != 2 {
		t.Errorf("an empty range gives %v, want 2", x[:9])
	}
}

func TestDrawsRepeat(t *testing.T) {
	x := fresh(3*grain + 3)
	checkRepeats(t, "draws", func() []float32 {
		DropoutMask(x[:grain+1], 0.5, rng.New(1, "mask", 2, 3))
		FillUniform(x[grain+1:2*grain], -1, 1, rng.New(1, "uniform"))
		FillNormal(x[2*grain:], 0, 1, rng.New(1, "normal"))
		return x
	})
}

func BenchmarkRandom(b *testing.B) {
	x := make([]float32, 1<<22)
	src := source("bench")
	for name, fill := range map[string]func(){
		"DropoutMask": func() { DropoutMask(x, 0.5, src) },
		"FillUniform": func() { FillUniform(x, 0, 1, src) },
		"FillNormal":  func() { FillNormal(x, 0, 1, src) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(x)))
			for range b.N {
				fill()
			}
		})
	}
}
