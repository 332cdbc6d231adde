package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// blocked returns planes, (n, c, hw), in the blocked layout, element by element.
func blocked(x []float32, n, c, hw int) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		channel := i / hw % c
		y[((i/(c*hw)*(c/Block)+channel/Block)*hw+i%hw)*Block+channel%Block] = v
	}
	return y
}

// blockedShapes are those that kernels of the blocked layout are tested with.
var blockedShapes = []shape3{
	{1, 16, 1}, {3, 32, 1}, {1, 16, 7}, {2, 48, 9}, {5, 16, 49}, {1, 32, 63}, {2, 16, 64}, {1, 16, 65}, {3, 64, 196}, {1, 16, 4099}, {70, 32, 1},
}

func TestLayouts(t *testing.T) {
	r := rand.New(rand.NewPCG(81, 82))
	for _, s := range blockedShapes {
		x := specialSlice(r, s.size())
		want := blocked(x, s.n, s.c, s.hw)
		onEachTier(t, func(t *testing.T) {
			y, guard := bordered(s.size())
			ToBlocked(y, x, s.n, s.c, s.hw)
			guard(t, "ToBlocked "+s.String())
			if !sameBits(y, want) {
				t.Errorf("ToBlocked of %v is wrong", s)
			}
			back, guard := bordered(s.size())
			ToPlanar(back, y, s.n, s.c, s.hw)
			guard(t, "ToPlanar "+s.String())
			if !sameBits(back, x) {
				t.Errorf("ToPlanar of ToBlocked of %v is not what it was", s)
			}
			checkRepeats(t, "layouts of "+s.String(), func() []float32 {
				ToBlocked(y, x, s.n, s.c, s.hw)
				ToPlanar(back, y, s.n, s.c, s.hw)
				return back
			})
		})
	}
}

func BenchmarkLayouts(b *testing.B) {
	for _, s := range []shape3{{8, 64, 56 * 56}, {128, 16, 32 * 32}, {8, 512, 49}} {
		x, y := make([]float32, s.size()), make([]float32, s.size())
		for name, move := range map[string]func(y, x []float32, n, c, hw int){"ToBlocked": ToBlocked, "ToPlanar": ToPlanar} {
			b.Run(fmt.Sprintf("%s/%v", name, s), func(b *testing.B) {
				b.SetBytes(int64(8 * s.size()))
				for range b.N {
					move(y, x, s.n, s.c, s.hw)
				}
			})
		}
	}
}
