package kernel

import "fmt"

// Gemm computes C = alpha*op(A)*op(B) + beta*C on row-major matrices, where
// op(X) is X, or its transpose if the flag says so. op(A) is (m, k), op(B) is
// (k, n), C is (m, n); lda, ldb and ldc are the distances between the starts of
// two rows as stored. C must not overlap A or B.
//
// As in BLAS, C is not read if beta is 0 (so a NaN in it is lost), and A and B
// are not read if alpha or k is 0. A NaN or an infinity in A or B reaches all
// the elements of C that depend on it. Gemm panics if a slice is too short or a
// distance less than a row. It may be called from several goroutines at once.
func Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if m < 0 || n < 0 || k < 0 {
		panic(fmt.Sprintf("kernel.Gemm: sizes must not be negative, found m=%d n=%d k=%d", m, n, k))
	}
	if m == 0 || n == 0 {
		return
	}
	checkMatrix("C", m, n, c, ldc)
	if k == 0 || alpha == 0 {
		scaleMatrix(m, n, beta, c, ldc)
		return
	}
	opA, opB := operand{x: a, ld: lda, across: transA}, operand{x: b, ld: ldb, across: transB}
	opA.check("A", m, k)
	opB.check("B", k, n)
	if beta != 0 && beta != 1 {
		scaleMatrix(m, n, beta, c, ldc)
	}
	if isThin(transA, transB, m, n, k) {
		thin{m: m, n: n, k: k, alpha: alpha, a: a, b: b, c: c, lda: lda, ldb: ldb, ldc: ldc, accumulate: beta != 0}.compute()
		return
	}
	g := takeProduct()
	defer g.giveBack()
	g.a, g.b = opA, opB
	g.c, g.ldc, g.alpha, g.accumulate = c, ldc, alpha, beta != 0
	g.compute(m, n, k)
}

// checkMatrix panics if x does not hold a (rows, cols) matrix with distance ld.
func checkMatrix(name string, rows, cols int, x []float32, ld int) {
	if ld < cols || len(x) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("kernel.Gemm: %s is (%d, %d): expected a row distance of at least %d and %d values, found %d and %d",
			name, rows, cols, cols, (rows-1)*ld+cols, ld, len(x)))
	}
}

// scaleMatrix multiplies C by beta; 0 overwrites, 1 leaves it alone.
func scaleMatrix(m, n int, beta float32, c []float32, ldc int) {
	for i := 0; i < m && beta != 1; i++ {
		row := c[i*ldc:][:n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}
