package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel/peak"
)

type gemmCase struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	slack          int // how much longer a row is as stored
}

func (c gemmCase) String() string {
	return fmt.Sprintf("A%v B%v %dx%dx%d alpha=%v beta=%v slack=%d", c.transA, c.transB, c.m, c.n, c.k, c.alpha, c.beta, c.slack)
}

// matrix returns a random matrix as stored and its row distance. The slice ends
// with its last element.
func (c gemmCase) matrix(r *rand.Rand, trans bool, rows, cols int) ([]float32, int) {
	if trans {
		rows, cols = cols, rows
	}
	return randomSlice(r, max((rows-1)*(cols+c.slack)+cols, 0)), cols + c.slack
}

// check computes the case and compares it with sums in float64.
func (c gemmCase) check(t *testing.T, r *rand.Rand) {
	t.Helper()
	a, lda := c.matrix(r, c.transA, c.m, c.k)
	b, ldb := c.matrix(r, c.transB, c.k, c.n)
	got, ldc := c.matrix(r, false, c.m, c.n)
	if c.beta == 0 {
		got = fresh(len(got))
	}
	before := slices.Clone(got)
	Gemm(c.transA, c.transB, c.m, c.n, c.k, c.alpha, a, lda, b, ldb, c.beta, got, ldc)
	at := func(x []float32, ld int, trans bool, i, j int) float64 {
		if trans {
			i, j = j, i
		}
		return float64(x[i*ld+j])
	}
	for i := range c.m {
		for j := range ldc {
			if i*ldc+j >= len(got) {
				continue
			}
			g, old := float64(got[i*ldc+j]), float64(before[i*ldc+j])
			if j >= c.n {
				if math.Float64bits(g) != math.Float64bits(old) {
					t.Fatalf("%v: wrote beyond row %d", c, i)
				}
				continue
			}
			want, scale := 0.0, 0.0
			for p := range c.k {
				s := float64(c.alpha) * at(a, lda, c.transA, i, p) * at(b, ldb, c.transB, p, j)
				want, scale = want+s, scale+math.Abs(s)
			}
			if c.beta != 0 {
				want, scale = want+float64(c.beta)*old, scale+math.Abs(float64(c.beta)*old)
			}
			if !(math.Abs(g-want) <= 1e-6*scale) {
				t.Fatalf("%v: C[%d,%d] = %v, want %v", c, i, j, g, want)
			}
		}
	}
}

func TestGemm(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, size := range [][3]int{{1, 1, 1}, {8, 48, 16}, {7, 49, 3}, {9, 47, 300}, {1, 100, 513}, {100, 1, 70}, {65, 130, 257}, {3, 5, 0}, {0, 3, 2}, {2, 0, 2}, {4, 7, 9}, {2, 97, 12}, {130, 20, 20}} {
			for bits := range 4 {
				for _, scale := range [][2]float32{{1, 0}, {1, 1}, {-0.5, 2}, {0, 3}, {0, 0}} {
					gemmCase{bits&1 != 0, bits&2 != 0, size[0], size[1], size[2], scale[0], scale[1], bits}.check(t, r)
				}
			}
		}
		for range 100 {
			gemmCase{r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(40), r.IntN(120), r.IntN(60), 1, float32(r.IntN(2)), r.IntN(3)}.check(t, r)
		}
	})
}

// TestGemmBlocks goes beyond one block in every direction.
func TestGemmBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	gemmCase{false, true, gemmRows + 3, 5, 7, 1, 1, 0}.check(t, r)
	gemmCase{true, false, 5, gemmColumns + 3, 7, 1, 0, 1}.check(t, r)
	gemmCase{false, false, 9, 11, 3*gemmDepth + 1, 2, 0, 0}.check(t, r)
}

func TestGemmSpreadsNaN(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			const m, n, k = 9, 50, 20
			a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
			a[3*k+5], b[7*n+11] = bad, bad // both meet zeros as well: 0*Inf is NaN
			Gemm(false, false, m, n, k, 1, a, k, b, n, 0, c, n)
			for i, v := range c {
				if reached := i/n == 3 || i%n == 11; reached != (v != v) {
					t.Fatalf("%v: C[%d,%d] = %v", bad, i/n, i%n, v)
				}
			}
		}
	})
}

func TestGemmSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		const m, n, k = 150, 220, 300
		a, b := randomSlice(r, m*k), randomSlice(r, k*n)
		checkAnyProcs(t, "product", func() [][]float32 {
			c := make([]float32, m*n)
			Gemm(false, true, m, n, k, 1, a, k, b, k, 0, c, n)
			return [][]float32{c}
		})
	})
}

func TestGemmDoesNotAllocate(t *testing.T) {
	a, b, c := make([]float32, 100*100), make([]float32, 100*100), make([]float32, 100*100)
	withProcs(t, 2, func() {
		if n := testing.AllocsPerRun(20, func() { Gemm(false, false, 100, 100, 100, 1, a, 100, b, 100, 0, c, 100) }); n != 0 {
			t.Errorf("%v allocations a call, want 0", n)
		}
	})
}

func TestGemmPanicsOnShortSlices(t *testing.T) {
	x := make([]float32, 5)
	for name, call := range map[string]func(){
		"A":        func() { Gemm(false, false, 2, 1, 3, 1, x, 3, x, 1, 0, x, 1) },
		"B":        func() { Gemm(false, true, 1, 2, 3, 1, x, 3, x, 3, 0, x, 2) },
		"C":        func() { Gemm(false, false, 2, 3, 1, 1, x, 1, x, 3, 0, x, 3) },
		"ld":       func() { Gemm(false, false, 1, 2, 2, 1, x, 1, x, 2, 0, x, 2) },
		"negative": func() { Gemm(false, false, -1, 2, 2, 1, x, 1, x, 2, 0, x, 2) },
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

// peakOf returns the fastest multiply-add loop of this machine for the current
// tier in GFLOP/s on so many threads, 0 if there is none.
func peakOf(threads int) float64 {
	for _, l := range peak.Loops() {
		if l.Name == CurrentTier().String() {
			return l.GFLOPS(threads)
		}
	}
	return 0
}

// reportRate adds the rate of so many operations in the shortest time, in GFLOP/s
// and as part of the peak.
func reportRate(b *testing.B, flops float64, best time.Duration, peak float64) {
	rate := flops / float64(best.Nanoseconds())
	b.ReportMetric(rate, "GFLOP/s")
	if peak > 0 {
		b.ReportMetric(100*rate/peak, "%peak")
	}
}

// BenchmarkGemm reports the fastest product: that of a moment in which no other
// program had the caches or the cores.
func BenchmarkGemm(b *testing.B) {
	for _, tier := range Tiers() {
		defer SetTier(SetTier(tier))
		for _, threads := range []int{1, 2} {
			peak := peakOf(threads)
			for _, n := range []int{256, 512, 1024, 2048} {
				if tier == Generic && n > 512 {
					continue
				}
				b.Run(fmt.Sprintf("%v/threads=%d/n=%d", tier, threads, n), func(b *testing.B) {
					r := rand.New(rand.NewPCG(1, 1))
					x, y, z := randomSlice(r, n*n), randomSlice(r, n*n), make([]float32, n*n)
					best := time.Hour
					withProcs(b, threads, func() {
						for range b.N {
							start := time.Now()
							Gemm(false, false, n, n, n, 1, x, n, y, n, 0, z, n)
							best = min(best, time.Since(start))
						}
					})
					reportRate(b, 2*float64(n)*float64(n)*float64(n), best, peak)
				})
			}
		}
	}
}
