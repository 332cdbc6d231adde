package kernel

import (
	"math/bits"
	"sync"
	"unsafe"
)

//go:generate go run -C gen . -set tile -out ../tile_amd64.s -stubs ../tile_amd64.go -pkg kernel

// tileArgs is what a tile kernel computes: a small block of a matrix product,
// of up to 8 rows (of weights) and some vectors of columns (pixels), over the
// whole depth, kept in registers all the time. tileGo says it exactly. The
// assembly knows where the fields lie.
type tileArgs struct {
	a        *float32 // depth groups of the weights of all the kernel's rows
	b        *float32 // the first pixel, to which off is added
	off      *int64   // for each step of the depth where the pixels lie, in bytes
	depth    int      // at least 1
	c        *float32 // where the first row is stored
	ldc      int      // bytes from a row of c to the next
	rows     int      // rows to store, at least 1 and at most the kernel's
	bias     *float32 // what the rows begin with, for all the kernel's rows, or nil
	residual *float32 // laid out like c and added to it; or nil
	flags    uint64
	vectors  [maxVectors]tileVector
	scratch  [maxRows * maxVectors * maxLanes]float32 // for kernels that cannot store by themselves
}

// tileVector says which columns of a vector are stored and where: the valid
// ones, side by side.
type tileVector struct {
	at     int    // bytes from the beginning of a row of c
	valid  uint64 // which columns; coded as the tier needs it
	stored uint64 // as many lowest columns as are valid; coded too
}

const (
	flagReLU     = 1 // cut off what is below zero
	flagCompress = 2 // valid is not all columns
	flagMasked   = 4 // stored is not all columns

	maxRows    = 8
	maxVectors = 6
	maxLanes   = 16
	minLanes   = 4
)

// A tileKernel computes one size of tile. Its argument is a *tileArgs; the
// generator of the assembly cannot name the type.
type tileKernel func(t *byte)

func (k tileKernel) run(t *tileArgs) { k((*byte)(unsafe.Pointer(t))) }

// A tileSet holds the tile kernels of a tier: of one width for each count of
// rows, and of all counts of vectors up to a largest one.
type tileSet struct {
	lanes   int
	classes []tileClass // from most rows to 1
	code    func(mask uint64) (valid, stored uint64)
}

type tileClass struct {
	rows    int
	kernels []tileKernel // [i] is for i+1 vectors
}

// class returns the class for panels of n rows: the one with fewest rows that
// holds them, or else the largest.
func (s *tileSet) class(n int) *tileClass {
	best := 0
	for i := range s.classes {
		if s.classes[i].rows >= n {
			best = i
		}
	}
	return &s.classes[best]
}

// widest returns the most columns a tile of the class has.
func (s *tileSet) widest(c *tileClass) int { return len(c.kernels) * s.lanes }

// vector returns how to store the columns of a vector that are set in mask, at
// bytes after the beginning of a row.
func (s *tileSet) vector(at int, mask uint64) tileVector {
	v := tileVector{at: at}
	v.valid, v.stored = s.code(mask)
	return v
}

// full is the mask of all columns of a vector.
func (s *tileSet) full() uint64 { return 1<<s.lanes - 1 }

// plainCode leaves masks as bits.
func plainCode(mask uint64) (valid, stored uint64) {
	return mask, 1<<bits.OnesCount64(mask) - 1
}

// tileGo is the tile kernel in plain Go and the reference of the others:
//
//	c[r][j] = relu(bias[r] + sum over p of a[p][r]*b[off[p]+j] + residual[r][j])
func tileGo(t *tileArgs, rows, vectors, lanes int) {
	width := vectors * lanes
	clear(t.scratch[:rows*width])
	a, off := unsafe.Slice(t.a, t.depth*rows), unsafe.Slice(t.off, t.depth)
	for p, o := range off {
		b := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(t.b), o)), width)
		for r := range rows {
			sum, w := t.scratch[r*width:][:width], a[p*rows+r]
			for j, x := range b {
				sum[j] += w * x
			}
		}
	}
	t.finish(vectors, lanes)
}

// finish stores the sums in scratch as the kernels that do it themselves do.
// Masks are plain bits.
func (t *tileArgs) finish(vectors, lanes int) {
	for r := range t.rows {
		var bias float32
		if t.bias != nil {
			bias = unsafe.Slice(t.bias, t.rows)[r]
		}
		for v := range vectors {
			t.finishVector(t.scratch[(r*vectors+v)*lanes:][:lanes], bias, t.vectors[v], r)
		}
	}
}

func (t *tileArgs) finishVector(sum []float32, bias float32, to tileVector, row int) {
	n := bits.OnesCount64(to.valid)
	if n == 0 {
		return
	}
	at := row*t.ldc + to.at
	y := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(t.c), at)), n)
	var residual []float32
	if t.residual != nil {
		residual = unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(t.residual), at)), n)
	}
	next := 0
	for j, s := range sum {
		if to.valid>>j&1 == 0 {
			continue
		}
		s += bias
		if residual != nil {
			s += residual[next]
		}
		if t.flags&flagReLU != 0 && s < 0 {
			s = 0
		}
		y[next] = s
		next++
	}
}

// goTile returns the plain Go kernel for a size of tile.
func goTile(rows, vectors, lanes int) tileKernel {
	return func(t *byte) { tileGo((*tileArgs)(unsafe.Pointer(t)), rows, vectors, lanes) }
}

// tileGo4 is tileGo for 4 rows and a vector of 4, written out so that the
// compiler keeps the sums in registers: half of the columns at a time.
func tileGo4(p *byte) {
	t := (*tileArgs)(unsafe.Pointer(p))
	off := unsafe.Slice(t.off, t.depth)
	for half := range 2 {
		var s00, s01, s10, s11, s20, s21, s30, s31 float32
		b, a := unsafe.Add(unsafe.Pointer(t.b), 8*half), unsafe.Pointer(t.a)
		for p, o := range off {
			x, w := (*[2]float32)(unsafe.Add(b, o)), (*[4]float32)(unsafe.Add(a, 16*p))
			s00 += w[0] * x[0]
			s01 += w[0] * x[1]
			s10 += w[1] * x[0]
			s11 += w[1] * x[1]
			s20 += w[2] * x[0]
			s21 += w[2] * x[1]
			s30 += w[3] * x[0]
			s31 += w[3] * x[1]
		}
		sums := t.scratch[2*half:]
		sums[0], sums[1], sums[4], sums[5] = s00, s01, s10, s11
		sums[8], sums[9], sums[12], sums[13] = s20, s21, s30, s31
	}
	t.finish(1, 4)
}

var genericTiles = &tileSet{
	lanes: 4,
	classes: []tileClass{
		{4, []tileKernel{tileGo4}},
		{1, []tileKernel{goTile(1, 1, 4)}},
	},
	code: plainCode,
}

// A tiling cuts a run of columns into tiles of nearly equal width.
type tiling struct {
	vectors int // in all
	count   int // of tiles
}

func newTiling(columns, lanes, widest int) tiling {
	vectors := ceilDiv(columns, lanes)
	return tiling{vectors, ceilDiv(vectors, widest)}
}

// bounds returns which vectors a tile has.
func (t tiling) bounds(tile int) (begin, end int) {
	return tile * t.vectors / t.count, (tile + 1) * t.vectors / t.count
}

// Arguments of kernels are kept for use again: they are too large for the stack
// and reach assembly through a function value.
var (
	tileArgsPool argsPool[tileArgs]
	dotArgsPool  argsPool[dotArgs]
)

type argsPool[T tileArgs | dotArgs] struct {
	sync.Mutex
	idle []*T
}

func (p *argsPool[T]) take() *T {
	p.Lock()
	defer p.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return new(T)
	}
	t := p.idle[last]
	p.idle = p.idle[:last]
	return t
}

func (p *argsPool[T]) put(t *T) {
	p.Lock()
	p.idle = append(p.idle, t)
	p.Unlock()
}

// release gives the arguments back, without what they point to, which the pool
// is not to keep alive.
func (t *tileArgs) release() {
	t.a, t.b, t.off, t.c, t.bias, t.residual = nil, nil, nil, nil, nil, nil
	tileArgsPool.put(t)
}

func (t *dotArgs) release() {
	t.a, t.b, t.off, t.sums = nil, nil, nil, nil
	dotArgsPool.put(t)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// grow returns a slice of n values, s itself if it has room. The values are not
// kept.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
