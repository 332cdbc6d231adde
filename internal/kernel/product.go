package kernel

import "sync"

// The product is computed in blocks, after Goto and van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication" (2008): a panel of one factor stays
// in the first-level cache while the panels of the other pass by.
//
// With rowsFirst that is a panel of B, and a band of A, which passes by, lies in
// the second level, so that B is read once for each band: what is read from the
// second level for every multiplication is least, and neither cache needs to be
// large. Without it, that is a panel of A, and a stripe of panels of B passes by.
type blocking struct {
	depth     int // of a block, at most gemmDepth
	band      int // rows of A in a piece of work, a multiple of all heights of tiles
	stripe    int // columns of B in a piece, at most about
	pieces    int // that a block is cut into, about, unless they become too small
	rowsFirst bool
}

var blockings = byTier[blocking]{
	Generic: {depth: 256, band: 128, stripe: 384, pieces: 64, rowsFirst: true},
	AVX512:  {depth: 512, band: 128, stripe: 384, pieces: 16}, // measured with 2 MB of second-level cache
}

const (
	gemmDepth   = 512     // of a block at most
	gemmRows    = 4096    // of a block of A that is packed at once
	gemmColumns = 4096    // of a block of B
	gemmChunk   = 16      // rows of B that a piece of the packing takes
	gemmPanels  = 32      // rows of A, about
	gemmGrain   = 1 << 17 // products a piece should have at least
)

// product is the state of one call of Gemm; it is used again by later ones.
type product struct {
	set        *tileSet
	class      *tileClass
	stack      *stackSet
	blocking   *blocking
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
	piecesB, high    int // of the packing: pieces of B, and rows of A in each that follow
	pack             func(piece int)
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
	g.pack, g.multiply = g.packPiece, g.multiplyPiece
	return g
}

func (g *product) giveBack() {
	g.a, g.b, g.c = operand{}, operand{}, nil
	idleProducts.Lock()
	idleProducts.all = append(idleProducts.all, g)
	idleProducts.Unlock()
}

// compute goes through the blocks. The order of the sums depends on k and the
// tier alone.
func (g *product) compute(m, n, k int) {
	g.set, g.stack, g.blocking = tileSets.get(), stackSets.get(), blockings.get()
	g.class = g.set.class(m)
	accumulate := g.accumulate
	for g.j0 = 0; g.j0 < n; g.j0 += gemmColumns {
		g.columns = min(gemmColumns, n-g.j0)
		g.cut()
		deep := evenly(k, g.blocking.depth)
		for g.p0 = 0; g.p0 < k; g.p0 += deep {
			g.deep = min(deep, k-g.p0)
			g.accumulate = accumulate || g.p0 > 0
			g.packedB = grow(g.packedB, g.tiles.vectors*g.set.lanes*g.deep)
			for g.i0 = 0; g.i0 < m; g.i0 += gemmRows {
				g.rows = min(gemmRows, m-g.i0)
				g.block()
			}
		}
	}
}

// block multiplies a block of A with the block of B, which is packed together with
// the first one of A: every region costs a meeting of all threads.
func (g *product) block() {
	band := g.blocking.band
	g.panels = ceilDiv(g.rows, g.class.rows)
	g.packedA = grow(g.packedA, g.panels*g.class.rows*g.deep)
	g.bands = ceilDiv(g.rows, band)
	g.piecesB = 0
	values := g.rows * g.deep
	if g.i0 == 0 {
		g.piecesB = g.cutB()
		values += g.columns * g.deep
	}
	g.high = max(1, gemmPanels/g.class.rows) * g.class.rows
	g.parallel(g.piecesB+ceilDiv(g.rows, g.high), values, g.pack)
	work := g.rows * g.columns * g.deep
	stripes := max(ceilDiv(g.blocking.pieces, g.bands), ceilDiv(g.columns, g.blocking.stripe))
	g.stripes = max(1, min(stripes, g.tiles.count, work/g.bands/gemmGrain))
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

// packPiece packs a piece of B or, after these, of A.
func (g *product) packPiece(piece int) {
	if piece < g.piecesB {
		g.packPieceB(piece)
		return
	}
	begin := (piece - g.piecesB) * g.high
	g.packRowsA(begin, min(begin+g.high, g.rows))
}

// cutB returns how many pieces the packing of B has: one for each tile, or
// for some rows if these are what lies side by side in memory.
func (g *product) cutB() int {
	if g.b.across {
		return g.tiles.count
	}
	return ceilDiv(g.deep, gemmChunk)
}

// packPieceB packs a tile's columns, or some rows of all tiles: few at a time,
// for to run along many rows at once is hard on the caches, most of all where
// the row distance is a power of two.
func (g *product) packPieceB(piece int) {
	if g.b.across {
		g.packPanelB(piece, 0, g.deep)
		return
	}
	for p := piece * gemmChunk; p < min((piece+1)*gemmChunk, g.deep); p += gemmChunk / 2 {
		for tile := range g.tiles.count {
			g.packPanelB(tile, p, min(gemmChunk/2, g.deep-p))
		}
	}
}

// packPanelB packs rows [p, p+deep) of the columns of a tile.
func (g *product) packPanelB(tile, p, deep int) {
	v0, v1 := g.tiles.bounds(tile)
	j0, width := v0*g.set.lanes, (v1-v0)*g.set.lanes
	g.b.packColumns(g.packedB[j0*g.deep+width*p:], width, g.j0+j0, min(width, g.columns-j0), g.p0+p, deep)
}

// packRowsA packs the panels of some rows of A.
func (g *product) packRowsA(begin, end int) {
	high := g.class.rows
	for i := begin; i < end; i += high {
		dst := g.packedA[i*g.deep:][:high*g.deep]
		g.a.packRows(dst, high, g.i0+i, min(high, g.rows-i), g.p0, g.deep)
		if g.alpha != 1 {
			elementwise.get().scale(dst, dst, g.alpha)
		}
	}
}

// bandRows returns which rows of the block of A a band has.
func (g *product) bandRows(band int) (begin, end int) {
	begin = band * g.blocking.band
	return begin, min(begin+g.blocking.band, g.rows)
}

// multiplyPiece computes the tiles of a stripe of columns in a band of rows.
// Neighbouring pieces share the band.
func (g *product) multiplyPiece(piece int) {
	t := tileArgsPool.take()
	defer t.release()
	band, stripe := piece/g.stripes, piece%g.stripes
	begin, end := g.bandRows(band)
	first, last := stripe*g.tiles.count/g.stripes, (stripe+1)*g.tiles.count/g.stripes
	t.depth, t.ldc = g.deep, 4*g.ldc
	if g.blocking.rowsFirst {
		for tile := first; tile < last; tile++ {
			for i := g.multiplyStack(tile, begin, end); i < end; i += g.class.rows {
				g.multiplyTile(t, i, tile)
			}
		}
		return
	}
	for i := begin; i < end; i += g.class.rows {
		for tile := first; tile < last; tile++ {
			g.multiplyTile(t, i, tile)
		}
	}
}

func (g *product) multiplyTile(t *tileArgs, i, tile int) {
	c := &g.columnsOf[tile]
	t.a, t.b, t.off = &g.packedA[i*g.deep], &g.packedB[c.first*g.deep], c.off
	t.rows = min(g.class.rows, g.rows-i)
	t.flags, t.vectors = c.flags, c.vectors
	t.c, t.residual = &g.c[(g.i0+i)*g.ldc+g.j0+c.first], nil
	if g.accumulate {
		t.residual = t.c
	}
	c.kernel.run(t)
}

// multiplyStack computes the tiles that lie below each other in rows [begin,
// end) as far as a stack kernel can, and returns the first row that is left.
func (g *product) multiplyStack(tile, begin, end int) int {
	c := &g.columnsOf[tile]
	high := g.class.rows
	tiles := (end - begin) / high
	if c.stack == nil || tiles == 0 {
		return begin
	}
	t := idleStacks.take()
	t.a, t.b, t.depth = &g.packedA[begin*g.deep], &g.packedB[c.first*g.deep], g.deep
	t.c, t.ldc, t.tiles = &g.c[(g.i0+begin)*g.ldc+g.j0+c.first], 4*g.ldc, tiles
	t.ahead, t.add = t.b, 0
	if tile+1 < g.tiles.count {
		t.ahead = &g.packedB[g.columnsOf[tile+1].first*g.deep]
	}
	if g.accumulate {
		t.add = 1
	}
	c.stack.run(t)
	*t = stackArgs{} // keeps nobody's memory alive
	idleStacks.put(t)
	return begin + tiles*high
}

// tileColumns is what tiles of the same columns have in common.
type tileColumns struct {
	first   int // column
	kernel  tileKernel
	stack   stackKernel // or nil if the tiles are not full
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
		c.stack = g.stack.kernel(g.class.rows, v1-v0, g.set.lanes)
		c.off = &packedOffsets[(v1-v0)*g.set.lanes/minLanes][0]
		for v := range v1 - v0 {
			lanes := min(g.set.lanes, g.columns-c.first-v*g.set.lanes)
			c.vectors[v] = g.set.vector(4*v*g.set.lanes, 1<<lanes-1)
			if lanes < g.set.lanes {
				c.flags, c.stack = flagMasked, nil
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
