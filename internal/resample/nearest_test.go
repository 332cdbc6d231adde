package resample

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kerneltest"
)

// Lines of any length and direction through planes of any size, whose last sample each
// of them may meet: each sample is the one at its place, and nothing is written beside.
func TestNearest(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	sizes := [][3]int{{1, 1, 1}, {2, 1, 3}, {1, 2, 2}, {3, 1, 40}, {3, 40, 1}, {1, 13, 29}, {3, 29, 13}, {4, 2, 40000}, {2, 40000, 2}}
	// along returns where to begin, and the step, so that n places are from 0 to size.
	along := func(size, n int) (at, step int64) {
		at, end := random.Int64N(int64(size)<<16), random.Int64N(int64(size)<<16)
		if random.IntN(3) == 0 {
			end = int64(size)<<16 - 1
		}
		return at, (end - at) / int64(max(1, n-1))
	}
	kerneltest.Tiers(t, func(t *testing.T) {
		for range 400 {
			for _, s := range sizes {
				planes, h, w := s[0], s[1], s[2]
				n := random.IntN(min(h*w, 300) + 1)
				src := make([]uint8, planes*h*w)
				for i := range src {
					src[i] = uint8(random.IntN(256))
				}
				var l Line
				l.X, l.DX = along(w, n)
				l.Y, l.DY = along(h, n)
				got, want := bytes.Repeat([]uint8{77}, len(src)), bytes.Repeat([]uint8{77}, len(src))
				Nearest(got, src, h*w, w, l, n)
				for i := range n {
					x, y := int(l.X+int64(i)*l.DX)/65536, int(l.Y+int64(i)*l.DY)/65536
					for p := range planes {
						want[p*h*w+i] = src[p*h*w+y*w+x]
					}
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("%d samples of %v, %+v: other samples", n, s, l)
				}
			}
		}
	})
}
