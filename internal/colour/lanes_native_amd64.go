package colour

import "github.com/gorgonia-zoo/modelzoo/internal/kernel"

// Colours that are done at a time.
const (
	saturated = 8
	turned    = 4
)

func vectors() bool { return kernel.CurrentTier() >= kernel.AVX2 }

// saturateLanes does what it can of Saturate, and returns how many colours that is.
func saturateLanes(r, g, b []uint8, factor float32) int {
	n := len(r) &^ (saturated - 1)
	if n == 0 || !vectors() {
		return 0
	}
	saturateAVX2(&r[0], &g[0], &b[0], n/saturated, factor)
	return n
}

// turnLanes does what it can of Turn, and returns how many colours that is.
func turnLanes(r, g, b []uint8, steps uint8) int {
	n := len(r) &^ (turned - 1)
	if n == 0 || !vectors() {
		return 0
	}
	turnAVX2(&r[0], &g[0], &b[0], n/turned, uint32(steps))
	return n
}
