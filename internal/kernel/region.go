package kernel

import "sync"

// A region is a parallel loop over pieces of work whose body takes its
// arguments from memory that is used again, so that running it allocates
// nothing once as many runs have been seen at the same time. (A closure given
// to Parallel would be allocated at every call.) Regions are package variables:
//
//	var addRegion = newRegion(func(a *addArgs, piece int) { ... })
//	addRegion.run(pieces, addArgs{...})
type region[A any] struct {
	body func(args *A, piece int)
	idle spares[regionCall[A]]
}

type regionCall[A any] struct {
	args A
	work func(piece int)
}

func newRegion[A any](body func(args *A, piece int)) *region[A] {
	return &region[A]{body: body}
}

// run calls the body once for every piece in [0, pieces) by Parallel.
func (r *region[A]) run(pieces int, args A) {
	c := r.idle.take()
	if c.work == nil {
		c.work = func(piece int) { r.body(&c.args, piece) }
	}
	c.args = args
	Parallel(pieces, c.work)
	var none A
	c.args = none // keeps nobody's memory alive
	r.idle.put(c)
}

// spares keeps values for use again.
type spares[T any] struct {
	mu   sync.Mutex
	idle []*T
}

// take returns a value that was put back, or else a new one.
func (s *spares[T]) take() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.idle) - 1
	if last < 0 {
		return new(T)
	}
	v := s.idle[last]
	s.idle = s.idle[:last]
	return v
}

// put keeps a value that is no longer used.
func (s *spares[T]) put(v *T) {
	s.mu.Lock()
	s.idle = append(s.idle, v)
	s.mu.Unlock()
}

// grain is the length of a piece of an elementwise loop: three arrays of it
// lie in the second-level cache, and it outweighs what handing out a piece
// costs by far.
const grain = 1 << 14

// pieces returns how many pieces of grain elements n elements make.
func pieces(n int) int { return (n + grain - 1) / grain }

// bounds returns where the given piece of n elements begins and ends.
func bounds(piece, n int) (begin, end int) {
	begin = piece * grain
	return begin, min(begin+grain, n)
}

// A channelGrid cuts an (n, c, hw) array into blocks of some images and some
// channels, of about two grains where the shape allows it, so that sums over
// channels and loops over planes are spread evenly and read long runs.
type channelGrid struct {
	n, c, hw         int
	images, channels int // in a block
	rows, columns    int // blocks along n and along c
}

func newChannelGrid(n, c, hw int) channelGrid {
	const run = grain / 4 // elements read at a stretch, at least
	g := channelGrid{n: n, c: c, hw: hw}
	if n == 0 || c == 0 || hw == 0 {
		return g
	}
	g.channels = min((run+hw-1)/hw, c)
	g.images = min(max(2*grain/(g.channels*hw), 1), n)
	g.rows = (n + g.images - 1) / g.images
	g.columns = (c + g.channels - 1) / g.channels
	return g
}

// blocks returns the number of blocks of the grid.
func (g *channelGrid) blocks() int { return g.rows * g.columns }

// block returns the images [n0, n1) and channels [c0, c1) of a block, and the
// row of blocks it lies in.
func (g *channelGrid) block(i int) (row, n0, n1, c0, c1 int) {
	row = i / g.columns
	n0, c0 = row*g.images, i%g.columns*g.channels
	return row, n0, min(n0+g.images, g.n), c0, min(c0+g.channels, g.c)
}

// plane returns where channel c of image n begins and ends.
func (g *channelGrid) plane(n, c int) (begin, end int) {
	begin = (n*g.c + c) * g.hw
	return begin, begin + g.hw
}

// A lender keeps slices for use again.
type lender[T float32 | float64 | int32] struct {
	mu   sync.Mutex
	idle [][]T
}

// The lenders of the package: partial sums, rows that are worked on, positions.
var (
	sums      lender[float64]
	rows      lender[float32]
	positions lender[int32]
)

// borrow returns a slice of n zeros, to be handed back by giveBack.
func (l *lender[T]) borrow(n int) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.idle) - 1
	if last < 0 {
		return make([]T, n)
	}
	s := l.idle[last]
	l.idle = l.idle[:last]
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// giveBack takes a slice back that borrow returned.
func (l *lender[T]) giveBack(s []T) {
	clear(s)
	l.mu.Lock()
	l.idle = append(l.idle, s)
	l.mu.Unlock()
}

// byTier holds the versions of a set of kernels, nil where a tier has none of
// its own. Every set has a Generic version.
type byTier[T any] [AVX512 + 1]*T

// get returns the version for the current tier, or the best one below it.
func (v *byTier[T]) get() *T {
	t := CurrentTier()
	for v[t] == nil {
		t--
	}
	return v[t]
}
