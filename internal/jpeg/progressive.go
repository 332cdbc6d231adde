package jpeg

// firstDC decodes the upper bits of the DC coefficient, T.81 G.1.2.1.
func (d *Decoder) firstDC(s *scan, c *component, b *block) {
	_, diff := d.bits.next(c.dcTab)
	c.dc += diff
	b[0] = int16(c.dc << s.low)
}

// refineDC decodes one more bit of the DC coefficient.
func (d *Decoder) refineDC(s *scan, _ *component, b *block) {
	b[0] |= int16(d.bits.bit() << s.low)
}

// firstAC decodes the upper bits of AC coefficients, T.81 G.1.2.2.
func (d *Decoder) firstAC(s *scan, c *component, b *block) {
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
			b[zigzag[k&127]] = int16(value << s.low)
		}
	}
}

// runOf reads how many blocks, this one with them, have no more coefficients.
func (d *Decoder) runOf(size int) int32 { return 1<<size + d.bits.bits(size) }

// refineAC decodes one more bit of AC coefficients, T.81 G.1.2.3: of those that are
// not zero, and the first of others.
func (d *Decoder) refineAC(s *scan, c *component, b *block) {
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
		k = d.refine(b, k, s, code.run())
		if value != 0 {
			b[zigzag[k&127]] = value
		}
		k++
	}
	if d.eobRun > 0 {
		d.eobRun--
		d.refine(b, k, s, 64)
	}
}

// refine gives the coefficients from k on that are not zero another bit, until it has
// passed that many zeros, and returns the place of the next zero.
func (d *Decoder) refine(b *block, k int, s *scan, zeros int) int {
	one := int16(1) << s.low
	for ; k <= s.last; k++ {
		v := &b[zigzag[k&63]]
		if *v == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		if d.bits.bit() != 0 && *v&one == 0 {
			if *v < 0 {
				*v -= one
			} else {
				*v += one
			}
		}
	}
	return k
}
