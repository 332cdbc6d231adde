package kernel

import (
	"fmt"
	"unsafe"
)

//go:generate go run -C gen . -set wino -out ../wino_amd64.s -stubs ../wino_amd64.go -pkg kernel

// maxPlanes is the most products that a tile has: 6x6, of F(4x4, 3x3).
const maxPlanes = 36

// spreadArgs is what a spread kernel computes: it applies a linear map to the
// columns and rows of tiles, squares of pixels in the blocked layout, and stores
// the results of each tile in planes, one for each place of the result.
// spreadGo says it exactly. The assembly knows where the fields lie.
type spreadArgs struct {
	work    [maxPlanes]lane // of the assembly
	x       *float32        // the first block of channels of the image
	at      int             // bytes from x to the first pixel of the first tile, which may lie outside the image
	pitch   int             // bytes from a row of pixels to the next
	rows    uint64          // bit i is set if row i of the tiles lies in the image; other rows are zeros
	columns uint64          // the same of columns
	tiles   int             // side by side, at least 1
	nextX   int             // bytes from a tile to the next
	blocks  int             // of channels, at least 1
	blockX  int             // bytes from a block of channels to the next
	v       *float32        // where the first result of the first tile is stored
	plane   int             // bytes from a plane to the next
	nextV   int             // bytes from a tile's result to that of the next tile
	blockV  int             // bytes from a result to its next block of channels
	counts  [4]int          // of the assembly
}

// A spreadKernel's argument is a *spreadArgs.
type spreadKernel func(t *byte)

func (k spreadKernel) run(t *spreadArgs) { k((*byte)(unsafe.Pointer(t))) }

// spreadGo is the spread kernel in plain Go and the reference of the others; the
// pixels of a row of a tile are so many apart.
func spreadGo(t *spreadArgs, f linear, step int) {
	var x, v [maxPlanes]lane
	size := len(f[0])
	for b := range t.blocks {
		for tile := range t.tiles {
			at := t.at + b*t.blockX + tile*t.nextX
			for i := range size * size {
				x[i] = lane{}
				if r, c := i/size, i%size; t.rows>>r&1 != 0 && t.columns>>c&1 != 0 {
					copy(x[i][:], floatsAt(t.x, at+r*t.pitch+4*Block*step*c, Block))
				}
			}
			f.both(&v, &x)
			for p := range len(f) * len(f) {
				copy(floatsAt(t.v, p*t.plane+b*t.blockV+tile*t.nextV, Block), v[p][:])
			}
		}
	}
}

// collectArgs is what a collect kernel computes, the way back: it applies a linear
// map to what lies in the planes and stores tiles of pixels. collectGo says it
// exactly. The assembly knows where the fields lie.
type collectArgs struct {
	work     [maxPlanes]lane // of the assembly
	v        *float32        // the first plane's value for the first tile
	plane    int             // bytes from a plane to the next
	nextV    int             // bytes from a tile to the next
	blockV   int             // bytes from a block of channels to the next
	tiles    int             // side by side, at least 1
	blocks   int             // of channels, at least 1
	y        *float32        // where the first pixel of the first tile is stored
	pitch    int             // bytes from a row of pixels to the next
	nextY    int             // bytes from a tile to the next
	blockY   int             // bytes from a block of channels to the next
	rows     int             // of each tile that are stored, at least 1
	columns  int             // the same
	bias     *float32        // (blocks, Block), added to the pixels; or nil
	residual *float32        // laid out like y and added, may be y itself; or nil
	flags    uint64          // flagReLU or 0
	counts   [4]int          // of the assembly
}

// A collectKernel's argument is a *collectArgs.
type collectKernel func(t *byte)

func (k collectKernel) run(t *collectArgs) { k((*byte)(unsafe.Pointer(t))) }

// collectGo is the collect kernel in plain Go and the reference of the others; the
// pixels of a row of a tile are so many apart.
func collectGo(t *collectArgs, f linear, step int) {
	var v, y [maxPlanes]lane
	for b := range t.blocks {
		for tile := range t.tiles {
			for p := range len(f[0]) * len(f[0]) {
				copy(v[p][:], floatsAt(t.v, p*t.plane+b*t.blockV+tile*t.nextV, Block))
			}
			f.both(&y, &v)
			for i := range t.rows {
				for j := range t.columns {
					t.store(&y[i*len(f)+j], b, b*t.blockY+tile*t.nextY+i*t.pitch+4*Block*step*j)
				}
			}
		}
	}
}

// store stores a pixel so many bytes after y, with what is to be added.
func (t *collectArgs) store(sum *lane, block, at int) {
	y := floatsAt(t.y, at, Block)
	for k, v := range sum {
		if t.bias != nil {
			v += unsafe.Slice(t.bias, t.blocks*Block)[block*Block+k]
		}
		if t.residual != nil {
			v += floatsAt(t.residual, at, Block)[k]
		}
		if t.flags&flagReLU != 0 && v < 0 {
			v = 0
		}
		y[k] = v
	}
}

// winoKernels are the transforms of F(m x m, taps x taps) of a tier. Taps are
// stride pixels apart in a window, which then is that of several such
// convolutions, of as many phases in each direction.
type winoKernels struct {
	m, taps, stride int
	input           spreadKernel  // from m+taps-1 x m+taps-1 pixels
	weight          spreadKernel  // from taps x taps
	outputGrad      spreadKernel  // from m x m pixels
	output          collectKernel // to m x m pixels
	weightGrad      collectKernel // to taps x taps; it adds and cuts off nothing
}

// A winoSet holds the transforms of a tier for all m.
type winoSet []winoKernels

// size returns the height and width of a tile of the input.
func (k *winoKernels) size() int { return k.m + k.taps - 1 }

func (k *winoKernels) name() string {
	return fmt.Sprintf("Winograd F(%[1]dx%[1]d, %[2]dx%[2]d)", k.m, k.taps)
}

// side and window return the size of a window and its number of taps.
func (k *winoKernels) side() int   { return k.taps * k.stride }
func (k *winoKernels) window() int { return k.side() * k.side() }

// tap returns the first tap of a phase among those of a window.
func (k *winoKernels) tap(phase int) int {
	return phase/k.stride*k.side() + phase%k.stride
}

// planes returns the number of products of a tile.
func (k *winoKernels) planes() int { return k.size() * k.size() }

// winogradFor returns the transforms for tiles of m x m results, m 2 or 4.
func winogradFor(m int) *winoKernels {
	set := *winoSets.get()
	for i := range set {
		if set[i].m == m {
			return &set[i]
		}
	}
	return &set[0]
}

func goWino(f *winoMaps) winoKernels {
	return winoKernels{f.m, 3, 1, goSpread(f.input, 1), goSpread(f.weight, 1), goSpread(f.outputGrad, 1), goCollect(f.output, 1), goCollect(f.weightGrad, 1)}
}

// winoHalves are the transforms of a tier for windows of 4 taps and a stride of
// two: from pixels to every second pixel, as the gradient of the input goes, or
// the other way.
type winoHalves struct{ up, down winoKernels }

func goHalves(f *winoMaps) winoHalves {
	k := winoKernels{f.m, f.taps, 2, goSpread(f.input, 1), goSpread(f.weight, 2), goSpread(f.outputGrad, 1), goCollect(f.output, 1), goCollect(f.weightGrad, 2)}
	up, down := k, k
	up.output, down.input = goCollect(f.output, 2), goSpread(f.input, 2)
	return winoHalves{up, down}
}

func goSpread(f linear, step int) spreadKernel {
	return func(t *byte) { spreadGo((*spreadArgs)(unsafe.Pointer(t)), f, step) }
}

func goCollect(f linear, step int) collectKernel {
	return func(t *byte) { collectGo((*collectArgs)(unsafe.Pointer(t)), f, step) }
}

var (
	genericWino   = winoSet{goWino(winoMaps4), goWino(winoMaps2)}
	genericHalves = goHalves(winoMapsHalf)
)
