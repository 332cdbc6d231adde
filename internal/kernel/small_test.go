package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestSmallKernels holds every small kernel against the definition, with factors
// and results that have gaps, and checks that nothing beside the tiles is written.
func TestSmallKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		for _, kernels := range *smallSets.get() {
			for _, kernel := range kernels {
				for _, depth := range []int{1, 2, 5, 64} {
					for _, tiles := range []int{1, 2, 5} {
						for _, across := range []bool{false, true} {
							checkSmallKernel(t, r, kernel, depth, tiles, across)
						}
					}
				}
			}
		}
	})
}

func checkSmallKernel(t *testing.T, r *rand.Rand, k smallKernel, depth, tiles int, across bool) {
	t.Helper()
	rows := tiles * k.rows
	lda, ldb, ldc := depth+r.IntN(4), k.columns+r.IntN(4), k.columns+r.IntN(4)
	args := &smallArgs{rowA: 4 * lda, stepA: 4, stepB: 4 * ldb, rowC: 4 * ldc, depth: depth, tiles: tiles, scale: 0.7}
	sizeA := (rows-1)*lda + depth
	if across {
		lda = rows + r.IntN(4)
		args.rowA, args.stepA = 4, 4*lda
		sizeA = (depth-1)*lda + rows
	}
	a, b := randomSlice(r, sizeA), randomSlice(r, (depth-1)*ldb+k.columns)
	got := randomSlice(r, (rows-1)*ldc+k.columns)
	want := slices.Clone(got)
	args.a, args.b = &a[0], &b[0]
	for args.add = range 2 {
		args.c = &got[0]
		k.compute((*byte)(unsafe.Pointer(args)))
		args.c = &want[0]
		smallGo(args, k.rows, k.columns)
		for j, w := range want {
			if d := got[j] - w; !(d <= 1e-4 && d >= -1e-4) {
				t.Fatalf("%dx%d depth=%d tiles=%d across=%v add=%d: c[%d] = %v, want %v", k.rows, k.columns, depth, tiles, across, args.add, j, got[j], w)
			}
		}
	}
}

// TestSmallKnowsArguments pins the layout of what assembly reads.
func TestSmallKnowsArguments(t *testing.T) {
	var a smallArgs
	for name, o := range map[string][2]uintptr{
		"a":     {unsafe.Offsetof(a.a), 0},
		"rowA":  {unsafe.Offsetof(a.rowA), 8},
		"stepA": {unsafe.Offsetof(a.stepA), 16},
		"b":     {unsafe.Offsetof(a.b), 24},
		"stepB": {unsafe.Offsetof(a.stepB), 32},
		"depth": {unsafe.Offsetof(a.depth), 40},
		"c":     {unsafe.Offsetof(a.c), 48},
		"rowC":  {unsafe.Offsetof(a.rowC), 56},
		"tiles": {unsafe.Offsetof(a.tiles), 64},
		"add":   {unsafe.Offsetof(a.add), 72},
		"scale": {unsafe.Offsetof(a.scale), 80},
	} {
		if unsafe.Sizeof(uintptr(0)) == 8 && o[0] != o[1] {
			t.Errorf("smallArgs.%s lies at %d, assembly reads it at %d", name, o[0], o[1])
		}
	}
}

// TestSmallGemm wants what Gemm computes, for sizes around those of tiles.
func TestSmallGemm(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		for _, m := range []int{0, 1, 3, 5, 6, 13, 64} {
			for _, n := range []int{0, 1, 15, 16, 17, 32, 50, 64, 70} {
				for _, k := range []int{0, 1, 7, 64} {
					for _, transA := range []bool{false, true} {
						rows, columns := m, k
						if transA {
							rows, columns = k, m
						}
						lda, ldb, ldc := columns+2, n+1, n+3
						a, b, got := randomSlice(r, rows*lda), randomSlice(r, k*ldb), randomSlice(r, m*ldc)
						want := slices.Clone(got)
						for _, beta := range []float32{0, 1} {
							smallGemm(transA, m, n, k, 0.7, a, lda, b, ldb, beta, got, ldc)
							Gemm(transA, false, m, n, k, 0.7, a, lda, b, ldb, beta, want, ldc)
							scale := make([]float64, len(want))
							for i := range scale {
								scale[i] = float64(k + 9)
							}
							checkNear(t, fmt.Sprintf("%dx%dx%d, transposed %v, beta %v", m, n, k, transA, beta), got, wide(want), scale, 8)
						}
					}
				}
			}
		}
	})
}
