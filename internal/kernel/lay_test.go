package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestLayRows(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(27, 28))
		for n := range 40 {
			for step := 1; step <= 3; step++ {
				rows, dstPitch, srcPitch := 1+r.IntN(4), n+r.IntN(4), n*step+r.IntN(4)
				src := randomSlice(r, (rows-1)*srcPitch+max(n-1, 0)*step+1)
				got := make([]float32, (rows-1)*dstPitch+n)
				want := slices.Clone(got)
				layRows(got, src, rows, n, step, dstPitch, srcPitch)
				layRowsGo(want, src, rows, n, step, dstPitch, srcPitch)
				if !slices.Equal(got, want) {
					t.Fatalf("%d rows of %d, step %d: got %v, want %v", rows, n, step, got, want)
				}
			}
		}
	})
}

func TestGatherRows(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(29, 30))
		for _, high := range []int{1, 4, 8} {
			for range 50 {
				groups, taps, index := 1+r.IntN(4), make([]int64, 1+r.IntN(9)), make([]int32, high)
				for i := range taps {
					taps[i] = int64(4 * r.IntN(9))
				}
				for i := range index {
					index[i] = int32(9 * i)
				}
				step := 9*high + r.IntN(5)
				src := randomSlice(r, groups*step+9)
				got := make([]float32, groups*len(taps)*high)
				want := slices.Clone(got)
				gatherRows(got, src, groups, step, taps, index)
				gatherGo(want, src, groups, step, taps, index)
				if !slices.Equal(got, want) {
					t.Fatalf("%d rows: got %v, want %v", high, got, want)
				}
			}
		}
	})
}

func TestInterleave(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for n := range 50 {
			for more := range 2 {
				even, odd := randomSlice(r, n+more), randomSlice(r, n)
				got, want := make([]float32, 2*n+more), make([]float32, 2*n+more)
				interleave(got, even, odd)
				interleaveGo(want, even, odd)
				if !slices.Equal(got, want) {
					t.Fatalf("%d and %d: got %v, want %v", n+more, n, got, want)
				}
			}
		}
	})
}
