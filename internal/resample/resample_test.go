package resample

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// shapes are sizes and what they become: few samples, many, more than before, fewer.
var shapes = [][4]int{
	{1, 1, 9, 33}, {5, 7, 5, 7}, {20, 8, 3, 8}, {20, 9, 40, 70}, {33, 64, 33, 21}, {64, 33, 20, 33},
	{50, 300, 7, 3}, {3, 500, 90, 17}, {200, 100, 1, 1}, {17, 16, 16, 17}, {6, 200, 5, 4},
}

// Vectors give what plain Go gives. Package dataset compares with Pillow.
func TestVectors(t *testing.T) {
	defer kernel.SetTier(kernel.CurrentTier())
	random := rand.New(rand.NewPCG(1, 2))
	var r Resampler
	for name, f := range map[string]Filter{"bilinear": Bilinear, "bicubic": Bicubic} {
		for _, s := range shapes {
			src := make([]uint8, s[0]*s[1])
			for i := range src {
				src[i] = uint8(random.IntN(2) * (255 - random.IntN(3)))
			}
			var want []uint8
			for _, tier := range kernel.Tiers() {
				kernel.SetTier(tier)
				got := make([]uint8, s[2]*s[3])
				r.Set(f, s[0], s[1], s[2], s[3])
				r.Plane(got, src)
				if want == nil {
					want = got
				} else if !bytes.Equal(got, want) {
					t.Errorf("%s, %s, %v: other samples", tier, name, s)
				}
			}
		}
	}
}

// A plane of one colour keeps it, and one of the same size is as it was.
func TestPlane(t *testing.T) {
	var r Resampler
	for _, f := range []Filter{Bilinear, Bicubic} {
		for _, s := range shapes {
			for _, v := range []uint8{0, 1, 128, 254, 255} {
				got := bytes.Repeat([]uint8{v ^ 0xff}, s[2]*s[3])
				r.Set(f, s[0], s[1], s[2], s[3])
				r.Plane(got, bytes.Repeat([]uint8{v}, s[0]*s[1]))
				if !bytes.Equal(got, bytes.Repeat([]uint8{v}, len(got))) {
					t.Errorf("%v: a plane of %d has other samples", s, v)
				}
			}
		}
	}
	src, got := []uint8{9, 0, 255, 7, 8, 200}, make([]uint8, 6)
	r.Set(Bicubic, 2, 3, 2, 3)
	if r.Plane(got, src); !bytes.Equal(got, src) {
		t.Errorf("%v became %v", src, got)
	}
}

// The weights of a new sample are one together, and lie within the old samples.
func TestAxis(t *testing.T) {
	for _, multiple := range []int{1, 8} {
		for _, s := range shapes {
			t.Run(fmt.Sprint(s, multiple), func(t *testing.T) {
				var a axis
				a.set(Bicubic, s[0], s[2], multiple)
				for i := range a.to {
					sum := int32(0)
					for _, w := range a.of(i) {
						sum += w
					}
					if off := sum - 1<<fraction; off < -int32(a.taps) || off > int32(a.taps) || a.first[i] < 0 || a.first[i]+a.taps > a.from {
						t.Errorf("sample %d is made of %d from %d on, weights of %d", i, a.taps, a.first[i], sum)
					}
				}
			})
		}
	}
}
