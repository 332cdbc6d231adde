package jpeg

import "math/bits"

// refined is a block that several scans have a part in.
type refined struct {
	block block
	seen  uint64 // the coefficients that are not zero but DC's, bits in zigzag order
}

// set gives a coefficient its first value.
func (r *refined) set(k int, v int16) {
	if v != 0 {
		r.block[zigzag[k&127]] = v
		r.seen |= 1 << min(k, 63)
	}
}

// extent tells how much of the block there is.
func (r *refined) extent() extent { return extent(bits.Len64(r.seen|1) - 1) }

// firstDC decodes the upper bits of the DC coefficient, T.81 G.1.2.1.
func (d *Decoder) firstDC(s *scan, c *component, b *refined) {
	_, diff := d.bits.next(c.dcTab)
	c.dc += diff
	b.block[0] = int16(c.dc << s.low)
}

// refineDC decodes one more bit of the DC coefficient.
func (d *Decoder) refineDC(s *scan, _ *component, b *refined) {
	b.block[0] |= int16(d.bits.bit() << s.low)
}

// firstAC decodes the upper bits of AC coefficients, T.81 G.1.2.2.
func (d *Decoder) firstAC(s *scan, c *component, b *refined) {
	if d.eobRun > 0 {
		d.eobRun--
		return
	}
	for k := s.first; k <= s.last; k++ {
		code, value := d.bits.next(c.acTab)
		if code.size() == 0 && code.run() != 15 {
			d.eobRun = d.runOf(code.run()) - 1
			return
		}
		if k += code.run(); code.size() != 0 {
			b.set(k, int16(value<<s.low))
		}
	}
}

// runOf reads how many blocks, this one with them, have no more coefficients.
func (d *Decoder) runOf(size int) int32 { return 1<<size + d.bits.bits(size) }

// refineAC decodes one more bit of AC coefficients, T.81 G.1.2.3: of those that are
// not zero, and the first of others.
func (d *Decoder) refineAC(s *scan, c *component, b *refined) {
	k := s.first
	for d.eobRun == 0 && k <= s.last {
		code := d.bits.code(c.acTab)
		value := int16(0)
		switch {
		case code.size() != 0: // a damaged file may say more than 1
			value = int16(2*d.bits.bit()-1) << s.low
		case code.run() != 15:
			d.eobRun = d.runOf(code.run())
			continue
		}
		k = d.bits.refine(b, k, s, code.run())
		b.set(k, value)
		k++
	}
	if d.eobRun > 0 {
		d.eobRun--
		d.bits.refine(b, k, s, 64)
	}
}

// refine gives the coefficients from k on that are not zero another bit, until it has
// passed that many zeros, and returns the place of the next zero.
func (b *bitReader) refine(of *refined, k int, s *scan, zeros int) int {
	acc, n := b.acc, b.n
	seen := of.seen & (2<<s.last - 1)
	for {
		next := min(k+bits.TrailingZeros64(seen>>k), s.last+1)
		if next-k > zeros {
			k += zeros
			break
		}
		zeros -= next - k
		if k = next + 1; next > s.last {
			k = next
			break
		}
		if n < 1 {
			b.acc, b.n = acc, n
			b.fill()
			acc, n = b.acc, b.n
		}
		// One more away from zero, without a branch on the bit.
		v := &of.block[zigzag[next&63]&63]
		more := int16(acc>>63) &^ (*v >> s.low)
		*v += (*v>>15 | 1) * more << s.low
		acc <<= 1
		n--
	}
	b.acc, b.n = acc, n
	return k
}
