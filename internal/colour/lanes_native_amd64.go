package colour

import "github.com/gorgonia-zoo/modelzoo/internal/kernel"

// Colours that are done at a time.
const (
	saturated  = 8
	turned     = 4
	normalized = 8 // values of one channel
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

// normalizeLanes does Normalize if it can. The last values are done with some before
// them, once more.
func normalizeLanes(dst []float32, src []uint8, mean, std float32) bool {
	n := len(src)
	if n < normalized || !vectors() {
		return false
	}
	normalizeAVX2(&dst[0], &src[0], n/normalized, mean, std)
	if at := n - normalized; n%normalized != 0 {
		normalizeAVX2(&dst[at], &src[at], 1, mean, std)
	}
	return true
}
