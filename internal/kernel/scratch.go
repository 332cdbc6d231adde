package kernel

import (
	"sort"
	"sync"
	"unsafe"
)

// Aligned returns n zeros that begin at a cache line, or, if they are many, at a
// huge page where the system has such: weights that are read from end to end at
// every run then cost few misses of the page tables' cache.
func Aligned(n int) []float32 {
	line := 64 / 4
	if 4*n >= 2*hugePage {
		line = hugePage / 4
	}
	m := make([]float32, n+line-1)
	at := -int(uintptr(unsafe.Pointer(unsafe.SliceData(m)))/4) & (line - 1)
	if m = m[at:][:n:n]; line > 16 {
		useHugePages(m)
	}
	return m
}

// scratch lends the memory that kernels need while they run, and plans must not
// own: networks have many plans, of which one runs at a time.
var scratch scratchLender

// A scratchLender lends memory of any size, again and again. It has no more
// slices than have been out at the same time.
type scratchLender struct {
	mu   sync.Mutex
	idle [][]float32 // from the smallest to the largest
}

// borrow returns n values that begin at a cache line, to be handed back by
// giveBack. They are what the borrower before left there.
func (l *scratchLender) borrow(n int) []float32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.place(n)
	if i < len(l.idle) {
		s := l.idle[i]
		l.idle = append(l.idle[:i], l.idle[i+1:]...)
		return s[:n]
	}
	if i > 0 {
		// The largest is too small: one that is large enough takes its place.
		l.idle[i-1] = nil
		l.idle = l.idle[:i-1]
	}
	const page = 1 << 10
	return Aligned((n + page - 1) &^ (page - 1))[:n]
}

// giveBack takes back what borrow returned, from its first value on.
func (l *scratchLender) giveBack(s []float32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.place(cap(s))
	l.idle = append(l.idle, nil)
	copy(l.idle[i+1:], l.idle[i:])
	l.idle[i] = s[:cap(s)]
}

// place returns where among the idle slices the first of at least n values is.
func (l *scratchLender) place(n int) int {
	return sort.Search(len(l.idle), func(i int) bool { return len(l.idle[i]) >= n })
}
