package kernel

import "math/bits"

// A winoGrid says where the tiles of a blocked array lie: th rows of tw tiles in
// each image, in steps of as many pixels in both directions.
type winoGrid struct {
	h, w    int      // of an image
	th, tw  int      // tiles
	step    int      // pixels from a tile to the next
	stride  int      // pixels from a row or column of a tile to the next
	top     int      // rows of the first tiles above the image, negative if they begin below its first
	left    int      // columns of the first tiles before the image
	rows    []uint64 // for each row of tiles: which of their rows lie in the image
	columns []uint64
}

// newWinoGrid returns the grid of tiles of size x size pixels that are stride
// pixels apart; a tile begins step*stride pixels after the one before.
func newWinoGrid(h, w, th, tw, step, size, stride, top, left int) winoGrid {
	g := winoGrid{h: h, w: w, th: th, tw: tw, step: step * stride, stride: stride, top: top, left: left}
	g.rows, g.columns = insides(h, th, step, size, stride, top), insides(w, tw, step, size, stride, left)
	return g
}

// insides returns for each of n tiles which of its rows are among those of an
// image of length rows.
func insides(length, n, step, size, stride, before int) []uint64 {
	masks := make([]uint64, n)
	for i := range masks {
		for r := range size {
			if at := (i*step+r)*stride - before; at >= 0 && at < length {
				masks[i] |= 1 << r
			}
		}
	}
	return masks
}

// pixels returns the number of pixels of an image.
func (g *winoGrid) pixels() int { return g.h * g.w }

// A winoRun is some tiles side by side that lie in the image in the same way.
type winoRun struct {
	image         int
	at            int // bytes from an image's block of channels to the first tile's first pixel
	rows, columns uint64
	count         int
}

// run returns the longest run from a tile, counted through all images, on that
// ends before another.
func (g *winoGrid) run(tile, end int) winoRun {
	row, column := tile/g.tw, tile%g.tw
	image, row := row/g.th, row%g.th
	r := winoRun{image: image, rows: g.rows[row], columns: g.columns[column], count: 1}
	r.at = 4 * Block * ((row*g.step-g.top)*g.w + column*g.step - g.left)
	for end = min(end-tile, g.tw-column); r.count < end && g.columns[column+r.count] == r.columns; {
		r.count++
	}
	return r
}

// spread applies a map to tiles [begin, end), for so many blocks of channels of
// x (N, channels/Block, H, W, Block) from one on; the results of the first tile
// and block are stored from v on.
func (g *winoGrid) spread(a *spreadArgs, f spreadKernel, v, x []float32, channels, block, blocks, begin, end int) {
	a.pitch, a.nextX, a.blockX = 4*Block*g.w*g.stride, 4*Block*g.step, 4*Block*g.pixels()
	a.blocks, a.nextV = blocks, 4*Block
	for tile := begin; tile < end; tile += a.tiles {
		r := g.run(tile, end)
		a.x, a.at = &x[(r.image*channels+block*Block)*g.pixels()], r.at
		a.rows, a.columns, a.tiles = r.rows, r.columns, r.count
		a.v = &v[(tile-begin)*Block]
		f.run(a)
	}
	a.x, a.v = nil, nil
}

// collect applies a map to what lies in the planes from v on and stores tiles
// [begin, end) of so many blocks of channels of y, laid out like x of spread.
func (g *winoGrid) collect(a *collectArgs, f collectKernel, y, v []float32, e Epilogue, channels, block, blocks, begin, end int) {
	a.pitch, a.nextY, a.blockY = 4*Block*g.w*g.stride, 4*Block*g.step, 4*Block*g.pixels()
	a.blocks, a.nextV = blocks, 4*Block
	a.bias, a.residual, a.flags = nil, nil, 0
	if e.Bias != nil {
		a.bias = &e.Bias[block*Block]
	}
	if e.ReLU {
		a.flags = flagReLU
	}
	for tile := begin; tile < end; tile += a.tiles {
		r := g.run(tile, end)
		at := (r.image*channels+block*Block)*g.pixels() + r.at/4
		a.y = &y[at]
		if e.Residual != nil {
			a.residual = &e.Residual[at]
		}
		a.rows, a.columns, a.tiles = bits.OnesCount64(r.rows), bits.OnesCount64(r.columns), r.count
		a.v = &v[(tile-begin)*Block]
		f.run(a)
	}
	a.y, a.v, a.bias, a.residual = nil, nil, nil, nil
}
