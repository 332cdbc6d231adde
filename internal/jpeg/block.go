package jpeg

import "github.com/pkg/errors"

// blockDecoder returns what decodes a block of a scan: block (x, y) of a component.
func (d *decoder) blockDecoder(s *scan) func(c *component, x, y int) error {
	if !d.frame.progressive {
		var b block
		return func(c *component, x, y int) error {
			b = block{}
			if err := d.sequential(c, &b); err != nil {
				return err
			}
			stride := 8 * c.blocks.padW
			inverse(c.pix[8*y*stride+8*x:], stride, &b, &d.quant[c.quant])
			return nil
		}
	}
	part := d.firstAC
	switch {
	case s.first == 0 && s.high == 0:
		part = d.firstDC
	case s.first == 0:
		part = d.refineDC
	case s.high != 0:
		part = d.refineAC
	}
	return func(c *component, x, y int) error { return part(s, c, &c.coef[y*c.blocks.padW+x]) }
}

// dcOf decodes the difference to the DC coefficient before, and returns the new one.
func (d *decoder) dcOf(c *component) (int32, error) {
	n, err := d.bits.symbol(c.dcTab)
	if err != nil {
		return 0, err
	}
	if n > 11 {
		return 0, errors.Errorf("a DC difference of %d bits", n)
	}
	diff, err := d.bits.signed(int(n))
	c.dc += diff
	return c.dc, err
}

// errLong is for coefficients beyond the last.
var errLong = errors.New("a block of more than 64 coefficients")

// sequential decodes a block, T.81 F.2.2.
func (d *decoder) sequential(c *component, b *block) error {
	dc, err := d.dcOf(c)
	if err != nil {
		return err
	}
	b[0] = int16(dc)
	for k := 1; k < 64; k++ {
		rs, err := d.bits.symbol(c.acTab)
		if err != nil {
			return err
		}
		run, size := int(rs>>4), int(rs&15)
		if size == 0 {
			if run != 15 {
				return nil
			}
			k += 15
			continue
		}
		if k += run; k > 63 {
			return errLong
		}
		v, err := d.bits.signed(size)
		if err != nil {
			return err
		}
		b[zigzag[k]] = int16(v)
	}
	return nil
}

// firstDC decodes the upper bits of the DC coefficient, T.81 G.1.2.1.
func (d *decoder) firstDC(s *scan, c *component, b *block) error {
	dc, err := d.dcOf(c)
	b[0] = int16(dc << s.low)
	return err
}

// refineDC decodes one more bit of the DC coefficient.
func (d *decoder) refineDC(s *scan, _ *component, b *block) error {
	bit, err := d.bits.bits(1)
	b[0] |= int16(bit << s.low)
	return err
}

// firstAC decodes the upper bits of AC coefficients, T.81 G.1.2.2.
func (d *decoder) firstAC(s *scan, c *component, b *block) error {
	if d.eobRun > 0 {
		d.eobRun--
		return nil
	}
	for k := s.first; k <= s.last; k++ {
		rs, err := d.bits.symbol(c.acTab)
		if err != nil {
			return err
		}
		run, size := int(rs>>4), int(rs&15)
		if size == 0 {
			if run != 15 {
				return d.beginRun(run, 1)
			}
			k += 15
			continue
		}
		if k += run; k > s.last {
			return errLong
		}
		v, err := d.bits.signed(size)
		if err != nil {
			return err
		}
		b[zigzag[k]] = int16(v << s.low)
	}
	return nil
}

// beginRun reads how many blocks have no more coefficients, and counts those that
// are done.
func (d *decoder) beginRun(size int, done int32) error {
	more, err := d.bits.bits(size)
	d.eobRun = 1<<size + more - done
	return err
}

// refineAC decodes one more bit of AC coefficients, T.81 G.1.2.3: of those that are
// not zero, and the first of others.
func (d *decoder) refineAC(s *scan, c *component, b *block) error {
	k := s.first
	for d.eobRun == 0 && k <= s.last {
		rs, err := d.bits.symbol(c.acTab)
		if err != nil {
			return err
		}
		run, size := int(rs>>4), rs&15
		var value int16
		switch {
		case size > 1:
			return errors.Errorf("a new coefficient of %d bits in a scan of one more bit", size)
		case size == 1:
			positive, err := d.bits.bits(1)
			if err != nil {
				return err
			}
			value = int16(2*positive-1) << s.low
		case run != 15:
			if err := d.beginRun(run, 0); err != nil {
				return err
			}
			continue
		}
		if k, err = d.refine(b, k, s, run); err != nil {
			return err
		}
		if value != 0 {
			if k > s.last {
				return errLong
			}
			b[zigzag[k]] = value
		}
		k++
	}
	if d.eobRun > 0 {
		d.eobRun--
		_, err := d.refine(b, k, s, 64)
		return err
	}
	return nil
}

// refine gives the coefficients from k on that are not zero another bit, until it has
// passed that many zeros, and returns the place of the next zero.
func (d *decoder) refine(b *block, k int, s *scan, zeros int) (int, error) {
	for ; k <= s.last; k++ {
		v := &b[zigzag[k]]
		if *v == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		bit, err := d.bits.bits(1)
		if err != nil {
			return k, err
		}
		if one := int16(1) << s.low; bit != 0 && *v&one == 0 {
			if *v < 0 {
				one = -one
			}
			*v += one
		}
	}
	return k, nil
}
