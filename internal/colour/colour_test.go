package colour

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kerneltest"
)

// cube returns all colours of one red.
func cube(red int) (planes [3][]uint8) {
	for i := range 1 << 16 {
		planes[0] = append(planes[0], uint8(red))
		planes[1] = append(planes[1], uint8(i>>8))
		planes[2] = append(planes[2], uint8(i))
	}
	return planes
}

func same(t *testing.T, what string, in, got, want [3][]uint8) {
	t.Helper()
	for c := range got {
		if bytes.Equal(got[c], want[c]) {
			continue
		}
		i := 0
		for got[c][i] == want[c][i] {
			i++
		}
		t.Fatalf("%s of %d %d %d: channel %d is %d, want %d", what, in[0][i], in[1][i], in[2][i], c, got[c][i], want[c][i])
	}
}

func cloned(p [3][]uint8) [3][]uint8 {
	return [3][]uint8{slices.Clone(p[0]), slices.Clone(p[1]), slices.Clone(p[2])}
}

// All colours, each with another turn of the hue and another factor.
func TestAllColours(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 17
	}
	factors := []float32{0, 0.1, 0.6, 0.999, 1, 1.4, 2.5, 1e30}
	kerneltest.Tiers(t, func(t *testing.T) {
		for red := 0; red < 256; red += step {
			in := cube(red)
			got, want := cloned(in), cloned(in)
			steps := uint8(red * 7)
			Turn(got[0], got[1], got[2], steps)
			turnGo(want[0], want[1], want[2], steps)
			same(t, "turn", in, got, want)

			got, want = cloned(in), cloned(in)
			factor := factors[red%len(factors)]
			Saturate(got[0], got[1], got[2], factor)
			saturateGo(want[0], want[1], want[2], factor)
			same(t, "saturation", in, got, want)
		}
	})
}

// Grey stays grey, whatever its hue is turned by.
func TestTurnsOfGrey(t *testing.T) {
	kerneltest.Tiers(t, func(t *testing.T) {
		for steps := range 256 {
			var in [3][]uint8
			for c := range in {
				for v := range 256 {
					in[c] = append(in[c], uint8(v))
				}
			}
			got := cloned(in)
			Turn(got[0], got[1], got[2], uint8(steps))
			same(t, "grey", in, got, in)
		}
	})
}

// Planes of all lengths, beside which nothing is written.
func TestLengths(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kerneltest.Tiers(t, func(t *testing.T) {
		for n := range 40 {
			var in [3][]uint8
			for c := range in {
				for range n + 1 {
					in[c] = append(in[c], uint8(r.IntN(256)))
				}
			}
			got, want := cloned(in), cloned(in)
			Turn(got[0][:n], got[1][:n], got[2][:n], 40)
			Saturate(got[0][:n], got[1][:n], got[2][:n], 1.3)
			turnGo(want[0][:n], want[1][:n], want[2][:n], 40)
			saturateGo(want[0][:n], want[1][:n], want[2][:n], 1.3)
			same(t, "both", in, got, want)
		}
	})
}

// All values, by means and deviations of any size, and of all lengths: the two
// divisions and the difference, and nothing beside.
func TestNormalize(t *testing.T) {
	var all []uint8
	for i := range 256 {
		all = append(all, uint8(i))
	}
	r := rand.New(rand.NewPCG(3, 4))
	kerneltest.Tiers(t, func(t *testing.T) {
		for n := range 257 {
			mean, std := float32(0), float32(1)
			if n > 8 && n != 256 {
				mean, std = float32(r.NormFloat64()), float32(math.Exp(8*r.NormFloat64()))
			}
			from := r.IntN(257 - n)
			got := make([]float32, n+1)
			Normalize(got[:n], all[from:][:n], mean, std)
			for i, x := range got[:n] {
				if want := (float32(from+i)/255 - mean) / std; x != want {
					t.Fatalf("(%d/255 - %v) / %v is %v, want %v", from+i, mean, std, x, want)
				}
			}
			if got[n] != 0 {
				t.Fatalf("%d values: wrote one more", n)
			}
		}
	})
}
