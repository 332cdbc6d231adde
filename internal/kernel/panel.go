package kernel

import (
	"fmt"
	"slices"
	"unsafe"
)

//go:generate go run -C gen . -set panel -out ../panel_amd64.s -stubs ../panel_amd64.go -pkg kernel

// Block is how many channels lie side by side in the blocked layout: there an
// image batch of C channels is an array (N, C/Block, H, W, Block), with C a
// multiple of Block. A pixel's channels are whole vectors on every tier, so
// kernels read and write them without shuffling, and the next pixel of a row is
// the next Block values.
const Block = 16

// panelArgs is what a panel kernel computes: some tiles of neighbouring pixels
// of a convolution in the blocked layout, for one panel of output channels. A
// tile's sums stay in registers over the whole depth, which is made up of steps:
// Block input channels of one tap, or, where the input is planar, the taps in a
// row of the window. panelGo says it exactly. The assembly knows where the fields
// lie.
//
// The products of Winograd's algorithm are of the same form: a tile's transform
// takes the place of a pixel.
type panelArgs struct {
	x        *float32   // the first input pixel of the first tile
	steps    *panelStep // each is a run of input values that lie side by side
	depth    int        // number of steps, at least 1
	w        *float32   // weights: for each step (run, width)
	pixelX   int        // bytes from an input pixel to the next
	nextX    int        // bytes from a tile's first input pixel to that of the next tile
	tiles    int        // at least 1
	y        *float32   // where the first pixel of the first tile is stored
	pixelY   int        // bytes from an output pixel to the next
	nextY    int        // bytes from a tile's first output pixel to that of the next tile
	blockY   int        // bytes from an output pixel to its next Block channels
	bias     *float32   // what the sums begin with, (width), or nil
	residual *float32   // laid out like y and added to the sums, may be y itself; or nil
	flags    uint64     // flagReLU or 0
	ahead    int        // bytes from w to the weights that are needed next, to be brought to the cache meanwhile; may be beyond them all
}

// A panelStep says where the input values and the weights of a step begin: so
// many bytes after x and w. A tap that falls outside the image is simply not
// among the steps.
type panelStep struct{ x, w int64 }

// A panelKernel computes tiles of one number of pixels. Its argument is a
// *panelArgs; the generator of the assembly cannot name the type.
type panelKernel func(t *byte)

func (k panelKernel) run(t *panelArgs) { k((*byte)(unsafe.Pointer(t))) }

// A panelSet holds the panel kernels of a tier for one width and run.
type panelSet struct {
	width   int           // output channels of a panel, a multiple of Block
	run     int           // input values of a step
	kernels []panelKernel // [i] is for tiles of i+1 pixels
}

// most returns the most pixels that a tile can have.
func (s *panelSet) most() int { return len(s.kernels) }

// A panelTier holds the kernels of a tier for the blocked layout.
type panelTier struct {
	panels []panelSet // for steps of Block values the widest first, then for shorter runs
	outers []outerSet // for runs as panels
}

// panelsFor returns the panels for that many output channels, a multiple of
// Block, of a blocked input.
func panelsFor(channels int) *panelSet {
	panels := panelTiers.get().panels
	for i := range panels {
		if s := &panels[i]; s.run == Block && channels%s.width == 0 {
			return s
		}
	}
	panic(fmt.Sprintf("kernel: %d channels are no blocks of %d", channels, Block))
}

// rowKernels returns the panels, Block wide, and the outer kernel for rows of
// window taps of a planar input: those for runs as long, or else for single taps.
func rowKernels(window int) (*panelSet, *outerSet) {
	t := panelTiers.get()
	run := 1
	for i := range t.outers {
		if t.outers[i].run == window {
			run = window
		}
	}
	p := slices.IndexFunc(t.panels, func(s panelSet) bool { return s.run == run && s.width == Block })
	o := slices.IndexFunc(t.outers, func(s outerSet) bool { return s.run == run })
	return &t.panels[p], &t.outers[o]
}

// panelGo is the panel kernel in plain Go and the reference of the others: for
// every tile t, pixel p and output channel k,
//
//	y[t][p][k] = relu(bias[k] + sum over s and c of x[t][p][s][c] * w[s][c][k] + residual[t][p][k])
func panelGo(t *panelArgs, pixels, width, run int) {
	for tile := range t.tiles {
		for p := range pixels {
			x, y := tile*t.nextX+p*t.pixelX, tile*t.nextY+p*t.pixelY
			for b := range width / Block {
				t.pixel(x, y+b*t.blockY, b, width, run)
			}
		}
	}
}

// pixel computes Block output channels of a pixel that lies x and y bytes after
// the first.
func (t *panelArgs) pixel(x, y, block, width, run int) {
	var sum [Block]float32
	if t.bias != nil {
		copy(sum[:], unsafe.Slice(t.bias, width)[block*Block:])
	}
	for _, s := range unsafe.Slice(t.steps, t.depth) {
		w := floatsAt(t.w, int(s.w)+4*block*Block, run*width-block*Block)
		for c, v := range floatsAt(t.x, x+int(s.x), run) {
			row := (*[Block]float32)(w[c*width:])
			for k := range sum {
				sum[k] += v * row[k]
			}
		}
	}
	t.finish(&sum, y)
}

// finish stores the sums of a pixel that lies y bytes after the first, with what
// is done to them before.
func (t *panelArgs) finish(sum *[Block]float32, y int) {
	if t.residual != nil {
		for k, v := range floatsAt(t.residual, y, Block) {
			sum[k] += v
		}
	}
	if t.flags&flagReLU != 0 {
		for k, v := range sum {
			if v < 0 {
				sum[k] = 0
			}
		}
	}
	copy(floatsAt(t.y, y, Block), sum[:])
}

// goPanels returns the plain Go kernels for tiles of up to so many pixels.
func goPanels(pixels, width, run int) panelSet {
	s := panelSet{width: width, run: run}
	for p := range pixels {
		s.kernels = append(s.kernels, func(t *byte) { panelGo((*panelArgs)(unsafe.Pointer(t)), p+1, width, run) })
	}
	return s
}

// outerArgs is what an outer kernel computes: a block of the weight gradient,
// the sum over pixels of the products of a run of values of x with Block of y.
// outerGo says it exactly.
type outerArgs struct {
	x, y           *float32 // the first pixels
	pixels         int      // in a row, at least 1
	pixelX, pixelY int      // bytes from a pixel to the next
	rows           int      // at least 1
	rowX, rowY     int      // bytes from a row's first pixel to that of the next
	sums           *float32 // (run, Block), added to
	aheadX, aheadY int      // bytes from the pixels to those that are needed next, to be brought to the cache meanwhile
}

// An outerKernel's argument is an *outerArgs.
type outerKernel func(t *byte)

func (k outerKernel) run(t *outerArgs) { k((*byte)(unsafe.Pointer(t))) }

// An outerSet is an outer kernel and its run.
type outerSet struct {
	run    int
	kernel outerKernel
}

// outerGo is the outer kernel in plain Go and the reference of the others:
//
//	sums[c][k] += sum over rows r and pixels p of x[r][p][c] * y[r][p][k]
func outerGo(t *outerArgs, run int) {
	sums := unsafe.Slice((*[Block]float32)(unsafe.Pointer(t.sums)), run)
	for r := range t.rows {
		for p := range t.pixels {
			y := (*[Block]float32)(floatsAt(t.y, r*t.rowY+p*t.pixelY, Block))
			for c, v := range floatsAt(t.x, r*t.rowX+p*t.pixelX, run) {
				row := &sums[c]
				for k, w := range y {
					row[k] += v * w
				}
			}
		}
	}
}

func goOuter(run int) outerSet {
	return outerSet{run, func(t *byte) { outerGo((*outerArgs)(unsafe.Pointer(t)), run) }}
}

var genericPanels = panelTier{
	panels: []panelSet{goPanels(4, Block, Block), goPanels(4, Block, 7), goPanels(4, Block, 5), goPanels(4, Block, 4), goPanels(4, Block, 3), goPanels(4, Block, 1)},
	outers: []outerSet{goOuter(Block), goOuter(7), goOuter(5), goOuter(4), goOuter(3), goOuter(1)},
}
