package kernel

// transposeBlocks transposes the first columns of the first rows, as many as
// assembly can, and returns how many rows it took on and how many of their
// columns are done.
func transposeBlocks(dst []float32, dstStride int, src []float32, srcStride, rows, columns int) (r, c int) {
	switch {
	case CurrentTier() == Generic:
		return rows, 0
	case rows >= 8 && columns >= 8:
		transpose8(&dst[0], 4*dstStride, &src[0], 4*srcStride, columns/8)
		return 8, columns / 8 * 8
	case rows == 4 && columns >= 8 && dstStride == 4:
		pack4(&dst[0], 16, &src[0], 4*srcStride, columns/8)
		return 4, columns / 8 * 8
	case rows >= 4 && columns >= 4:
		transpose4(&dst[0], 4*dstStride, &src[0], 4*srcStride, columns/4)
		return 4, columns / 4 * 4
	}
	return min(rows, 3), 0
}
