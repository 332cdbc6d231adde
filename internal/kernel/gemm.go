package kernel

import (
	"fmt"
	"sync"
)

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
	g := takeProduct()
	defer g.giveBack()
	g.a = operand{x: a, ld: lda, across: transA}
	g.b = operand{x: b, ld: ldb, across: transB}
	g.a.check("A", m, k)
	g.b.check("B", k, n)
	if beta != 0 && beta != 1 {
		scaleMatrix(m, n, beta, c, ldc)
	}
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

// The product is computed in blocks, after Goto and van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication" (2008), with the parts of A and B
// exchanged: a panel of A of this depth stays in the first-level cache while
// the panels of B pass by; the stripe of B they make up and the band of A that
// a piece of work takes lie in the second.
const (
	gemmDepth   = 512
	gemmRows    = 4096    // of a block of A that is packed at once
	gemmColumns = 4096    // of a block of B
	gemmBand    = 128     // rows of A in a piece
	gemmStripe  = 384     // columns of B in a piece, about
	gemmGrain   = 1 << 17 // products a piece should have at least
)

// product is the state of one call of Gemm; it is used again by later ones.
type product struct {
	set        *tileSet
	class      *tileClass
	a, b       operand
	alpha      float32
	c          []float32
	ldc        int
	accumulate bool // add to c from the start

	i0, j0, p0          int // where the current block begins
	rows, columns, deep int // and its size
	panels              int // of A, class.rows high
	tiles               tiling
	columnsOf           []tileColumns // of each tile
	bands, stripes      int           // the pieces of the multiplication

	packedA, packedB []float32
	packA, packB     func(piece int)
	multiply         func(piece int)
}

var idleProducts struct {
	sync.Mutex
	all []*product
}

func takeProduct() *product {
	idleProducts.Lock()
	defer idleProducts.Unlock()
	if last := len(idleProducts.all) - 1; last >= 0 {
		g := idleProducts.all[last]
		idleProducts.all = idleProducts.all[:last]
		return g
	}
	g := new(product)
	g.packA, g.packB, g.multiply = g.packPanelA, g.packPanelB, g.multiplyPiece
	return g
}

func (g *product) giveBack() {
	g.a, g.b, g.c = operand{}, operand{}, nil
	idleProducts.Lock()
	idleProducts.all = append(idleProducts.all, g)
	idleProducts.Unlock()
}

// compute goes through the blocks. The order of the sums depends on k alone.
func (g *product) compute(m, n, k int) {
	g.set = tileSets.get()
	g.class = g.set.class(m)
	accumulate := g.accumulate
	for g.j0 = 0; g.j0 < n; g.j0 += gemmColumns {
		g.columns = min(gemmColumns, n-g.j0)
		g.cut()
		deep := evenly(k, gemmDepth)
		for g.p0 = 0; g.p0 < k; g.p0 += deep {
			g.deep = min(deep, k-g.p0)
			g.accumulate = accumulate || g.p0 > 0
			g.packedB = grow(g.packedB, g.tiles.vectors*g.set.lanes*g.deep)
			g.parallel(g.tiles.count, g.columns*g.deep, g.packB)
			for g.i0 = 0; g.i0 < m; g.i0 += gemmRows {
				g.rows = min(gemmRows, m-g.i0)
				g.block()
			}
		}
	}
}

// block multiplies a block of A with the packed block of B.
func (g *product) block() {
	g.panels = ceilDiv(g.rows, g.class.rows)
	g.packedA = grow(g.packedA, g.panels*g.class.rows*g.deep)
	g.parallel(ceilDiv(g.rows, gemmBand), g.rows*g.deep, g.packA)
	work := g.rows * g.columns * g.deep
	g.bands = ceilDiv(g.rows, gemmBand)
	g.stripes = max(1, min(max(ceilDiv(16, g.bands), ceilDiv(g.columns, gemmStripe)), g.tiles.count, work/g.bands/gemmGrain))
	g.parallel(g.bands*g.stripes, work, g.multiply)
}

// parallel runs the pieces on all cores if they are worth it: if there is more
// to do than about a microsecond for each.
func (g *product) parallel(pieces, work int, f func(int)) {
	if work < 1<<14 {
		for i := range pieces {
			f(i)
		}
		return
	}
	Parallel(pieces, f)
}

func (g *product) packPanelB(tile int) {
	v0, v1 := g.tiles.bounds(tile)
	j0, width := v0*g.set.lanes, (v1-v0)*g.set.lanes
	g.b.packColumns(g.packedB[j0*g.deep:], width, g.j0+j0, min(width, g.columns-j0), g.p0, g.deep)
}

func (g *product) packPanelA(band int) {
	high := g.class.rows
	for i := band * gemmBand; i < min((band+1)*gemmBand, g.rows); i += high {
		dst := g.packedA[i*g.deep:][:high*g.deep]
		g.a.packRows(dst, high, g.i0+i, min(high, g.rows-i), g.p0, g.deep)
		if g.alpha != 1 {
			for q := range dst {
				dst[q] *= g.alpha
			}
		}
	}
}

// multiplyPiece computes the tiles of a stripe of columns in a band of rows.
func (g *product) multiplyPiece(piece int) {
	t := tileArgsPool.take()
	defer t.release()
	stripe, band := piece/g.bands, piece%g.bands
	t.depth, t.ldc = g.deep, 4*g.ldc
	for i := band * gemmBand; i < min((band+1)*gemmBand, g.rows); i += g.class.rows {
		t.a = &g.packedA[i*g.deep]
		t.rows = min(g.class.rows, g.rows-i)
		for tile := stripe * g.tiles.count / g.stripes; tile < (stripe+1)*g.tiles.count/g.stripes; tile++ {
			g.multiplyTile(t, i, tile)
		}
	}
}

func (g *product) multiplyTile(t *tileArgs, i, tile int) {
	c := &g.columnsOf[tile]
	t.b, t.off = &g.packedB[c.first*g.deep], c.off
	t.flags, t.vectors = c.flags, c.vectors
	t.c, t.residual = &g.c[(g.i0+i)*g.ldc+g.j0+c.first], nil
	if g.accumulate {
		t.residual = t.c
	}
	c.kernel.run(t)
}

// tileColumns is what tiles of the same columns have in common.
type tileColumns struct {
	first   int // column
	kernel  tileKernel
	off     *int64
	flags   uint64
	vectors [maxVectors]tileVector
}

// cut works out the tiles of the current columns.
func (g *product) cut() {
	g.tiles = newTiling(g.columns, g.set.lanes, len(g.class.kernels))
	g.columnsOf = g.columnsOf[:0]
	for tile := range g.tiles.count {
		v0, v1 := g.tiles.bounds(tile)
		c := tileColumns{first: v0 * g.set.lanes, kernel: g.class.kernels[v1-v0-1]}
		c.off = &packedOffsets[(v1-v0)*g.set.lanes/minLanes][0]
		for v := range v1 - v0 {
			lanes := min(g.set.lanes, g.columns-c.first-v*g.set.lanes)
			c.vectors[v] = g.set.vector(4*v*g.set.lanes, 1<<lanes-1)
			if lanes < g.set.lanes {
				c.flags = flagMasked
			}
		}
		g.columnsOf = append(g.columnsOf, c)
	}
}

// packedOffsets[w][p] is where step p of the depth begins in a packed panel of
// w*minLanes columns, in bytes.
var packedOffsets [maxVectors*maxLanes/minLanes + 1][gemmDepth]int64

func init() {
	for w := range packedOffsets {
		for p := range packedOffsets[w] {
			packedOffsets[w][p] = int64(4 * minLanes * w * p)
		}
	}
}
