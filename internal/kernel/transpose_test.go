package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTransposeBand(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	onEachTier(t, func(t *testing.T) {
		for rows := range 20 {
			for columns := range 20 {
				srcStride, dstStride := columns+r.IntN(3), rows+r.IntN(3)
				src := randomSlice(r, max(rows*srcStride, 1))
				got := fresh(max((columns-1)*dstStride+rows, 0))
				want := slices.Clone(got)
				transposeBand(got, dstStride, src, srcStride, rows, columns)
				if rows > 0 {
					transposeGo(want, dstStride, src, srcStride, rows, columns)
				}
				for i := range want {
					if want[i] != got[i] && (want[i] == want[i] || got[i] == got[i]) {
						t.Fatalf("%dx%d: dst[%d] = %v, want %v", rows, columns, i, got[i], want[i])
					}
				}
			}
		}
	})
}

func BenchmarkTranspose(b *testing.B) {
	for _, rows := range []int{4, 8, 64} {
		src, dst := make([]float32, rows*1024), make([]float32, rows*1024)
		b.Run(fmt.Sprint(rows, "x1024"), func(b *testing.B) {
			b.SetBytes(int64(8 * len(src)))
			for range b.N {
				transposeBand(dst, rows, src, 1024, rows, 1024)
			}
		})
	}
}
