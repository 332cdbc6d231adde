package kernel

import (
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"
)

func TestAligned(t *testing.T) {
	for n := range 100 {
		s := Aligned(n)
		if len(s) != n || cap(s) != n {
			t.Fatalf("%d values: length %d, capacity %d", n, len(s), cap(s))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(s))); n > 0 && at%64 != 0 {
			t.Fatalf("%d values begin at %#x", n, at)
		}
	}
}

// TestScratchReuse wants memory that was given back before new memory, the
// smallest that is large enough.
func TestScratchReuse(t *testing.T) {
	var l scratchLender
	small, large := l.borrow(1000), l.borrow(100000)
	l.giveBack(large)
	l.giveBack(small)
	for _, c := range []struct {
		n    int
		want []float32
	}{{1, small}, {1000, small}, {2000, large}, {100000, large}, {0, small}} {
		s := l.borrow(c.n)
		if len(s) != c.n || unsafe.SliceData(s) != unsafe.SliceData(c.want) {
			t.Errorf("%d values: %d of other memory", c.n, len(s))
		}
		l.giveBack(s)
	}
}

// TestScratchBound wants no more slices than were out at once, whatever their
// sizes.
func TestScratchBound(t *testing.T) {
	var l scratchLender
	r := rand.New(rand.NewPCG(1, 2))
	most := 0
	for range 1000 {
		var out [][]float32
		for range 1 + r.IntN(5) {
			out = append(out, l.borrow(r.IntN(1<<14)))
		}
		most = max(most, len(out))
		if got := len(l.idle) + len(out); got > most {
			t.Fatalf("%d slices, %d were out at once", got, most)
		}
		for _, s := range out {
			l.giveBack(s)
		}
	}
	for i := 1; i < len(l.idle); i++ {
		if len(l.idle[i-1]) > len(l.idle[i]) {
			t.Fatal("the idle slices are out of order")
		}
	}
}

// TestScratchApart borrows from many goroutines: nobody may have another's
// memory.
func TestScratchApart(t *testing.T) {
	var l scratchLender
	var wait sync.WaitGroup
	for id := range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			r := rand.New(rand.NewPCG(3, uint64(id)))
			for range 500 {
				s := l.borrow(1 + r.IntN(3000))
				for i := range s {
					s[i] = float32(id)
				}
				for _, v := range s {
					if v != float32(id) {
						t.Errorf("memory of %d is written by %v", id, v)
						return
					}
				}
				l.giveBack(s)
			}
		}()
	}
	wait.Wait()
}

// TestScratchAllocates wants nothing allocated once the sizes have been seen.
func TestScratchAllocates(t *testing.T) {
	sizes := []int{5000, 100, 70000, 0, 3}
	out := make([][]float32, 0, len(sizes))
	round := func() {
		for _, n := range sizes {
			out = append(out, scratch.borrow(n))
		}
		for _, s := range out {
			scratch.giveBack(s)
		}
		out = out[:0]
	}
	if n := testing.AllocsPerRun(10, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
