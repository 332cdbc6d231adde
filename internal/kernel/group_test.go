package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// groupCase is a problem for a group kernel.
type groupCase struct {
	g, pixels, tiles int
	counts           [groupRun]int // steps by the length of their run, from 1 on
	pixelX, pixelY   int           // in pixels
	flipped          bool          // the taps of a run lie backwards in the weights
	bias, relu       bool
	residual         int // none, apart, in place
}

// taps returns how many taps a case has at most.
func (c *groupCase) taps() int { return groupRun * (c.counts[0] + c.counts[1] + c.counts[2]) }

// groupOperands are the operands of a case, which end where they are used last.
type groupOperands struct{ x, w, bias, residual, y []float32 }

// lengths returns how long the operands are.
func (c *groupCase) lengths() (x, w, y int) {
	pixels := c.tiles * c.pixels
	return Block * (1 + (pixels-1+groupRun-1)*c.pixelX + groupReach), c.taps() * c.g * Block, Block * (1 + (pixels-1)*c.pixelY)
}

// groupReach is how many pixels the steps of a case begin after the first.
const groupReach = 3

// args returns the arguments for a case. One step of each kind reads the last pixel
// that it may, one the last weights.
func (c *groupCase) args(o groupOperands) *groupArgs {
	t := &groupArgs{counts: c.counts}
	t.tapW = 4 * c.g * Block
	var steps []panelStep
	for run := groupRun; run > 0; run-- {
		for i := range c.counts[run-1] {
			last := groupReach + (groupRun-run)*c.pixelX
			at := c.taps() - run - len(steps)*groupRun
			if c.flipped {
				at += run - 1
			}
			steps = append(steps, panelStep{int64(4 * Block * max(last-i, 0)), int64(at * t.tapW)})
		}
	}
	if c.flipped {
		t.tapW = -t.tapW
	}
	t.x, t.w, t.y, t.steps, t.tiles = &o.x[0], &o.w[0], &o.y[0], &steps[0], c.tiles
	t.pixelX, t.nextX = 4*Block*c.pixelX, 4*Block*c.pixelX*c.pixels
	t.pixelY, t.nextY = 4*Block*c.pixelY, 4*Block*c.pixelY*c.pixels
	fetches := []int64{0, 1 << 20}
	t.fetches, t.fetch, t.aheadY = &fetches[0], len(fetches), 1<<20 // what is fetched need not be there
	if c.bias {
		t.bias = &o.bias[0]
	}
	t.residual = []*float32{nil, &o.residual[0], t.y}[c.residual]
	if c.relu {
		t.flags = flagReLU
	}
	return t
}

// check holds a kernel against the one in plain Go.
func (c *groupCase) check(t *testing.T, kernel panelKernel, o groupOperands) {
	t.Helper()
	before := slices.Clone(o.y)
	args := c.args(o)
	kernel.run(&args.panelArgs)
	got := slices.Clone(o.y)
	copy(o.y, before)
	groupGo(c.args(o), c.pixels, c.g)
	for i, want := range o.y {
		if !closeTo(got[i], want, 1e-4) {
			t.Fatalf("%+v: y[%d] = %v, want %v", *c, i, got[i], want)
		}
	}
	copy(o.y, before)
}

// randomGroupCase returns a case for tiles of so many pixels.
func randomGroupCase(r *rand.Rand, g, pixels int) *groupCase {
	c := &groupCase{g: g, pixels: pixels, tiles: 1 + r.IntN(3), pixelX: 1 + r.IntN(2), pixelY: 1 + r.IntN(2),
		flipped: r.IntN(2) == 0, bias: r.IntN(2) == 0, relu: r.IntN(2) == 0, residual: r.IntN(3)}
	for c.taps() == 0 {
		c.counts = [groupRun]int{r.IntN(3), r.IntN(3), r.IntN(3)}
	}
	return c
}

// onEachGroup runs f for the kernels of every tier.
func onEachGroup(t *testing.T, f func(t *testing.T, set *groupSet)) {
	onEachTier(t, func(t *testing.T) {
		for g := 1; g < Block; g *= 2 {
			f(t, groupsOf(g))
		}
	})
}

// TestGroupKernels holds every group kernel against the one in plain Go, with a
// special value in one place of one operand or none: it must reach the results that
// depend on it and no others.
func TestGroupKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	onEachGroup(t, func(t *testing.T, set *groupSet) {
		for i, kernel := range set.panels.kernels {
			for trial := range 40 {
				c := randomGroupCase(r, set.g, i+1)
				x, w, y := c.lengths()
				o := groupOperands{randomSlice(r, x), randomSlice(r, w), randomSlice(r, Block), randomSlice(r, y), randomSlice(r, y)}
				if special := []float32{0, nan, inf, -inf}[trial%4]; special != 0 {
					operand := [][]float32{o.x, o.w, o.bias, o.residual, o.y}[r.IntN(5)]
					operand[r.IntN(len(operand))] = special
				}
				c.check(t, kernel, o)
			}
		}
	})
}

// outerGroupCase is a problem for a group kernel of the weight gradient.
type outerGroupCase struct{ g, taps, pixels, rows, pixelX, pixelY int }

// lengths returns how long its operands are: rows have a pixel between them.
func (c *outerGroupCase) lengths() (x, y, sums int) {
	return Block * (c.rows*((c.pixels-1)*c.pixelX+2) - 1), Block * (c.rows*((c.pixels+c.taps-2)*c.pixelY+2) - 1), c.taps * c.g * Block
}

// check holds a kernel against the one in plain Go.
func (c *outerGroupCase) check(t *testing.T, kernel outerKernel, x, y, sums []float32) {
	t.Helper()
	var a groupOuterArgs
	a.x, a.y, a.sums = &x[0], &y[Block*(c.taps-1)*c.pixelY], &sums[0]
	a.pixels, a.rows = c.pixels, c.rows
	a.pixelX, a.pixelY = 4*Block*c.pixelX, 4*Block*c.pixelY
	a.rowX, a.rowY = 4*Block*((c.pixels-1)*c.pixelX+2), 4*Block*((c.pixels+c.taps-2)*c.pixelY+2)
	a.tapSums, a.aheadX, a.aheadY = 4*c.g*Block, 1<<20, 1<<20
	before := slices.Clone(sums)
	kernel.run(&a.outerArgs)
	got := slices.Clone(sums)
	copy(sums, before)
	groupOuterGo(&a, c.g, c.taps)
	for i, want := range sums {
		if !closeTo(got[i], want, 1e-4) {
			t.Fatalf("%+v: sum %d is %v, want %v", *c, i, got[i], want)
		}
	}
	copy(sums, before)
}

func randomOuterGroupCase(r *rand.Rand, g, taps int) *outerGroupCase {
	return &outerGroupCase{g: g, taps: taps, pixels: 1 + r.IntN(6), rows: 1 + r.IntN(3), pixelX: 1 + r.IntN(2), pixelY: 1 + r.IntN(2)}
}

func TestGroupOuterKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(93, 94))
	onEachGroup(t, func(t *testing.T, set *groupSet) {
		for i, kernel := range set.outers {
			for trial := range 60 {
				c := randomOuterGroupCase(r, set.g, i+1)
				x, y, sums := c.lengths()
				operands := [][]float32{randomSlice(r, x), randomSlice(r, y), randomSlice(r, sums)}
				if special := []float32{0, nan, inf, -inf}[trial%4]; special != 0 {
					operand := operands[r.IntN(3)]
					operand[r.IntN(len(operand))] = special
				}
				c.check(t, kernel, operands[0], operands[1], operands[2])
			}
		}
	})
}

// TestAssemblyKnowsGroupArguments pins the layout of what assembly reads.
func TestAssemblyKnowsGroupArguments(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("no assembly for this size of words")
	}
	var p groupArgs
	var o groupOuterArgs
	for name, at := range map[string][2]uintptr{
		"groupArgs.panelArgs":      {unsafe.Offsetof(p.panelArgs), 0},
		"groupArgs.tapW":           {unsafe.Offsetof(p.tapW), 120},
		"groupArgs.counts":         {unsafe.Offsetof(p.counts), 128},
		"groupArgs.fetches":        {unsafe.Offsetof(p.fetches), 152},
		"groupArgs.fetch":          {unsafe.Offsetof(p.fetch), 160},
		"groupArgs.aheadY":         {unsafe.Offsetof(p.aheadY), 168},
		"groupOuterArgs.outerArgs": {unsafe.Offsetof(o.outerArgs), 0},
		"groupOuterArgs.tapSums":   {unsafe.Offsetof(o.tapSums), 88},
	} {
		if at[0] != at[1] {
			t.Errorf("%s is at %d, the assembly takes it at %d", name, at[0], at[1])
		}
	}
}
