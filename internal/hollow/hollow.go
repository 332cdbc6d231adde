// Package hollow knows tensors without values: of the shape that a graph wants,
// but in memory that all of them share and that nobody may read or write. A
// parameter is such a tensor while its values lie elsewhere.
package hollow

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"gorgonia.org/tensor"
)

// shared is the memory, as long as the longest tensor. Where it was too short, a
// longer one has followed, and tensors keep the one they have.
var (
	mu     sync.Mutex
	shared atomic.Pointer[[][]float32]
)

// New returns a tensor without values.
func New(shape tensor.Shape) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(memory(shape.TotalSize())))
}

// Out takes the values of t, a float32 tensor, away. Whoever holds t sees it.
func Out(t *tensor.Dense) { tensor.WithBacking(memory(t.Shape().TotalSize()))(t) }

// Fill gives t, whether it has values or not, the values v.
func Fill(t *tensor.Dense, v []float32) { tensor.WithBacking(v)(t) }

// Is reports whether t is without values.
func Is(t *tensor.Dense) bool {
	all := shared.Load()
	if all == nil {
		return false
	}
	for _, m := range *all {
		if t.Uintptr() == uintptr(unsafe.Pointer(unsafe.SliceData(m))) {
			return true
		}
	}
	return false
}

func memory(n int) []float32 {
	mu.Lock()
	defer mu.Unlock()
	var all [][]float32
	if old := shared.Load(); old != nil {
		all = *old
	}
	if k := len(all); k > 0 && n <= len(all[k-1]) {
		return all[k-1][:n:n]
	}
	m := make([]float32, max(n, 1))
	all = append(all[:len(all):len(all)], m)
	shared.Store(&all)
	return m[:n:n]
}
