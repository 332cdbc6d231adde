package kernel

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withProcs runs f at GOMAXPROCS n.
func withProcs(t testing.TB, n int, f func()) {
	t.Helper()
	old := runtime.GOMAXPROCS(n)
	defer runtime.GOMAXPROCS(old)
	f()
}

func TestParallelCallsEachIndexOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 3, 8} {
		for _, n := range []int{-1, 0, 1, 2, 3, 7, 64, 1000} {
			withProcs(t, procs, func() {
				for range 20 {
					counts := make([]atomic.Int32, max(n, 0))
					Parallel(n, func(i int) { counts[i].Add(1) })
					for i := range counts {
						if c := counts[i].Load(); c != 1 {
							t.Fatalf("procs %d, n %d: f(%d) called %d times", procs, n, i, c)
						}
					}
				}
			})
		}
	}
}

// TestParallelSeesWrites checks that what f wrote is there when Parallel is
// back, over many regions that follow each other closely and with pauses long
// enough for workers to fall asleep.
func TestParallelSeesWrites(t *testing.T) {
	withProcs(t, 4, func() {
		out := make([]int, 16)
		for round := range 3000 {
			Parallel(len(out), func(i int) { out[i] = round + i })
			for i, v := range out {
				if v != round+i {
					t.Fatalf("round %d: out[%d] = %d", round, i, v)
				}
			}
			if round%100 == 0 {
				time.Sleep(300 * time.Microsecond)
			}
		}
	})
}

func TestParallelWaitsForSlowPieces(t *testing.T) {
	withProcs(t, 3, func() {
		var ended atomic.Int32
		Parallel(3, func(i int) {
			if i > 0 {
				time.Sleep(5 * time.Millisecond)
			}
			ended.Add(1)
		})
		if got := ended.Load(); got != 3 {
			t.Fatalf("Parallel returned after %d of 3 pieces", got)
		}
	})
}

func TestParallelNestedAndConcurrent(t *testing.T) {
	withProcs(t, 4, func() {
		var sum atomic.Int64
		var group sync.WaitGroup
		for range 8 {
			group.Add(1)
			go func() {
				defer group.Done()
				for range 50 {
					Parallel(5, func(i int) {
						Parallel(5, func(j int) { sum.Add(int64(i*5 + j)) })
					})
				}
			}()
		}
		group.Wait()
		if want := int64(8 * 50 * 300); sum.Load() != want {
			t.Fatalf("sum %d, want %d", sum.Load(), want)
		}
	})
}

func TestParallelPanics(t *testing.T) {
	for _, procs := range []int{1, 4} {
		withProcs(t, procs, func() {
			for bad := range 6 {
				func() {
					defer func() {
						if got, want := recover(), any(fmt.Sprint("piece ", bad)); got != want {
							t.Fatalf("procs %d: recovered %v, want %v", procs, got, want)
						}
					}()
					Parallel(6, func(i int) {
						if i == bad {
							panic(fmt.Sprint("piece ", i))
						}
					})
					t.Fatal("no panic")
				}()
				var n atomic.Int32
				Parallel(6, func(int) { n.Add(1) })
				if n.Load() != 6 {
					t.Fatalf("after a panic: %d of 6 pieces ran", n.Load())
				}
			}
		})
	}
}

func TestParallelDoesNotAllocate(t *testing.T) {
	withProcs(t, 2, func() {
		f := func(int) {}
		if n := testing.AllocsPerRun(200, func() { Parallel(8, f) }); n != 0 {
			t.Errorf("%v allocations a call, want 0", n)
		}
	})
}

func BenchmarkParallel(b *testing.B) {
	f := func(int) {}
	b.Run("close", func(b *testing.B) {
		for range b.N {
			Parallel(2, f)
		}
	})
	b.Run("after20us", func(b *testing.B) {
		for range b.N {
			for start := time.Now(); time.Since(start) < 20*time.Microsecond; {
			}
			Parallel(2, f)
		}
	})
}
