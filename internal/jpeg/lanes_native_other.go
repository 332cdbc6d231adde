//go:build !amd64

package jpeg

func inverseMany(dst []uint8, stride int, coef *block, quant *table, last extent) {
	inverseGo(dst, stride, coef, quant, last)
}

func colours(r, g, b, y, cb, cr []uint8) { coloursGo(r, g, b, y, cb, cr) }

func blend(sums []int16, near, far []uint8) { blendGo(sums, near, far) }

func widen(out []uint8, sums []int16, shift int, left, right int16) {
	widenGo(out, sums, shift, left, right)
}
