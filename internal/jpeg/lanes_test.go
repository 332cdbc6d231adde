package jpeg

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kerneltest"
)

// Vectors give what plain Go gives, for coefficients of any size.
func TestInverseInVectors(t *testing.T) {
	kerneltest.Tiers(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for n := range 20000 {
			var b block
			var q table
			size := int16(1) << (n % 16)
			for i := range q {
				q[i] = int16(1 + r.IntN(1<<(n%13)))
			}
			last := r.IntN(63) + 1
			for k := range last + 1 {
				b[zigzag[k]] = int16(r.IntN(1<<16)) % max(size, 1)
			}
			const stride = 11
			got, want := make([]uint8, 8*stride), make([]uint8, 8*stride)
			inverseMany(got, stride, &b, &q, extent(last))
			inverseGo(want, stride, &b, &q, extent(last))
			if !bytes.Equal(got, want) {
				t.Fatalf("block %v, steps %v:\n%v\nwant\n%v", b, q, got, want)
			}
		}
	})
}

// All colours, and rows of all lengths beside which nothing is written.
func TestColoursInVectors(t *testing.T) {
	luma, row := make([]uint8, 256), make([]uint8, 2*256)
	for i := range luma {
		luma[i] = uint8(i)
	}
	convert := func(f func(r, g, b, y, cb, cr []uint8), y, cb, cr []uint8) []uint8 {
		n := len(y)
		out := make([]uint8, 3*(n+1))
		f(out[:n], out[n+1:][:n], out[2*n+2:][:n], y, cb, cr)
		return out
	}
	kerneltest.Tiers(t, func(t *testing.T) {
		for v := range 1 << 16 {
			cb, cr := row[:256], row[256:]
			for i := range cb {
				cb[i], cr[i] = uint8(v), uint8(v>>8)
			}
			if !bytes.Equal(convert(colours, luma, cb, cr), convert(coloursGo, luma, cb, cr)) {
				t.Fatalf("other colours of Cb %d, Cr %d", cb[0], cr[0])
			}
		}
		r := rand.New(rand.NewPCG(7, 8))
		for n := range 70 {
			for i := range row {
				row[i] = uint8(r.IntN(256))
			}
			if y, cb, cr := luma[:n], row[:n], row[n:2*n]; !bytes.Equal(convert(colours, y, cb, cr), convert(coloursGo, y, cb, cr)) {
				t.Fatalf("other colours of %d pixels", n)
			}
		}
	})
}

func TestUpsamplingInVectors(t *testing.T) {
	kerneltest.Tiers(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for n := 1; n < 70; n++ {
			near, far := make([]uint8, n), make([]uint8, n)
			for i := range near {
				near[i], far[i] = uint8(r.IntN(256)), uint8(r.IntN(256))
			}
			sums, want := make([]int16, n+3), make([]int16, n+3)
			blend(sums[1:], near, far)
			blendGo(want[1:], near, far)
			if !slices.Equal(sums, want) {
				t.Fatalf("other sums of %d samples", n)
			}
			for _, c := range []struct {
				shift       int
				left, right int16
			}{{4, 8, 7}, {2, 1, 2}} {
				if c.shift == 2 {
					for i := range sums {
						sums[i] /= 4
					}
				}
				got, want := make([]uint8, 2*n+1), make([]uint8, 2*n+1)
				widen(got, sums[:n+2], c.shift, c.left, c.right)
				widenGo(want, sums[:n+2], c.shift, c.left, c.right)
				if !bytes.Equal(got, want) {
					t.Fatalf("other colours of %d samples by %d bits", n, c.shift)
				}
			}
		}
	})
}
