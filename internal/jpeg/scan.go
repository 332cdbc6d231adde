package jpeg

import "github.com/pkg/errors"

// maxScans bounds the work that a small file can ask for. Encoders make about ten.
const maxScans = 200

// scan is what a scan's header says.
type scan struct {
	components  []*component
	w, h        int // units across and down
	first, last int // coefficients, in zigzag order
	high, low   uint
	part        func(d *Decoder, s *scan, c *component, b *refined) // of a progressive image
}

// scan reads a scan, header and data.
func (d *Decoder) scan() error {
	data, err := d.payload()
	if err != nil {
		return err
	}
	s, err := d.scanHeader(data)
	if err != nil {
		return err
	}
	if d.scans++; d.scans > maxScans {
		return errors.Errorf("more than %d scans", maxScans)
	}
	d.allocate()
	d.dry = false
	if err := d.interval(s); err != nil {
		return err
	}
	for i := range s.w * s.h {
		if d.restart != 0 && i != 0 && i%d.restart == 0 {
			if err := d.restartAt(s, i/d.restart-1); err != nil {
				return err
			}
		}
		d.unit(s, i%s.w, i/s.w)
		d.dry = d.dry || d.bits.exhausted()
	}
	return nil
}

// unit decodes a unit. In a scan of several components their blocks take turns.
func (d *Decoder) unit(s *scan, x, y int) {
	if len(s.components) == 1 {
		d.decode(s, s.components[0], x, y)
		return
	}
	for _, c := range s.components {
		for v := range c.v {
			for h := range c.h {
				d.decode(s, c, x*c.h+h, y*c.v+v)
			}
		}
	}
}

// decode decodes block (x, y) of a component. Where the data has ended it has no more
// coefficients, which in a sequential scan makes it grey.
func (d *Decoder) decode(s *scan, c *component, x, y int) {
	if d.frame.progressive {
		if !d.dry {
			s.part(d, s, c, &c.coef[y*c.blocks.padW+x])
		}
		return
	}
	d.block = block{}
	last := extent(0)
	if !d.dry {
		last = d.sequential(c, &d.block)
	}
	inverse(c.samples(x, y), c.stride(), &d.block, &c.quant, last)
}

func (d *Decoder) scanHeader(data []byte) (*scan, error) {
	f := &d.frame
	if f.width == 0 || f.height == 0 {
		return nil, errors.Errorf("an image of %dx%d pixels", f.width, f.height)
	}
	if len(data) < 1 || data[0] < 1 || int(data[0]) > len(f.components) || len(data) != 4+2*int(data[0]) {
		return nil, errors.Errorf("a scan header of %d bytes", len(data))
	}
	n := int(data[0])
	end := data[1+2*n:]
	s := &scan{first: int(end[0]), last: int(end[1]), high: uint(end[2] >> 4), low: uint(end[2] & 15)}
	blocks := 0
	for i := range n {
		c, err := d.scanned(s, data[1+2*i], data[2+2*i])
		if err != nil {
			return nil, err
		}
		s.components = append(s.components, c)
		blocks += c.h * c.v
	}
	if n > 1 && blocks > maxBlocks {
		return nil, errors.Errorf("units of %d blocks, want at most %d", blocks, maxBlocks)
	}
	s.w, s.h = f.mcusX, f.mcusY
	if n == 1 {
		s.w, s.h = s.components[0].blocks.w, s.components[0].blocks.h
	}
	s.part = s.progressive()
	return s, d.checkScan(s)
}

// scanned returns the component of that number, with its tables.
func (d *Decoder) scanned(s *scan, id, tables byte) (*component, error) {
	dc, ac := tables>>4, tables&15
	if dc > 3 || ac > 3 {
		return nil, errors.Errorf("a scan by the Huffman tables %d and %d", dc, ac)
	}
	for i := range d.frame.components {
		c := &d.frame.components[i]
		if c.id != id {
			continue
		}
		for _, other := range s.components {
			if other == c {
				return nil, errors.Errorf("component %d twice in a scan", i+1)
			}
		}
		if c.dcTab, c.acTab = nil, nil; d.hasHuffman[0][dc] {
			c.dcTab = &d.huffman[0][dc]
		}
		if d.hasHuffman[1][ac] {
			c.acTab = &d.huffman[1][ac]
		}
		if !d.hasQuant[c.source] {
			return nil, errors.Errorf("there is no quantisation table %d", c.source)
		}
		if c.coded && !d.frame.progressive {
			return nil, errors.Errorf("a second scan of component %d", i+1)
		}
		if !c.coded {
			c.quant = d.quant[c.source]
		}
		c.coded = true
		return c, nil
	}
	return nil, errors.Errorf("a scan of a component %d, which there is not", id)
}

// checkScan reports coefficients that such a scan cannot have, and missing tables.
func (d *Decoder) checkScan(s *scan) error {
	wrong := s.first != 0 || s.last != 63 || s.high != 0 || s.low != 0
	if d.frame.progressive {
		wrong = s.first > s.last || s.last > 63 || s.low > 13 || s.high != 0 && s.high != s.low+1 ||
			s.first == 0 && s.last != 0 || s.first != 0 && len(s.components) > 1
	}
	if wrong {
		return errors.Errorf("a scan of the coefficients %d to %d, bits %d to %d", s.first, s.last, s.high, s.low)
	}
	for _, c := range s.components {
		dc := s.first == 0 && s.high == 0
		if dc && c.dcTab == nil || s.last > 0 && c.acTab == nil {
			return errors.New("a scan without its Huffman table")
		}
		if dc && !c.dcTab.ofDC() {
			return errors.New("a Huffman table of DC differences of more than 15 bits")
		}
	}
	return nil
}

// progressive returns what decodes a block of a scan of a progressive image.
func (s *scan) progressive() func(d *Decoder, s *scan, c *component, b *refined) {
	switch {
	case s.first == 0 && s.high == 0:
		return (*Decoder).firstDC
	case s.first == 0:
		return (*Decoder).refineDC
	case s.high != 0:
		return (*Decoder).refineAC
	}
	return (*Decoder).firstAC
}
