package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// stackGo is the definition of the stack kernels.
func stackGo(t *stackArgs, rows, width int) {
	b := unsafe.Slice(t.b, t.depth*width)
	a := unsafe.Slice(t.a, t.tiles*t.depth*rows)
	for i := range t.tiles * rows {
		for j, c := range floatsAt(t.c, i*t.ldc, width) {
			var sum float32
			if t.add != 0 {
				sum = c
			}
			for p := range t.depth {
				sum += a[(i/rows*t.depth+p)*rows+i%rows] * b[p*width+j]
			}
			floatsAt(t.c, i*t.ldc, width)[j] = sum
		}
	}
}

// TestStackKernels holds every stack kernel against the definition, and checks
// that nothing beside the tiles is written.
func TestStackKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		set := stackSets.get()
		r := rand.New(rand.NewPCG(21, 22))
		for i, kernel := range set.kernels {
			width := (i + 1) * set.lanes
			for _, depth := range []int{1, 2, 3, 4, 5, 7, 8, 31, 64} {
				for _, tiles := range []int{1, 2, 5} {
					a, b := randomSlice(r, tiles*depth*set.rows), randomSlice(r, depth*width)
					ldc := width + r.IntN(4)
					got := randomSlice(r, (tiles*set.rows-1)*ldc+width)
					want := slices.Clone(got)
					for add := range 2 {
						args := &stackArgs{a: &a[0], b: &b[0], depth: depth, c: &got[0], ldc: 4 * ldc, tiles: tiles, add: add, ahead: &b[0]}
						kernel.run(args)
						args.c = &want[0]
						stackGo(args, set.rows, width)
						for j := range want {
							if d := got[j] - want[j]; !(d <= 1e-4 && d >= -1e-4) {
								t.Fatalf("%dx%d depth=%d tiles=%d add=%d: c[%d] = %v, want %v", set.rows, width, depth, tiles, add, j, got[j], want[j])
							}
						}
					}
				}
			}
		}
	})
}

// TestStackKnowsArguments pins the layout of what assembly reads.
func TestStackKnowsArguments(t *testing.T) {
	var a stackArgs
	for name, o := range map[string][2]uintptr{
		"a":     {unsafe.Offsetof(a.a), 0},
		"b":     {unsafe.Offsetof(a.b), 8},
		"depth": {unsafe.Offsetof(a.depth), 16},
		"c":     {unsafe.Offsetof(a.c), 24},
		"ldc":   {unsafe.Offsetof(a.ldc), 32},
		"tiles": {unsafe.Offsetof(a.tiles), 40},
		"add":   {unsafe.Offsetof(a.add), 48},
		"ahead": {unsafe.Offsetof(a.ahead), 56},
	} {
		if unsafe.Sizeof(uintptr(0)) == 8 && o[0] != o[1] {
			t.Errorf("stackArgs.%s lies at %d, assembly reads it at %d", name, o[0], o[1])
		}
	}
}
