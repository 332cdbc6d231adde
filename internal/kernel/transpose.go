package kernel

//go:generate go run -C gen . -set transpose -out ../transpose_amd64.s -stubs ../transpose_amd64.go -pkg kernel

// transposeBand writes the rows of src side by side:
// dst[j*dstStride+i] = src[i*srcStride+j] for i < rows, j < columns.
func transposeBand(dst []float32, dstStride int, src []float32, srcStride, rows, columns int) {
	if rows == 0 || columns == 0 {
		return
	}
	_, _ = dst[(columns-1)*dstStride+rows-1], src[(rows-1)*srcStride+columns-1]
	for rows > 0 {
		r, c := transposeBlocks(dst, dstStride, src, srcStride, rows, columns)
		if c < columns {
			transposeGo(dst[c*dstStride:], dstStride, src[c:], srcStride, r, columns-c)
		}
		if rows -= r; rows > 0 {
			dst, src = dst[r:], src[r*srcStride:]
		}
	}
}

// transposeGo is transposeBand as its definition.
func transposeGo(dst []float32, dstStride int, src []float32, srcStride, rows, columns int) {
	for i := range rows {
		for j, v := range src[i*srcStride:][:columns] {
			dst[j*dstStride+i] = v
		}
	}
}
