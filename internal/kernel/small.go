package kernel

import "unsafe"

//go:generate go run -C gen . -set small -out ../small_amd64.s -stubs ../small_amd64.go -pkg kernel

// smallArgs is what a small kernel computes: tiles of a matrix product that lie
// below each other, from factors as they lie in memory. smallGo says it exactly.
// The assembly knows where the fields lie.
//
// It is for products of which packing the factors, as the kernels of larger ones
// want them, would be a good part of the work.
type smallArgs struct {
	a           *float32
	rowA, stepA int // bytes from a value of A to that below it, and to that of the next step
	b           *float32
	stepB       int // bytes from a row of B to the next
	depth       int // at least 1
	c           *float32
	rowC        int // bytes from a row of C to the next
	tiles       int // at least 1
	add         int // 0: overwrite C; 1: add to it
	scale       float32
}

// A smallKernel computes one size of tile. Its argument is a *smallArgs; the
// generator of the assembly cannot name the type.
type smallKernel struct {
	rows, columns int
	compute       func(t *byte)
}

// A smallSet holds the kernels of a tier, for the widths from the largest and for
// each of these for rows from most to 1. Every width is a multiple of the last.
type smallSet [][]smallKernel

// smallGo is the small kernel in plain Go and the definition of the others:
//
//	c[i][j] = scale * sum over p of a[i*rowA+p*stepA]*b[p][j] + add*c[i][j]
func smallGo(t *smallArgs, rows, columns int) {
	for i := range t.tiles * rows {
		for j, c := range floatsAt(t.c, i*t.rowC, columns) {
			var sum float32
			for p := range t.depth {
				sum += floatsAt(t.a, i*t.rowA+p*t.stepA, 1)[0] * floatsAt(t.b, p*t.stepB, columns)[j]
			}
			if sum *= t.scale; t.add != 0 {
				sum += c
			}
			floatsAt(t.c, i*t.rowC, columns)[j] = sum
		}
	}
}

// idleSmalls keeps arguments for use again: they reach assembly through a
// function value, so that the compiler cannot keep them on the stack.
var idleSmalls spares[smallArgs]

// smallGemm is Gemm, with a B that is not transposed and a beta of 0 or 1, for
// small products, on the caller's thread as far as kernels go.
func smallGemm(transA bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	done := 0
	if set := smallSets.get(); m > 0 && k > 0 {
		checkMatrix("C", m, n, c, ldc)
		opA, opB := operand{x: a, ld: lda, across: transA}, operand{x: b, ld: ldb}
		opA.check("A", m, k)
		opB.check("B", k, n)
		t := idleSmalls.take()
		t.rowA, t.stepA = 4*lda, 4
		if transA {
			t.rowA, t.stepA = 4, 4*lda
		}
		t.stepB, t.rowC, t.depth, t.scale, t.add = 4*ldb, 4*ldc, k, alpha, int(beta)
		for _, kernels := range *set {
			for width := kernels[0].columns; n-done >= width; done += width {
				t.strip(kernels, m, a, b[done:], c[done:])
			}
		}
		t.a, t.b, t.c = nil, nil, nil // keeps nobody's memory alive
		idleSmalls.put(t)
	}
	if done < n {
		Gemm(transA, false, m, n-done, k, alpha, a, lda, b[done:], ldb, beta, c[done:], ldc)
	}
}

// strip computes m rows of as many columns as the kernels have.
func (t *smallArgs) strip(kernels []smallKernel, m int, a, b, c []float32) {
	t.b = &b[0]
	i := 0
	for _, k := range kernels {
		t.tiles = (m - i) / k.rows
		if t.tiles == 0 {
			continue
		}
		t.a, t.c = &a[i*t.rowA/4], &c[i*t.rowC/4]
		k.compute((*byte)(unsafe.Pointer(t)))
		i += t.tiles * k.rows
	}
}
