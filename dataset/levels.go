package dataset

// levels maps the bytes of one channel.
type levels [256]uint8

// mapPlanes maps each channel by the levels that of returns for it.
func (m *Image) mapPlanes(of func(plane []uint8) levels) {
	for c := range m.C {
		p := m.Plane(c)
		t := of(p)
		for i, v := range p {
			p[i] = t[v]
		}
	}
}

// posterize keeps the upper bits of every value: Pillow's ImageOps.posterize.
func (m *Image) posterize(bits int) {
	mask := ^uint8(1<<(8-bits) - 1)
	for i := range m.Pix {
		m.Pix[i] &= mask
	}
}

// solarize inverts the values from threshold on: Pillow's ImageOps.solarize.
func (m *Image) solarize(threshold float64) {
	t := unchanged()
	for v := range t {
		if float64(v) >= threshold {
			t[v] = uint8(255 - v)
		}
	}
	for i, v := range m.Pix {
		m.Pix[i] = t[v]
	}
}

// autoContrast stretches the values of each channel to all from 0 to 255:
// Pillow's ImageOps.autocontrast.
func (m *Image) autoContrast() { m.mapPlanes(stretched) }

// stretched returns the levels that bring the least value of a channel to 0 and
// the largest to 255. A channel of one value stays as it is.
func stretched(plane []uint8) (t levels) {
	lo, hi := plane[0], plane[0]
	for _, v := range plane {
		lo, hi = min(lo, v), max(hi, v)
	}
	if lo == hi {
		return unchanged()
	}
	scale := 255 / float64(hi-lo)
	offset := -float64(lo) * scale
	for v := range t {
		// The conversion keeps the product from being fused into the sum.
		t[v] = uint8(min(max(float64(float64(v)*scale)+offset, 0), 255))
	}
	return t
}

// equalize spreads the values of each channel so that all are about as frequent:
// Pillow's ImageOps.equalize.
func (m *Image) equalize() { m.mapPlanes(equalized) }

// equalized returns the levels that do so. A channel of one value, and one of so
// few pixels that there is no step, stays as it is.
func equalized(plane []uint8) (t levels) {
	var count [256]int
	for _, v := range plane {
		count[v]++
	}
	last := 255
	for count[last] == 0 {
		last--
	}
	step := (len(plane) - count[last]) / 255
	if step == 0 {
		return unchanged()
	}
	n := step / 2
	for v := range t {
		t[v] = uint8(min(n/step, 255))
		n += count[v]
	}
	return t
}

func unchanged() (t levels) {
	for v := range t {
		t[v] = uint8(v)
	}
	return t
}
