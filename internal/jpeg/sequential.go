package jpeg

// extent tells which coefficients of a block may not be zero, so that the transform
// can leave out what is: the last of them in zigzag order.
type extent int

// sequential decodes a block, T.81 F.2.2, that is zero before.
func (d *Decoder) sequential(c *component, b *block) extent {
	_, diff := d.bits.next(c.dcTab)
	c.dc += diff
	b[0] = int16(c.dc)
	return d.bits.coefficients(b, c.acTab)
}

// coefficients decodes those after the first. The state of the reader is in local
// variables, which the compiler keeps in registers.
func (b *bitReader) coefficients(out *block, h *huffman) extent {
	acc, n, last := b.acc, b.n, 0
	for k := 1; k < 64; k++ {
		if n < 32 {
			b.acc, b.n = acc, n
			b.fill()
			acc, n = b.acc, b.n
		}
		c := h.look[acc>>(64-lookBits)]
		if c == 0 {
			c = h.long(acc)
		}
		bits := acc << c.bits()
		acc <<= c.total()
		n -= c.total()
		k += c.run()
		if c.size() == 0 {
			if c.run() != 15 {
				break
			}
			continue
		}
		out[zigzag[k&127]] = int16(extend(bits, c.size()))
		last = k
	}
	b.acc, b.n = acc, n
	return extent(min(last, 63))
}
