package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestWinoMaps holds the matrices against the correlation that they compute.
func TestWinoMaps(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for _, f := range []*winoMaps{winoMaps2, winoMaps4} {
		var d, g, dy [maxPlanes]lane
		for i := range maxPlanes {
			d[i][0], g[i][0], dy[i][0] = float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())
		}
		var fd, fg, fdy, y, dg [maxPlanes]lane
		f.input.apply(fd[:], 1, d[:], 1)
		f.weight.apply(fg[:], 1, g[:], 1)
		f.outputGrad.apply(fdy[:], 1, dy[:], 1)
		for p := range f.m + 2 {
			fg[p][0] *= fd[p][0]
			fdy[p][0] *= fd[p][0]
		}
		f.output.apply(y[:], 1, fg[:], 1)
		f.weightGrad.apply(dg[:], 1, fdy[:], 1)
		for i := range f.m {
			if want := d[i][0]*g[0][0] + d[i+1][0]*g[1][0] + d[i+2][0]*g[2][0]; !closeTo(y[i][0], want, 1e-5) {
				t.Errorf("F(%d, 3): y[%d] = %v, want %v", f.m, i, y[i][0], want)
			}
		}
		for j := range winoTaps {
			want := float32(0)
			for i := range f.m {
				want += d[i+j][0] * dy[i][0]
			}
			if !closeTo(dg[j][0], want, 1e-5) {
				t.Errorf("F(%d, 3): dg[%d] = %v, want %v", f.m, j, dg[j][0], want)
			}
		}
	}
}

// winoKernelNames lists the kernels of a set with their twins.
func winoKernelNames(m int) (spreads map[string][2]spreadKernel, collects map[string][2]collectKernel) {
	k := winogradFor(m)
	f := winoMaps4
	if m == 2 {
		f = winoMaps2
	}
	return map[string][2]spreadKernel{
			"input": {k.input, goSpread(f.input, 1)}, "weight": {k.weight, goSpread(f.weight, 1)}, "outputGrad": {k.outputGrad, goSpread(f.outputGrad, 1)},
		}, map[string][2]collectKernel{
			"output": {k.output, goCollect(f.output, 1)}, "weightGrad": {k.weightGrad, goCollect(f.weightGrad, 1)},
		}
}

// TestSpreadKernels holds the spread kernels against those in plain Go, with
// tiles that lie partly outside an image that is as large as must be.
func TestSpreadKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(53, 54))
		for _, m := range []int{4, 2} {
			spreads, _ := winoKernelNames(m)
			for name, pair := range spreads {
				size := map[string]int{"input": m + 2, "weight": 3, "outputGrad": m}[name]
				for trial := range 60 {
					top, left := r.IntN(2), r.IntN(2)
					bottom, right := r.IntN(size-top), r.IntN(size-left)
					tiles, blocks := 1+r.IntN(3), 1+r.IntN(3)
					h, w := size-top-bottom, size-left-right+(tiles-1)*m
					x := randomSlice(r, blocks*h*w*Block)
					if trial%3 == 0 {
						x[r.IntN(len(x))] = float32(math.NaN())
					}
					args := spreadArgs{x: &x[0], at: -4 * Block * (top*w + left), pitch: 4 * Block * w,
						rows: ones(top, size-bottom), columns: ones(left, size-right), tiles: tiles, nextX: 4 * Block * m,
						blocks: blocks, blockX: 4 * Block * h * w, nextV: 4 * Block}
					if tiles > 1 { // all have the same columns
						args.columns = ones(0, size)
						args.at, w = -4*Block*top*w, size+(tiles-1)*m
						x = randomSlice(r, blocks*h*w*Block)
						args.x, args.at, args.pitch, args.blockX = &x[0], -4*Block*top*w, 4*Block*w, 4*Block*h*w
					}
					args.blockV = 4 * Block * (tiles + r.IntN(2))
					args.plane = blocks*args.blockV + 4*Block
					v := fresh(maxPlanes * args.plane / 4)
					want := fresh(len(v))
					args.v = &v[0]
					pair[0].run(&args)
					args.v = &want[0]
					pair[1].run(&args)
					checkSame(t, fmt.Sprintf("%s%d", name, m), v, want)
				}
			}
		}
	})
}

// ones returns a mask of bits [from, to).
func ones(from, to int) uint64 { return 1<<to - 1<<from }

func checkSame(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !closeTo(got[i], want[i], 1e-4) {
			t.Fatalf("%s: [%d] is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestCollectKernels holds the collect kernels against those in plain Go.
func TestCollectKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(55, 56))
		for _, m := range []int{4, 2} {
			_, collects := winoKernelNames(m)
			for name, pair := range collects {
				size := map[string]int{"output": m, "weightGrad": 3}[name]
				for trial := range 80 {
					tiles, blocks := 1+r.IntN(3), 1+r.IntN(2)
					w := size*tiles + r.IntN(3)
					args := collectArgs{tiles: tiles, blocks: blocks, nextV: 4 * Block, blockV: 4 * Block * (tiles + 1),
						pitch: 4 * Block * w, nextY: 4 * Block * size, blockY: 4 * Block * (w*size + 1), rows: size, columns: size}
					args.plane = blocks*args.blockV + 4*Block
					v := randomSlice(r, maxPlanes*args.plane/4)
					if trial%3 == 0 {
						v[r.IntN(len(v))] = float32(math.NaN())
					}
					args.v = &v[0]
					y := randomSlice(r, blocks*args.blockY/4)
					want := append([]float32(nil), y...)
					bias, residual := randomSlice(r, blocks*Block), randomSlice(r, len(y))
					if name == "output" {
						args.flags = uint64(r.IntN(2)) * flagReLU
						args.rows = 1 + r.IntN(size)
						if tiles == 1 {
							args.columns = 1 + r.IntN(size)
						}
						if r.IntN(2) == 0 {
							args.bias = &bias[0]
						}
					}
					inPlace := name == "output" && r.IntN(3) == 0
					if name == "output" && r.IntN(2) == 0 {
						args.residual = &residual[0]
					}
					for i, out := range [][]float32{y, want} {
						args.y = &out[0]
						if inPlace {
							args.residual = args.y
						}
						pair[i].run(&args)
					}
					checkSame(t, fmt.Sprintf("%s%d", name, m), y, want)
				}
			}
		}
	})
}

// TestAssemblyKnowsWinoArguments pins the layout of what assembly reads.
func TestAssemblyKnowsWinoArguments(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("no assembly for this size of words")
	}
	const work = 4 * Block * maxPlanes
	var s spreadArgs
	var g collectArgs
	for i, at := range []uintptr{unsafe.Offsetof(s.x), unsafe.Offsetof(s.at), unsafe.Offsetof(s.pitch), unsafe.Offsetof(s.rows),
		unsafe.Offsetof(s.columns), unsafe.Offsetof(s.tiles), unsafe.Offsetof(s.nextX), unsafe.Offsetof(s.blocks),
		unsafe.Offsetof(s.blockX), unsafe.Offsetof(s.v), unsafe.Offsetof(s.plane), unsafe.Offsetof(s.nextV),
		unsafe.Offsetof(s.blockV), unsafe.Offsetof(s.counts)} {
		if at != work+8*uintptr(i) {
			t.Errorf("field %d of spreadArgs lies at %d", i, at)
		}
	}
	for i, at := range []uintptr{unsafe.Offsetof(g.v), unsafe.Offsetof(g.plane), unsafe.Offsetof(g.nextV), unsafe.Offsetof(g.blockV),
		unsafe.Offsetof(g.tiles), unsafe.Offsetof(g.blocks), unsafe.Offsetof(g.y), unsafe.Offsetof(g.pitch),
		unsafe.Offsetof(g.nextY), unsafe.Offsetof(g.blockY), unsafe.Offsetof(g.rows), unsafe.Offsetof(g.columns),
		unsafe.Offsetof(g.bias), unsafe.Offsetof(g.residual), unsafe.Offsetof(g.flags), unsafe.Offsetof(g.counts)} {
		if at != work+8*uintptr(i) {
			t.Errorf("field %d of collectArgs lies at %d", i, at)
		}
	}
}
