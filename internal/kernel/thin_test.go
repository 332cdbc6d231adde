package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestIsThin(t *testing.T) {
	for _, c := range []struct {
		transA, transB bool
		m, n, k        int
		want           bool
	}{
		{false, true, 1, 1000, 512, true},
		{false, true, thinMost, 1000, 512, true},
		{false, true, thinMost + 1, 1000, 512, false},
		{false, true, 1, 16, 64, true},
		{false, true, 1, 15, 64, false},
		{false, true, 1, 16, 63, false},
		{false, true, 8, 16, 256, true},
		{false, true, 8, 16, 255, false},
		{false, false, 1, 1000, 512, false},
		{true, true, 1, 1000, 512, false},
	} {
		if got := isThin(c.transA, c.transB, c.m, c.n, c.k); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestThin(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for m := 1; m <= thinMost; m++ {
			for _, n := range []int{16, 17, 23, 40, 150} {
				for _, k := range []int{256, 257, 263, 271, 300} {
					gemmCase{false, true, m, n, k, 1, 0, 0}.check(t, r)
					gemmCase{false, true, m, n, k, -0.5, float32(r.IntN(3)), r.IntN(4)}.check(t, r)
				}
			}
		}
		gemmCase{false, true, 3, 70, 5000, 1, 1, 1}.check(t, r)
	})
}

func TestThinSpreadsNaN(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		const m, n, k = 7, 50, 260
		for _, p := range []int{5, k - 1} {
			a, b, c := make([]float32, m*k), make([]float32, n*k), make([]float32, m*n)
			a[3*k+p], b[11*k+p] = float32(math.NaN()), float32(math.Inf(1))
			Gemm(false, true, m, n, k, 1, a, k, b, k, 0, c, n)
			for i, v := range c {
				if reached := i/n == 3 || i%n == 11; reached != (v != v) {
					t.Fatalf("C[%d,%d] = %v", i/n, i%n, v)
				}
			}
		}
	})
}

func TestThinSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(33, 34))
		const m, n, k = 7, 301, 517
		a, b := randomSlice(r, m*k), randomSlice(r, n*k)
		checkAnyProcs(t, "product", func() [][]float32 {
			c := make([]float32, m*n)
			Gemm(false, true, m, n, k, 1, a, k, b, k, 0, c, n)
			return [][]float32{c}
		})
	})
}

func TestThinDoesNotAllocate(t *testing.T) {
	const m, n, k = 5, 400, 300
	a, b, c := make([]float32, m*k), make([]float32, n*k), make([]float32, m*n)
	withProcs(t, 2, func() {
		if n := testing.AllocsPerRun(20, func() { Gemm(false, true, m, n, k, 1, a, k, b, k, 0, c, n) }); n != 0 {
			t.Errorf("%v allocations a call, want 0", n)
		}
	})
}

// BenchmarkThin multiplies with the weights of ResNet-18's head and reports how
// fast they are read.
func BenchmarkThin(b *testing.B) {
	const n, k = 1000, 512
	for _, tier := range Tiers() {
		defer SetTier(SetTier(tier))
		for _, m := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%v/%dx%dx%d", tier, m, n, k), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				x, w, y := randomSlice(r, m*k), randomSlice(r, n*k), make([]float32, m*n)
				best := time.Hour
				for range b.N {
					start := time.Now()
					Gemm(false, true, m, n, k, 1, x, k, w, k, 0, y, n)
					best = min(best, time.Since(start))
				}
				b.ReportMetric(4*n*k/float64(best.Nanoseconds()), "GB/s")
				b.ReportMetric(2*float64(m)*n*k/float64(best.Nanoseconds()), "GFLOP/s")
			})
		}
	}
}
