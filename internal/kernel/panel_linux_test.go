package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// guardedPanel holds the operands of panel kernels, each of which ends where
// memory does.
type guardedPanel struct{ x, w, bias, residual, y []float32 }

const (
	guardedTiles, guardedSteps = 3, 5
	guardedReach               = 4 // pixels that offsets go at most, both ways
)

// newGuardedPanel returns operands for tiles of so many pixels that lie up to
// two blocks apart. Tiles have a block between them.
func newGuardedPanel(t *testing.T, r *rand.Rand, pixels, width int) guardedPanel {
	most := Block * guardedTiles * (2*pixels + 1)
	return guardedPanel{
		x: guarded(t, r, most+2*guardedReach*Block), w: guarded(t, r, guardedSteps*Block*width),
		bias: guarded(t, r, width), residual: guarded(t, r, width/Block*most), y: guarded(t, r, width/Block*most),
	}
}

// tail returns the last n values of x.
func tail(x []float32, n int) []float32 { return x[len(x)-n:] }

// inputPixel returns how many values a pixel of the input takes: those of a
// planar one overlap.
func (c panelCase) inputPixel() int {
	if c.run == Block {
		return Block
	}
	return 1
}

// run computes a case into the end of y, which it returns. The last value of
// every operand is used.
func (g *guardedPanel) run(k panelKernel, c panelCase, steps []panelStep) []float32 {
	pixel := c.inputPixel()
	span := func(step int) int { return (c.tiles-1)*(c.pixels*step+1) + (c.pixels-1)*step + 1 }
	blockY := span(c.pixelY) + 1
	lenY := Block * ((c.width/Block-1)*blockY + span(c.pixelY))
	y, w := tail(g.y, lenY), tail(g.w, c.steps*c.run*c.width)
	a := &panelArgs{
		x: &tail(g.x, pixel*(span(c.pixelX)-1+guardedReach)+c.run)[0], steps: &steps[0], depth: c.steps, w: &w[0],
		pixelX: 4 * pixel * c.pixelX, nextX: 4 * pixel * (c.pixels*c.pixelX + 1), tiles: c.tiles,
		y: &y[0], pixelY: 4 * Block * c.pixelY, nextY: 4 * Block * (c.pixels*c.pixelY + 1), blockY: 4 * Block * blockY, flags: c.flags,
	}
	if c.bias {
		a.bias = &g.bias[0]
	}
	switch {
	case c.inPlace:
		a.residual = a.y
	case c.residual:
		a.residual = &tail(g.residual, lenY)[0]
	}
	k.run(a)
	return y
}

// guardedCases returns every combination of tiles, steps, strides and parts of
// the epilogue.
func guardedCases(pixels, width, run int) []panelCase {
	var cases []panelCase
	for bits := range 16 * guardedSteps * guardedTiles {
		epilogue := bits / (guardedSteps * guardedTiles)
		c := panelCase{pixels: pixels, width: width, run: run, steps: 1 + bits%guardedSteps, tiles: 1 + bits/guardedSteps%guardedTiles,
			bias: epilogue&1 != 0, flags: uint64(epilogue >> 1 & 1 * flagReLU), residual: epilogue&4 != 0, inPlace: epilogue&8 != 0}
		for strides := range 4 {
			c.pixelX, c.pixelY = 1+strides&1, 1+strides>>1
			cases = append(cases, c)
		}
	}
	return cases
}

// check holds a kernel against the one in plain Go, with a special value in one
// place of one operand or none.
func (g *guardedPanel) check(t *testing.T, r *rand.Rand, k panelKernel, c panelCase, special float32) {
	t.Helper()
	steps := make([]panelStep, c.steps)
	for s, w := range r.Perm(c.steps) {
		steps[s] = panelStep{int64(4 * c.inputPixel() * (r.IntN(2*guardedReach+1) - guardedReach)), int64(4 * c.run * w * c.width)}
	}
	steps[r.IntN(c.steps)].x = int64(4 * c.inputPixel() * guardedReach)
	operand := [][]float32{g.x, g.w, g.bias, g.residual, g.y}[r.IntN(5)]
	at := r.IntN(len(operand))
	before := operand[at]
	if special != 0 {
		operand[at] = special
	}
	kept := slices.Clone(g.y)
	got := slices.Clone(g.run(k, c, steps))
	copy(g.y, kept)
	want := g.run(goPanels(c.pixels, c.width, c.run).kernels[c.pixels-1], c, steps)
	for j := range want {
		if !closeTo(got[j], want[j], 1e-4) {
			t.Fatalf("%+v: y[%d] = %v, want %v", c, j, got[j], want[j])
		}
	}
	copy(g.y, kept)
	operand[at] = before
}

// TestPanelKernelsStayInside holds the panel kernels against the one in plain Go
// where memory ends behind the operands: reads beyond them show at no other
// place. Writes show between the results, and a NaN or an infinite value in any
// operand must reach the results that depend on it and no others.
func TestPanelKernelsStayInside(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(45, 46))
		for _, set := range panelTiers.get().panels {
			for i, kernel := range set.kernels {
				g := newGuardedPanel(t, r, i+1, set.width)
				for j, c := range guardedCases(i+1, set.width, set.run) {
					g.check(t, r, kernel, c, []float32{0, nan, inf, -inf}[j/4%4])
				}
			}
		}
	})
}

// guardedOuter holds the operands of outer kernels, each of which ends where
// memory does.
type guardedOuter struct{ x, y, sums []float32 }

// check holds a kernel against the one in plain Go. The last values of x and y
// are used; rows have a pixel between them.
func (g *guardedOuter) check(t *testing.T, outer outerSet, rows, pixels, stepX, stepY int) {
	t.Helper()
	first := func(x []float32, step, n int) *float32 { return &tail(x, n*(rows*(pixels*step+1)-step))[0] }
	sums := tail(g.sums, outer.run*Block)
	a := &outerArgs{x: first(g.x, stepX, outer.run), y: first(g.y, stepY, Block), pixels: pixels, rows: rows, sums: &sums[0],
		pixelX: 4 * outer.run * stepX, pixelY: 4 * Block * stepY, rowX: 4 * outer.run * (pixels*stepX + 1), rowY: 4 * Block * (pixels*stepY + 1)}
	before := slices.Clone(sums)
	outer.kernel.run(a)
	got := slices.Clone(sums)
	copy(sums, before)
	outerGo(a, outer.run)
	for j, want := range sums {
		if !closeTo(got[j], want, 1e-4) {
			t.Fatalf("run of %d, %d rows of %d pixels: sum %d is %v, want %v", outer.run, rows, pixels, j, got[j], want)
		}
	}
	copy(sums, before)
}

// TestOuterKernelsStayInside does the same for the outer kernels, with rows of
// every length around what they may unroll by.
func TestOuterKernelsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 48))
	const most = 9
	g := &guardedOuter{guarded(t, r, 3*(2*most+1)*Block), guarded(t, r, 3*(2*most+1)*Block), guarded(t, r, Block*Block)}
	onEachTier(t, func(t *testing.T) {
		for _, outer := range panelTiers.get().outers {
			for pixels := 1; pixels <= most; pixels++ {
				for bits := range 4 * 3 {
					g.check(t, outer, 1+bits>>2, pixels, 1+bits&1, 1+bits>>1&1)
				}
			}
		}
	})
}
