package kernel

import (
	"math/rand/v2"
	"testing"
)

// TestGroupKernelsStayInside holds the group kernels against the ones in plain Go
// where memory ends behind the operands.
func TestGroupKernelsStayInside(t *testing.T) {
	r := rand.New(rand.NewPCG(95, 96))
	const most = 12 // pixels of a tile
	x, w, y := (&groupCase{g: Block / 2, pixels: most, tiles: 3, counts: [groupRun]int{2, 2, 2}, pixelX: 2, pixelY: 2}).lengths()
	o := groupOperands{guarded(t, r, x), guarded(t, r, w), guarded(t, r, Block), guarded(t, r, y), guarded(t, r, y)}
	onEachGroup(t, func(t *testing.T, set *groupSet) {
		for i, kernel := range set.panels.kernels {
			for range 40 {
				c := randomGroupCase(r, set.g, i+1)
				x, w, y := c.lengths()
				c.check(t, kernel, groupOperands{tail(o.x, x), tail(o.w, w), o.bias, tail(o.residual, y), tail(o.y, y)})
			}
		}
		for i, kernel := range set.outers {
			for range 40 {
				c := randomOuterGroupCase(r, set.g, i+1)
				x, y, sums := c.lengths()
				c.check(t, kernel, tail(o.x, x), tail(o.y, y), tail(o.w, sums))
			}
		}
	})
}
