package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// lengths are those the loops over slices are tested with: around the widths of
// vectors and of what is unrolled, primes, and more than a piece.
var lengths = []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 257, 1009, grain + 13}

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// specialSlice returns n normal values with special ones among them.
func specialSlice(r *rand.Rand, n int) []float32 {
	specials := []float32{
		nan, inf, -inf, 0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1e-20, 1e20, 1, -1, 20, -20, 90, -90,
	}
	x := randomSlice(r, n)
	for i := range x {
		if r.IntN(5) == 0 {
			x[i] = specials[r.IntN(len(specials))]
		}
	}
	return x
}

// checkNear fails unless got is want, up to tol units in the last place of
// scale (of want if scale is nil). Overflow of float32 is infinite.
func checkNear(t *testing.T, what string, got []float32, want, scale []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		g, size := got[i], w
		if scale != nil {
			size = scale[i]
		}
		if !near(g, w, size, tol) {
			t.Errorf("%s[%d of %d] = %v, want %v (tolerance %v units of %v)", what, i, len(got), g, w, tol, size)
			return
		}
	}
}

func near(got float32, want, scale, tol float64) bool {
	rounded := float32(want)
	switch {
	case want != want:
		return got != got
	case got == rounded:
		return true
	case math.IsInf(float64(rounded), 0) && math.Abs(want) < math.MaxFloat32*(1+tol/(1<<24)):
		return math.Abs(float64(got)) > math.MaxFloat32*(1-tol/(1<<24)) // at the brink of overflow
	case math.IsInf(float64(rounded), 0) || math.IsInf(float64(got), 0):
		return false
	}
	const smallest = math.SmallestNonzeroFloat32
	return math.Abs(float64(got)-want) <= tol*max(math.Abs(scale)/(1<<24), smallest)
}

// bordered returns a slice of n values to be overwritten, which does not begin
// at a vector's boundary, and a check that its surroundings were left alone.
func bordered(n int) (x []float32, check func(t *testing.T, what string)) {
	const margin, mark = 67, 12345
	all := make([]float32, n+2*margin)
	fill(all, mark)
	x = all[margin : margin+n : margin+n]
	for i := range x {
		x[i] = nan
	}
	return x, func(t *testing.T, what string) {
		t.Helper()
		for i := range margin {
			if all[i] != mark || all[margin+n+i] != mark {
				t.Errorf("%s wrote outside its %d values", what, n)
				return
			}
		}
	}
}

// sameBits reports whether a and b hold the same bits.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// checkAnyProcs fails unless run, which returns new memory, gives the same bits at any
// GOMAXPROCS.
func checkAnyProcs(t *testing.T, what string, run func() [][]float32) {
	t.Helper()
	var first [][]float32
	for _, procs := range []int{1, 2, 4} {
		withProcs(t, procs, func() {
			got := run()
			if first == nil {
				first = got
			}
			for i := range got {
				if !sameBits(got[i], first[i]) {
					t.Errorf("%s: GOMAXPROCS %d gives other bits in result %d", what, procs, i)
				}
			}
		})
	}
}

// checkRepeats fails unless run gives the same bits at any GOMAXPROCS and
// allocates nothing from its second call on.
func checkRepeats(t *testing.T, what string, run func() []float32) {
	t.Helper()
	var first []float32
	for _, procs := range []int{1, 2, 4} {
		withProcs(t, procs, func() {
			got := run()
			if first == nil {
				first = slices.Clone(got)
			}
			if !sameBits(got, first) {
				t.Errorf("%s: other bits at GOMAXPROCS %d than at 1", what, procs)
			}
			if n := testing.AllocsPerRun(2, func() { run() }); n != 0 {
				t.Errorf("%s: %v allocations a call at GOMAXPROCS %d, want none", what, n, procs)
			}
		})
	}
}

// A shape3 is (n, c, hw) or (outer, n, inner).
type shape3 struct{ n, c, hw int }

func (s shape3) size() int      { return s.n * s.c * s.hw }
func (s shape3) String() string { return fmt.Sprintf("%dx%dx%d", s.n, s.c, s.hw) }

// shapes3 are those that kernels over channels are tested with.
var shapes3 = []shape3{
	{1, 1, 1}, {1, 1, 7}, {2, 3, 1}, {5, 17, 1}, {3, 1, 15}, {1, 33, 17}, {4, 7, 33},
	{2, 64, 49}, {9, 5, 1009}, {2, 3, 12544}, {3, 700, 1}, {1, 2, 3*grain + 5},
}

// activationShapes are those of the activations that the speed of training
// hangs on: ResNet-18 on 224x224 images at batch 8, ResNet-20 on 32x32 images
// at batch 128.
var activationShapes = []shape3{
	{8, 64, 112 * 112}, {8, 64, 56 * 56}, {8, 512, 7 * 7}, {128, 16, 32 * 32}, {128, 64, 8 * 8},
}

// benchShapes runs f on each of activationShapes; arrays is how many arrays of
// the shape f reads and writes.
func benchShapes(b *testing.B, arrays int, f func(s shape3, x, y, z []float32)) {
	for _, s := range activationShapes {
		r := rand.New(rand.NewPCG(1, 2))
		x, y, z := randomSlice(r, s.size()), randomSlice(r, s.size()), randomSlice(r, s.size())
		b.Run(s.String(), func(b *testing.B) {
			b.SetBytes(int64(4 * arrays * s.size()))
			b.ReportAllocs()
			for range b.N {
				f(s, x, y, z)
			}
		})
	}
}

// rounds returns how often a test of allocations calls what it tests.
func rounds() int {
	if testing.Short() { // under emulation
		return 3
	}
	return 20
}
