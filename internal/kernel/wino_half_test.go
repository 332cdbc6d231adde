package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// halvesShapes lists shapes with tiles of every kind and paddings that begin phases
// everywhere.
func halvesShapes() []ConvShape {
	pads := func(top, left, bottom, right int) func(*ConvShape) {
		return func(s *ConvShape) { s.PadTop, s.PadLeft, s.PadBottom, s.PadRight = top, left, bottom, right }
	}
	return []ConvShape{
		square(1, 16, 2, 16, 4, 2, 1),
		square(2, 32, 4, 16, 4, 2, 0),
		square(3, 16, 14, 48, 4, 2, 1),
		square(1, 48, 16, 32, 4, 2, 1),
		square(2, 16, 13, 32, 4, 2, 2).with(func(s *ConvShape) { s.W = 9 }),
		square(1, 32, 9, 16, 4, 2, 3),
		square(2, 16, 10, 16, 4, 2, 1).with(pads(3, 0, 1, 2)),
		square(1, 16, 11, 16, 4, 2, 1).with(pads(0, 2, 0, 1)),
		square(3, 16, 58, 16, 4, 2, 1), // several blocks of tiles
		square(2, 64, 14, 128, 4, 2, 1),
		square(1, 128, 7, 160, 4, 2, 1),
	}
}

// onEachHalves runs f for all cases and tiers.
func onEachHalves(t *testing.T, shapes []ConvShape, f func(t *testing.T, c *winoCase)) {
	r := rand.New(rand.NewPCG(71, 72))
	for _, s := range shapes {
		if !halvesFit(s) {
			t.Fatalf("%s does not fit", s.name())
		}
		c := newWinoCase(s, r)
		onEachTier(t, func(t *testing.T) { f(t, c) })
	}
}

func TestHalves(t *testing.T) {
	onEachHalves(t, halvesShapes(), func(t *testing.T, c *winoCase) {
		s := c.s
		oh, ow := s.Out()
		p := newHalves(s)
		u := packed(p, c.w)
		for parts := range 8 {
			e, want := c.epilogue(parts)
			y := fresh(s.outLen())
			if e.Residual != nil {
				e.Residual = c.bresidual
			}
			p.run(y, c.bx, u, e)
			checkRelative(t, fmt.Sprintf("%s, epilogue %d", s.name(), parts), winoPlanar(y, s.N, s.K, oh*ow), want)
		}
		y := fresh(s.outLen())
		p.runOnce(y, c.bx, c.w, Epilogue{})
		checkRelative(t, s.name()+" once", winoPlanar(y, s.N, s.K, oh*ow), c.y)
	})
}

func TestHalvesInput(t *testing.T) {
	r := rand.New(rand.NewPCG(73, 74))
	onEachHalves(t, halvesShapes(), func(t *testing.T, c *winoCase) {
		s := c.s
		p := newHalvesInput(s)
		u := packed(p, c.w)
		bias, want := randomSlice(r, s.C), slices.Clone(c.dx)
		for i := range want {
			want[i] += float64(bias[i/(s.H*s.W)%s.C])
		}
		for range 2 { // the second run meets used scratch memory
			dx := fresh(s.inLen())
			p.run(dx, c.bdy, u, Epilogue{Bias: bias})
			checkRelative(t, s.name()+": dx and a bias", winoPlanar(dx, s.N, s.C, s.H*s.W), want)
			dx = fresh(s.inLen())
			p.runOnce(dx, c.bdy, c.w, Epilogue{})
			checkRelative(t, s.name()+": dx", winoPlanar(dx, s.N, s.C, s.H*s.W), c.dx)
		}
	})
}

func TestHalvesWeights(t *testing.T) {
	shapes := append(halvesShapes(), square(4, 16, 54, 16, 4, 2, 1)) // more tiles than go at once
	onEachHalves(t, shapes, func(t *testing.T, c *winoCase) {
		p := newHalvesWeights(c.s)
		for range 2 { // the second run meets used scratch memory
			dw := fresh(c.s.weightLen())
			p.run(dw, c.bx, c.bdy)
			checkRelative(t, c.s.name()+": dw", dw, c.dw)
		}
	})
}

// TestHalvesSpreadNaN puts single bad values into the arguments: all results that
// depend on them must be bad.
func TestHalvesSpreadNaN(t *testing.T) {
	r := rand.New(rand.NewPCG(75, 76))
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	onEachHalves(t, []ConvShape{square(2, 16, 6, 16, 4, 2, 1), square(1, 32, 7, 16, 4, 2, 2), square(1, 16, 10, 32, 4, 2, 0)}, func(t *testing.T, c *winoCase) {
		s := c.s
		oh, ow := s.Out()
		i, j := r.IntN(len(c.x)), r.IntN(len(c.dy))
		y, dx, dw := make([]bool, s.outLen()), make([]bool, s.inLen()), make([]bool, s.weightLen())
		s.products(func(yi, xi, wi int) {
			y[yi] = y[yi] || xi == i
			dx[xi] = dx[xi] || yi == j
			dw[wi] = dw[wi] || xi == i
		})
		x, dy := slices.Clone(c.x), slices.Clone(c.dy)
		x[i], dy[j] = bad[r.IntN(3)], bad[r.IntN(3)]
		x, dy = winoBlocked(x, s.N, s.C, s.H*s.W), winoBlocked(dy, s.N, s.K, oh*ow)
		gotY, gotX, gotW := fresh(s.outLen()), fresh(s.inLen()), fresh(s.weightLen())
		newHalves(s).runOnce(gotY, x, c.w, Epilogue{})
		newHalvesInput(s).runOnce(gotX, dy, c.w, Epilogue{})
		newHalvesWeights(s).run(gotW, x, c.bdy)
		checkBad(t, s.name()+" y", winoPlanar(gotY, s.N, s.K, oh*ow), y)
		checkBad(t, s.name()+" dx", winoPlanar(gotX, s.N, s.C, s.H*s.W), dx)
		checkBad(t, s.name()+" dw", gotW, dw)
	})
}

func TestHalvesSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	r := rand.New(rand.NewPCG(77, 78))
	for _, s := range []ConvShape{square(3, 16, 58, 32, 4, 2, 1), square(2, 64, 14, 128, 4, 2, 1)} {
		x, w, dy := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), randomSlice(r, s.outLen())
		onEachTier(t, func(t *testing.T) {
			checkAnyProcs(t, s.name(), func() [][]float32 {
				y, dx, dw := fresh(s.outLen()), fresh(s.inLen()), fresh(s.weightLen())
				newHalves(s).runOnce(y, x, w, Epilogue{ReLU: true})
				newHalvesInput(s).runOnce(dx, dy, w, Epilogue{})
				newHalvesWeights(s).run(dw, x, dy)
				return [][]float32{y, dx, dw}
			})
		})
	}
}

func TestHalvesDoNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(79, 80))
	for _, s := range []ConvShape{square(3, 16, 58, 32, 4, 2, 1), square(2, 64, 14, 128, 4, 2, 1)} {
		x, w, y := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), make([]float32, s.outLen())
		withProcs(t, 2, func() {
			forward, input, weights := newHalves(s), newHalvesInput(s), newHalvesWeights(s)
			n := testing.AllocsPerRun(rounds(), func() {
				forward.runOnce(y, x, w, Epilogue{ReLU: true})
				input.runOnce(x, y, w, Epilogue{})
				weights.run(w, x, y)
			})
			if n > 0 {
				t.Errorf("%s: %v allocations a round, want 0", s.name(), n)
			}
		})
	}
}

func TestHalvesFit(t *testing.T) {
	good := square(2, 32, 9, 16, 4, 2, 1)
	if !halvesFit(good) {
		t.Errorf("%s does not fit", good.name())
	}
	for name, change := range map[string]func(*ConvShape){
		"input":    func(s *ConvShape) { s.C = 24 },
		"output":   func(s *ConvShape) { s.K = 8 },
		"window":   func(s *ConvShape) { s.KW = 3 },
		"stride":   func(s *ConvShape) { s.StrideH = 1 },
		"dilation": func(s *ConvShape) { s.DilationW = 2 },
		"groups":   func(s *ConvShape) { s.Groups = 2 },
		"padding":  func(s *ConvShape) { s.PadLeft = 4 },
		"one row":  func(s *ConvShape) { s.H = 1 },
	} {
		if s := good.with(change); halvesFit(s) {
			t.Errorf("%s: %s fits", name, s.name())
		}
	}
}

// TestHalvesMaps holds the matrices against the correlation that they compute.
func TestHalvesMaps(t *testing.T) {
	r := rand.New(rand.NewPCG(81, 82))
	f := winoMapsHalf
	var d, g, dy, fd, fg, fdy, y, dg [maxPlanes]lane
	for i := range maxPlanes {
		d[i][0], g[i][0], dy[i][0] = float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())
	}
	f.input.apply(fd[:], 1, d[:], 1)
	f.weight.apply(fg[:], 1, g[:], 1)
	f.outputGrad.apply(fdy[:], 1, dy[:], 1)
	for p := range fd {
		fg[p][0] *= fd[p][0]
		fdy[p][0] *= fd[p][0]
	}
	f.output.apply(y[:], 1, fg[:], 1)
	f.weightGrad.apply(dg[:], 1, fdy[:], 1)
	for i := range f.m {
		if want := d[i][0]*g[0][0] + d[i+1][0]*g[1][0]; !closeTo(y[i][0], want, 1e-5) {
			t.Errorf("y[%d] = %v, want %v", i, y[i][0], want)
		}
	}
	for j := range f.taps {
		want := float32(0)
		for i := range f.m {
			want += d[i+j][0] * dy[i][0]
		}
		if !closeTo(dg[j][0], want, 1e-5) {
			t.Errorf("dg[%d] = %v, want %v", j, dg[j][0], want)
		}
	}
}

// TestHalvesKernels holds the transforms against those in plain Go.
func TestHalvesKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(83, 84))
		set, ref := halvesSets.get(), &genericHalves
		for name, c := range map[string]struct {
			spread     [2]spreadKernel
			size, step int
		}{
			"input":      {[2]spreadKernel{set.up.input, ref.up.input}, 5, 1},
			"even input": {[2]spreadKernel{set.down.input, ref.down.input}, 5, 2},
			"weight":     {[2]spreadKernel{set.up.weight, ref.up.weight}, 2, 2},
			"outputGrad": {[2]spreadKernel{set.up.outputGrad, ref.up.outputGrad}, 4, 1},
		} {
			for trial := range 60 {
				side, tiles, blocks := c.size*c.step, 1+r.IntN(3), 1+r.IntN(3)
				x := randomSlice(r, tiles*blocks*side*side*Block)
				if trial%3 == 0 {
					x[r.IntN(len(x))] = float32(math.NaN())
				}
				args := spreadArgs{x: &x[0], pitch: 4 * Block * side * c.step, rows: uint64(r.IntN(1 << c.size)), columns: uint64(r.IntN(1 << c.size)),
					tiles: tiles, nextX: 4 * Block * side * side, blocks: blocks, blockX: 4 * Block * side * side * tiles, nextV: 4 * Block}
				args.blockV = 4 * Block * (tiles + r.IntN(2))
				args.plane = blocks*args.blockV + 4*Block
				var got [2][]float32
				for i := range got {
					got[i] = fresh(maxPlanes * args.plane / 4)
					args.v = &got[i][0]
					c.spread[i].run(&args)
				}
				checkSame(t, name, got[0], got[1])
			}
		}
		for name, c := range map[string]struct {
			collect    [2]collectKernel
			size, step int
		}{
			"output":      {[2]collectKernel{set.down.output, ref.down.output}, 4, 1},
			"even output": {[2]collectKernel{set.up.output, ref.up.output}, 4, 2},
			"weightGrad":  {[2]collectKernel{set.up.weightGrad, ref.up.weightGrad}, 2, 2},
		} {
			for trial := range 80 {
				side, tiles, blocks := c.size*c.step, 1+r.IntN(3), 1+r.IntN(2)
				args := collectArgs{tiles: tiles, blocks: blocks, nextV: 4 * Block, blockV: 4 * Block * (tiles + 1), pitch: 4 * Block * side * c.step,
					nextY: 4 * Block * side * side, blockY: 4 * Block * side * side * tiles, rows: c.size, columns: c.size}
				args.plane = blocks*args.blockV + 4*Block
				v := randomSlice(r, maxPlanes*args.plane/4)
				if trial%3 == 0 {
					v[r.IntN(len(v))] = float32(math.NaN())
				}
				args.v = &v[0]
				y := randomSlice(r, blocks*args.blockY/4)
				bias, residual := randomSlice(r, blocks*Block), randomSlice(r, len(y))
				if c.size == 4 {
					args.flags, args.rows, args.columns = uint64(r.IntN(2))*flagReLU, 1+r.IntN(c.size), 1+r.IntN(c.size)
					args.bias = []*float32{nil, &bias[0]}[r.IntN(2)]
					args.residual = []*float32{nil, &residual[0]}[r.IntN(2)]
				}
				var got [2][]float32
				for i := range got {
					got[i] = slices.Clone(y)
					args.y = &got[i][0]
					c.collect[i].run(&args)
				}
				checkSame(t, name, got[0], got[1])
			}
		}
	})
}
