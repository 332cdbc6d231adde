package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// tileCase is a random problem for one size of tile kernel.
type tileCase struct {
	rows, vectors, lanes, depth, used int
	masks                             []uint64
	flags                             uint64
	bias, residual                    bool
}

// run computes the case with kernel and returns the whole output array, whose
// places that are no results hold a mark.
func (c tileCase) run(set *tileSet, kernel tileKernel, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	width := c.vectors * c.lanes
	a, b := randomSlice(r, c.depth*c.rows), randomSlice(r, c.depth*(width+3)+5)
	bias, ldc := randomSlice(r, c.rows), width+7
	y, residual := make([]float32, c.rows*ldc), randomSlice(r, c.rows*ldc)
	for i := range y {
		y[i] = 77
	}
	off := make([]int64, c.depth)
	for p := range off {
		off[p] = int64(4 * (p*(width+3) + r.IntN(5)))
	}
	t := &tileArgs{a: &a[0], b: &b[0], off: &off[0], depth: c.depth, c: &y[0], ldc: 4 * ldc, rows: c.used, flags: c.flags}
	if c.bias {
		t.bias = &bias[0]
	}
	if c.residual {
		t.residual = &residual[0]
	}
	at := 0
	for v, m := range c.masks {
		t.vectors[v] = set.vector(4*at, m)
		for ; m != 0; m &= m - 1 {
			at++
		}
		if c.masks[v] != set.full() {
			t.flags |= flagMasked | flagCompress
		}
	}
	kernel.run(t)
	return y
}

// TestTileKernels holds every tile kernel against the one in plain Go.
func TestTileKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		set := tileSets.get()
		plain := *set
		plain.code = plainCode
		for _, class := range set.classes {
			for i, kernel := range class.kernels {
				for trial := range 60 {
					c := tileCase{rows: class.rows, vectors: i + 1, lanes: set.lanes, depth: 1 + r.IntN(40), used: 1 + r.IntN(class.rows),
						flags: uint64(r.IntN(2)) * flagReLU, bias: r.IntN(2) == 0, residual: r.IntN(2) == 0}
					for range c.vectors {
						m := r.Uint64() & set.full()
						if trial%2 == 0 {
							m = set.full()
						}
						c.masks = append(c.masks, m)
					}
					seed := r.Uint64()
					got := c.run(set, kernel, seed)
					want := c.run(&plain, goTile(c.rows, c.vectors, c.lanes), seed)
					for j := range want {
						if d := math.Abs(float64(got[j] - want[j])); !(d <= 1e-4) {
							t.Fatalf("%+v: y[%d] = %v, want %v", c, j, got[j], want[j])
						}
					}
				}
			}
		}
	})
}

// TestTileKernelsKeepNaN checks that cutting off at zero does not hide a NaN.
func TestTileKernelsKeepNaN(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		set := tileSets.get()
		for _, class := range set.classes {
			for i, kernel := range class.kernels {
				width := (i + 1) * set.lanes
				a, b, y := make([]float32, class.rows), make([]float32, width), make([]float32, class.rows*width)
				b[width-1] = float32(math.NaN())
				args := &tileArgs{a: &a[0], b: &b[0], off: &packedOffsets[0][0], depth: 1, c: &y[0], ldc: 4 * width, rows: class.rows, flags: flagReLU}
				for v := range i + 1 {
					args.vectors[v] = set.vector(4*v*set.lanes, set.full())
				}
				kernel.run(args)
				for j, v := range y {
					if (j%width == width-1) != (v != v) {
						t.Fatalf("%dx%d: y[%d] = %v", class.rows, i+1, j, v)
					}
				}
			}
		}
	})
}

// TestAssemblyKnowsArguments pins the layout of what assembly reads.
func TestAssemblyKnowsArguments(t *testing.T) {
	var a tileArgs
	var d dotArgs
	for name, o := range map[string][2]uintptr{
		"tileArgs.a":        {unsafe.Offsetof(a.a), 0},
		"tileArgs.b":        {unsafe.Offsetof(a.b), 8},
		"tileArgs.off":      {unsafe.Offsetof(a.off), 16},
		"tileArgs.depth":    {unsafe.Offsetof(a.depth), 24},
		"tileArgs.c":        {unsafe.Offsetof(a.c), 32},
		"tileArgs.ldc":      {unsafe.Offsetof(a.ldc), 40},
		"tileArgs.rows":     {unsafe.Offsetof(a.rows), 48},
		"tileArgs.bias":     {unsafe.Offsetof(a.bias), 56},
		"tileArgs.residual": {unsafe.Offsetof(a.residual), 64},
		"tileArgs.flags":    {unsafe.Offsetof(a.flags), 72},
		"tileArgs.vectors":  {unsafe.Offsetof(a.vectors), 80},
		"tileArgs.scratch":  {unsafe.Offsetof(a.scratch), 224},
		"tileVector":        {unsafe.Sizeof(tileVector{}), 24},
		"tileVector.valid":  {unsafe.Offsetof(tileVector{}.valid), 8},
		"tileVector.stored": {unsafe.Offsetof(tileVector{}.stored), 16},
		"dotArgs.a":         {unsafe.Offsetof(d.a), 0},
		"dotArgs.stride":    {unsafe.Offsetof(d.stride), 8},
		"dotArgs.b":         {unsafe.Offsetof(d.b), 16},
		"dotArgs.off":       {unsafe.Offsetof(d.off), 24},
		"dotArgs.vectors":   {unsafe.Offsetof(d.vectors), 32},
		"dotArgs.runs":      {unsafe.Offsetof(d.runs), 40},
		"dotArgs.nextA":     {unsafe.Offsetof(d.nextA), 48},
		"dotArgs.nextB":     {unsafe.Offsetof(d.nextB), 56},
		"dotArgs.sums":      {unsafe.Offsetof(d.sums), 64},
		"dotArgs.scratch":   {unsafe.Offsetof(d.scratch), 72},
	} {
		if o[0] != o[1] && unsafe.Sizeof(uintptr(0)) == 8 {
			t.Errorf("%s is at %d, the assembly takes it at %d", name, o[0], o[1])
		}
	}
}

// TestDotKernels holds every dot kernel against the one in plain Go.
func TestDotKernels(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		for _, k := range dotSets.get().kernels {
			for range 60 {
				vectors, runs := 1+r.IntN(9), 1+r.IntN(4)
				n := vectors * k.lanes
				stride, nextA, nextB := n+r.IntN(5), r.IntN(9)+k.rows*(n+5), 2*n+r.IntN(9)
				a, b := randomSlice(r, runs*(n+nextA)+k.rows*stride), randomSlice(r, runs*nextB+2*n)
				off := make([]int64, k.columns)
				for v := range off {
					off[v] = int64(4 * r.IntN(n))
				}
				sums := [2][]float32{randomSlice(r, k.rows*k.columns)}
				sums[1] = append(sums[1], sums[0]...)
				for i, compute := range []dotKernel{k, goDot(k.rows, k.columns, k.lanes)} {
					compute.run(&dotArgs{a: &a[0], stride: 4 * stride, b: &b[0], off: &off[0], vectors: vectors, runs: runs,
						nextA: 4 * nextA, nextB: 4 * nextB, sums: &sums[i][0]})
				}
				for i := range sums[0] {
					if d := math.Abs(float64(sums[0][i] - sums[1][i])); !(d <= 1e-3) {
						t.Fatalf("%s: sum %d is %v, want %v", fmt.Sprint(k.rows, "x", k.columns), i, sums[0][i], sums[1][i])
					}
				}
			}
		}
	})
}
