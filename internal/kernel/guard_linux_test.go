package kernel

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns n values that end where memory ends: one step further, and
// the test dies of it.
func guarded(t *testing.T, r *rand.Rand, n int) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(m[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return nil
	}
	x := unsafe.Slice((*float32)(unsafe.Pointer(&m[size-4*n])), n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func TestGemmStaysInside(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		for range 150 {
			m, n, k, bits := 1+r.IntN(30), 1+r.IntN(70), 1+r.IntN(40), r.IntN(8)
			if r.IntN(3) == 0 {
				m, k, bits = 1+r.IntN(thinMost), 256+r.IntN(20), bits&4|2
			}
			a, b, c := guarded(t, r, m*k), guarded(t, r, k*n), guarded(t, r, m*n)
			lda, ldb := k, n
			if bits&1 != 0 {
				lda = m
			}
			if bits&2 != 0 {
				ldb = k
			}
			Gemm(bits&1 != 0, bits&2 != 0, m, n, k, 1, a, lda, b, ldb, float32(bits>>2), c, n)
		}
	})
}

func TestSmallGemmStaysInside(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(27, 28))
		for range 100 {
			m, n, k, transA := 1+r.IntN(30), 1+r.IntN(70), 1+r.IntN(40), r.IntN(2) == 1
			a, b, c := guarded(t, r, m*k), guarded(t, r, k*n), guarded(t, r, m*n)
			lda := k
			if transA {
				lda = m
			}
			smallGemm(transA, m, n, k, 1, a, lda, b, n, float32(r.IntN(2)), c, n)
		}
	})
}

func TestConvStaysInside(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for _, s := range convShapes() {
		onEachPlan(t, s, func(t *testing.T, planar *layoutPlan) {
			x, w, y := guarded(t, r, s.inLen()), guarded(t, r, s.weightLen()), guarded(t, r, s.outLen())
			bias, residual := guarded(t, r, s.K), guarded(t, r, s.outLen())
			p := planar.Conv
			p.Pack(w)
			p.Forward(y, x, Epilogue{Bias: bias, Residual: residual, ReLU: true})
			p.InputGrad(x, y, w)
			p.WeightGrad(w, x, y)
		})
	}
}
