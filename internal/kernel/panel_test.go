package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"
)

// panelCase is a random problem for one size of panel kernel.
type panelCase struct {
	pixels, width, run, steps, tiles int
	pixelX, pixelY                   int // in pixels
	flags                            uint64
	bias, residual, inPlace          bool
	poison                           float32 // a value of x
}

// run computes the case and returns the whole output array, whose places that
// are no results hold what was there.
func (c panelCase) compute(kernel panelKernel, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	span := ((c.tiles+1)*c.pixels*c.pixelX + 3) * Block
	x, w := randomSlice(r, c.steps*span), randomSlice(r, c.steps*c.run*c.width)
	bias := randomSlice(r, c.width)
	plane := ((c.tiles+1)*c.pixels*c.pixelY + 2) * Block
	y, residual := randomSlice(r, c.width/Block*plane), randomSlice(r, c.width/Block*plane)
	if c.poison != 0 {
		x[r.IntN(len(x))] = c.poison
	}
	steps := make([]panelStep, c.steps)
	for s, i := range r.Perm(c.steps) {
		steps[s] = panelStep{int64(4 * (s*span + Block*r.IntN(3))), int64(4 * i * c.run * c.width)}
	}
	t := &panelArgs{x: &x[0], steps: &steps[0], depth: c.steps, w: &w[0],
		pixelX: 4 * Block * c.pixelX, nextX: 4 * Block * c.pixelX * c.pixels, tiles: c.tiles,
		y: &y[0], pixelY: 4 * Block * c.pixelY, nextY: 4 * Block * c.pixelY * c.pixels, blockY: 4 * plane, flags: c.flags}
	if c.bias {
		t.bias = &bias[0]
	}
	switch {
	case c.inPlace:
		t.residual = t.y
	case c.residual:
		t.residual = &residual[0]
	}
	kernel.run(t)
	return y
}

// TestPanelKernels holds every panel kernel against the one in plain Go.
func TestPanelKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(41, 42))
		for _, set := range panelTiers.get().panels {
			for i, kernel := range set.kernels {
				for trial := range 40 {
					c := panelCase{pixels: i + 1, width: set.width, run: set.run, steps: 1 + r.IntN(5), tiles: 1 + r.IntN(3),
						pixelX: 1 + r.IntN(2), pixelY: 1 + r.IntN(2), flags: uint64(r.IntN(2)) * flagReLU,
						bias: r.IntN(2) == 0, residual: r.IntN(2) == 0, inPlace: r.IntN(3) == 0}
					c.poison = []float32{0, 0, float32(math.NaN()), float32(math.Inf(1))}[trial%4]
					seed := r.Uint64()
					got := c.compute(kernel, seed)
					want := c.compute(goPanels(c.pixels, c.width, c.run).kernels[c.pixels-1], seed)
					for j := range want {
						if !closeTo(got[j], want[j], 1e-4) {
							t.Fatalf("%+v: y[%d] = %v, want %v", c, j, got[j], want[j])
						}
					}
				}
			}
		}
	})
}

// closeTo reports whether got is want, NaN and infinities included.
func closeTo(got, want float32, tolerance float64) bool {
	if d := math.Abs(float64(got - want)); d <= tolerance {
		return true
	}
	return got == want || got != got && want != want
}

// TestOuterKernels holds the outer kernel against the one in plain Go.
func TestOuterKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(43, 44))
		for trial := range 100 {
			outer := panelTiers.get().outers[trial%len(panelTiers.get().outers)]
			pixels, rows := 1+r.IntN(9), 1+r.IntN(4)
			stepX, stepY := 1+r.IntN(2), 1+r.IntN(2)
			pitchX, pitchY := pixels*stepX+r.IntN(3), pixels*stepY+r.IntN(3)
			x, y := randomSlice(r, rows*pitchX*outer.run), randomSlice(r, rows*pitchY*Block)
			if trial%3 == 0 {
				x[r.IntN(len(x))] = float32(math.Inf(-1))
			}
			sums := randomSlice(r, outer.run*Block)
			want := slices.Clone(sums)
			args := outerArgs{x: &x[0], y: &y[0], pixels: pixels, rows: rows,
				pixelX: 4 * outer.run * stepX, pixelY: 4 * Block * stepY, rowX: 4 * outer.run * pitchX, rowY: 4 * Block * pitchY}
			args.sums = &sums[0]
			outer.kernel.run(&args)
			args.sums = &want[0]
			outerGo(&args, outer.run)
			for j := range want {
				if !closeTo(sums[j], want[j], 1e-4) {
					t.Fatalf("%d rows of %d pixels: sum %d is %v, want %v", rows, pixels, j, sums[j], want[j])
				}
			}
		}
	})
}

// TestAssemblyKnowsPanelArguments pins the layout of what assembly reads.
func TestAssemblyKnowsPanelArguments(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("no assembly for this size of words")
	}
	var p panelArgs
	var o outerArgs
	for name, at := range map[string][2]uintptr{
		"panelArgs.x":        {unsafe.Offsetof(p.x), 0},
		"panelArgs.steps":    {unsafe.Offsetof(p.steps), 8},
		"panelArgs.depth":    {unsafe.Offsetof(p.depth), 16},
		"panelArgs.w":        {unsafe.Offsetof(p.w), 24},
		"panelArgs.pixelX":   {unsafe.Offsetof(p.pixelX), 32},
		"panelArgs.nextX":    {unsafe.Offsetof(p.nextX), 40},
		"panelArgs.tiles":    {unsafe.Offsetof(p.tiles), 48},
		"panelArgs.y":        {unsafe.Offsetof(p.y), 56},
		"panelArgs.pixelY":   {unsafe.Offsetof(p.pixelY), 64},
		"panelArgs.nextY":    {unsafe.Offsetof(p.nextY), 72},
		"panelArgs.blockY":   {unsafe.Offsetof(p.blockY), 80},
		"panelArgs.bias":     {unsafe.Offsetof(p.bias), 88},
		"panelArgs.residual": {unsafe.Offsetof(p.residual), 96},
		"panelArgs.flags":    {unsafe.Offsetof(p.flags), 104},
		"panelArgs.ahead":    {unsafe.Offsetof(p.ahead), 112},
		"outerArgs.x":        {unsafe.Offsetof(o.x), 0},
		"outerArgs.y":        {unsafe.Offsetof(o.y), 8},
		"outerArgs.pixels":   {unsafe.Offsetof(o.pixels), 16},
		"outerArgs.pixelX":   {unsafe.Offsetof(o.pixelX), 24},
		"outerArgs.pixelY":   {unsafe.Offsetof(o.pixelY), 32},
		"outerArgs.rows":     {unsafe.Offsetof(o.rows), 40},
		"outerArgs.rowX":     {unsafe.Offsetof(o.rowX), 48},
		"outerArgs.rowY":     {unsafe.Offsetof(o.rowY), 56},
		"outerArgs.sums":     {unsafe.Offsetof(o.sums), 64},
		"outerArgs.aheadX":   {unsafe.Offsetof(o.aheadX), 72},
		"outerArgs.aheadY":   {unsafe.Offsetof(o.aheadY), 80},
	} {
		if at[0] != at[1] {
			t.Errorf("%s is at %d, the assembly takes it at %d", name, at[0], at[1])
		}
	}
}

// BenchmarkPanel runs the panel kernels on operands that lie in the caches, and
// the outer kernel.
func BenchmarkPanel(b *testing.B) {
	for _, tier := range Tiers() {
		defer SetTier(SetTier(tier))
		report := func(b *testing.B, macs int, f func()) {
			best := time.Hour
			for range b.N {
				start := time.Now()
				for range 100 {
					f()
				}
				best = min(best, time.Since(start))
			}
			rate := float64(2*100*macs) / float64(best.Nanoseconds())
			b.ReportMetric(rate, "GFLOP/s")
			b.ReportMetric(0, "ns/op")
			if peak := peakOf(1); peak > 0 {
				b.ReportMetric(100*rate/peak, "%peak")
			}
		}
		for _, set := range panelTiers.get().panels {
			for i, kernel := range set.kernels {
				b.Run(fmt.Sprintf("%v/%dx%d_%d", tier, i+1, set.width, set.run), func(b *testing.B) {
					const steps, tiles = 8, 4
					x, w := make([]float32, steps*tiles*(i+1)*Block), make([]float32, steps*set.run*set.width)
					y, table := make([]float32, tiles*(i+1)*set.width), make([]panelStep, steps)
					for s := range table {
						table[s] = panelStep{int64(s * tiles * (i + 1) * 4 * Block), int64(s * 4 * set.run * set.width)}
					}
					t := &panelArgs{x: &x[0], steps: &table[0], depth: steps, w: &w[0], pixelX: 4 * Block, nextX: (i + 1) * 4 * Block, tiles: tiles,
						y: &y[0], pixelY: 4 * Block, nextY: (i + 1) * 4 * Block, blockY: tiles * (i + 1) * 4 * Block}
					report(b, steps*tiles*(i+1)*set.run*set.width, func() { kernel.run(t) })
				})
			}
		}
		for _, outer := range panelTiers.get().outers {
			b.Run(fmt.Sprintf("%v/outer_%d", tier, outer.run), func(b *testing.B) {
				const pixels = 64
				x, y, sums := make([]float32, pixels*Block), make([]float32, pixels*Block), make([]float32, outer.run*Block)
				t := &outerArgs{x: &x[0], y: &y[0], pixels: pixels, rows: 1, pixelX: 4 * Block, pixelY: 4 * Block, sums: &sums[0]}
				report(b, pixels*outer.run*Block, func() { outer.kernel.run(t) })
			})
		}
	}
}
