package resample

import (
	"math"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// What is done at a time. The last of a row are done with some before them, once more.
const (
	lanes   = 8  // taps of a new sample across
	samples = 4  // new samples across
	columns = 16 // down
	nearest = 8  // samples along a line
)

func vectors() bool { return kernel.CurrentTier() >= kernel.AVX2 }

// tapsTogether is what the number of taps across has to be a multiple of.
func tapsTogether() int {
	if vectors() {
		return lanes
	}
	return 1
}

// rowAcross scales a row.
func rowAcross(dst, src []uint8, a *axis) {
	n := len(dst)
	if n < samples || a.taps%lanes != 0 || !vectors() {
		acrossGo(dst, src, a)
		return
	}
	acrossAVX2(&dst[0], &src[0], &a.first[0], &a.weights[0], a.taps, n/samples)
	if at := n - samples; n%samples != 0 {
		acrossAVX2(&dst[at], &src[0], &a.first[at], &a.weights[at*a.taps], a.taps, 1)
	}
}

// rowDown sums as many rows as there are weights.
func rowDown(dst, src []uint8, weights, sums []int32) {
	n := len(dst)
	if n < columns || !vectors() {
		downGo(dst, src, weights, sums)
		return
	}
	downAVX2(&dst[0], &src[0], n, &weights[0], len(weights), n/columns)
	if at := n - columns; n%columns != 0 {
		downAVX2(&dst[at], &src[at], n, &weights[0], len(weights), 1)
	}
}

// nearestLanes does Nearest if it can: numbers of a place have 32 bits in it.
func nearestLanes(dst, src []uint8, size, width int, l Line, n int) bool {
	if n < nearest || size < 4 || max(width, size/width) > math.MaxInt16 || !vectors() {
		return false
	}
	planes := len(src) / size
	some := func(at, blocks int) {
		l := l.At(at)
		nearestAVX2(&dst[at], &src[0], size, planes, int32(width), int32(l.X), int32(l.Y), int32(l.DX), int32(l.DY), blocks)
	}
	some(0, n/nearest)
	if n%nearest != 0 {
		some(n-nearest, 1)
	}
	return true
}
