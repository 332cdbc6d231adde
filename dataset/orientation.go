package dataset

import "slices"

// orient turns and mirrors m so that it is upright, given the orientation that
// EXIF data says it has: what Pillow's ImageOps.exif_transpose does.
//
//	1 upright         5 mirrored along the main diagonal
//	2 mirrored        6 to be turned right
//	3 upside down     7 mirrored along the other diagonal
//	4 both of 2, 3    8 to be turned left
func (m *Image) orient(orientation int) {
	if orientation < 2 || orientation > 8 {
		return
	}
	o := orientation - 1
	// Row y and column x of the result are seen in the file at rows and columns
	// that may run backwards, and from 5 on have changed places.
	swap := o >= 4
	backX := o == 1 || o == 2 || o == 6 || o == 7
	backY := o == 2 || o == 3 || o == 5 || o == 6
	h, w := m.H, m.W
	if swap {
		src := m.replace(m.C, w, h)
		for c := range m.C {
			transpose(m.Plane(c), src[c*h*w:(c+1)*h*w], h, w, backY, backX)
		}
		return
	}
	for c := range m.C {
		mirror(m.Plane(c), h, w, backY, backX)
	}
}

// mirror reverses the rows of a plane, the pixels in each, or both.
func mirror(plane []uint8, h, w int, backY, backX bool) {
	row := func(y int) []uint8 { return plane[y*w : (y+1)*w] }
	if backY {
		for y := range h / 2 {
			a, b := row(y), row(h-1-y)
			for x := range a {
				a[x], b[x] = b[x], a[x]
			}
		}
	}
	if backX {
		for y := range h {
			slices.Reverse(row(y))
		}
	}
}

// transpose writes the rows of src (h, w) to the columns of dst, the rows from the
// last one on if backY, and the pixels of each from the last one on if backX.
func transpose(dst, src []uint8, h, w int, backY, backX bool) {
	for y := range h {
		to := y
		if backY {
			to = h - 1 - y
		}
		for x, v := range src[y*w : (y+1)*w] {
			if backX {
				x = w - 1 - x
			}
			dst[x*h+to] = v
		}
	}
}
