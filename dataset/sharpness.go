package dataset

import "github.com/gorgonia-zoo/modelzoo/internal/colour"

// adjustSharpness multiplies the distance of every pixel from its surroundings,
// the mean of 3x3 pixels of which the middle one counts five times, by factor: 0
// gives a blurred image. Pixels on the border stay as they are.
func (m *Image) adjustSharpness(factor float64) {
	if m.H < 3 || m.W < 3 {
		return
	}
	h, w := m.H, m.W
	old := m.replace(m.C, h, w)
	copy(m.Pix, old)
	for c := range m.C {
		for y := 1; y < h-1; y++ {
			at := (c*h + y) * w
			above, row, below, out := old[at-w:][:w], old[at:][:w], old[at+w:][:w], m.Pix[at:][:w]
			column := func(x int) int { return int(above[x]) + int(row[x]) + int(below[x]) }
			left, middle := column(0), column(1)
			for x := 1; x < w-1; x++ {
				right := column(x + 1)
				sum := left + middle + right + 4*int(row[x])
				out[x] = colour.Mix(uint8((sum+6)/13), row[x], float32(factor)) // rounded, as nothing lies half-way
				left, middle = middle, right
			}
		}
	}
}
