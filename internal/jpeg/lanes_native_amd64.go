package jpeg

import "github.com/gorgonia-zoo/modelzoo/internal/kernel"

// lane is how many samples of a row are done at a time. The last are done with some
// before them, once more.
const lane = 16

func lanes() bool { return kernel.CurrentTier() >= kernel.AVX2 }

// inverseMany transforms a block of more than one coefficient.
func inverseMany(dst []uint8, stride int, coef *block, quant *table, last extent) {
	if !lanes() {
		inverseGo(dst, stride, coef, quant, last)
		return
	}
	inverseAVX2(&dst[0], stride, &coef[0], &quant[0])
}

// colours converts a row.
func colours(r, g, b, y, cb, cr []uint8) {
	n := len(r)
	if n < lane || !lanes() {
		coloursGo(r, g, b, y, cb, cr)
		return
	}
	coloursAVX2(&r[0], &g[0], &b[0], &y[0], &cb[0], &cr[0], n/lane)
	if at := n - lane; n%lane != 0 {
		coloursAVX2(&r[at], &g[at], &b[at], &y[at], &cb[at], &cr[at], 1)
	}
}

// blend interpolates downwards.
func blend(sums []int16, near, far []uint8) {
	n := len(near)
	if n < lane || !lanes() {
		blendGo(sums, near, far)
		return
	}
	blendAVX2(&sums[0], &near[0], &far[0], n/lane)
	if at := n - lane; n%lane != 0 {
		blendAVX2(&sums[at], &near[at], &far[at], 1)
	}
}

// widen writes two samples for each of the sums but the first and the last.
func widen(out []uint8, sums []int16, shift int, left, right int16) {
	n := len(sums) - 2
	if n < lane || !lanes() {
		widenGo(out, sums, shift, left, right)
		return
	}
	widenAVX2(&out[0], &sums[0], n/lane, shift, int(left), int(right))
	if at := n - lane; n%lane != 0 {
		widenAVX2(&out[2*at], &sums[at], 1, shift, int(left), int(right))
	}
}
