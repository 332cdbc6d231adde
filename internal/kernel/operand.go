package kernel

// An operand is a factor of the product, stored by rows or across.
type operand struct {
	x      []float32
	ld     int
	across bool // the matrix is the transpose of what is stored
}

func (o *operand) check(name string, rows, cols int) {
	if o.across {
		rows, cols = cols, rows
	}
	checkMatrix(name, rows, cols, o.x, o.ld)
}

// packRows writes rows [i, i+n) and columns [p, p+depth) of the operand to dst
// in groups of width: first all rows' values of column p, then those of p+1.
// What is left of a group beyond n is zero.
func (o *operand) packRows(dst []float32, width, i, n, p, depth int) {
	if n < width {
		clear(dst[:depth*width])
	}
	if o.across {
		o.copyRuns(dst, width, p, depth, i, n)
		return
	}
	transposeBand(dst, width, o.x[i*o.ld+p:], o.ld, n, depth)
}

// packColumns is packRows for columns [j, j+n) and rows [p, p+depth).
func (o *operand) packColumns(dst []float32, width, j, n, p, depth int) {
	if n < width {
		clear(dst[:depth*width])
	}
	if !o.across {
		o.copyRuns(dst, width, p, depth, j, n)
		return
	}
	transposeBand(dst, width, o.x[j*o.ld+p:], o.ld, n, depth)
}

// copyRuns copies runs of n stored values, from the i-th of each of depth
// stored rows from the p-th, to every width values of dst.
func (o *operand) copyRuns(dst []float32, width, p, depth, i, n int) {
	layRows(dst, o.x[p*o.ld+i:], depth, n, 1, width, o.ld)
}
