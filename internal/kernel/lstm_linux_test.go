package kernel

import (
	"math/rand/v2"
	"testing"
)

// Reads and writes beyond the arrays show at no other place than the end of memory.
func TestCellKernelsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(105, 106))
	for units := 1; units <= 40; units++ {
		for rows := 1; rows <= 2; rows++ {
			c := newCellOperands(rows, units, 1, func(n int) []float32 { return guarded(t, r, n) })
			onEachTier(t, func(t *testing.T) {
				lstmCells.get().cell.run(&c.forward)
				lstmCells.get().grad.run(&c.backward)
			})
		}
	}
}
