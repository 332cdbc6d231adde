package jpeg

import "github.com/pkg/errors"

// maxScans bounds the work that a small file can ask for. Encoders make about ten.
const maxScans = 200

// scan is what a scan's header says.
type scan struct {
	components  []*component
	first, last int // coefficients, in zigzag order
	high, low   uint
}

// scan reads a scan, header and data.
func (d *decoder) scan() error {
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
	d.frame.allocate()
	d.restartScan(s)
	decode := d.blockDecoder(s)
	if len(s.components) > 1 {
		return d.units(s, decode)
	}
	c := s.components[0]
	for y := range c.blocks.h {
		for x := range c.blocks.w {
			if err := d.restartAt(s, y*c.blocks.w+x); err != nil {
				return err
			}
			if err := decode(c, x, y); err != nil {
				return err
			}
		}
	}
	return nil
}

// units reads a scan of several components, whose blocks take turns.
func (d *decoder) units(s *scan, decode func(c *component, x, y int) error) error {
	f := &d.frame
	for i := range f.mcusX * f.mcusY {
		if err := d.restartAt(s, i); err != nil {
			return err
		}
		for _, c := range s.components {
			for j := range c.h * c.v {
				if err := decode(c, i%f.mcusX*c.h+j%c.h, i/f.mcusX*c.v+j/c.h); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// restartAt reads a restart marker if unit i is to begin with one.
func (d *decoder) restartAt(s *scan, i int) error {
	if d.restart == 0 || i == 0 || i%d.restart != 0 {
		return nil
	}
	m, err := d.nextMarker()
	if err != nil {
		return err
	}
	if want := byte(rst0 + (i/d.restart-1)%8); m != want {
		return errors.Errorf("%s in a scan where %s should be", markerName(m), markerName(want))
	}
	d.restartScan(s)
	return nil
}

// restartScan forgets what was before.
func (d *decoder) restartScan(s *scan) {
	d.bits.reset()
	d.eobRun = 0
	for _, c := range s.components {
		c.dc = 0
	}
}

func (d *decoder) scanHeader(data []byte) (*scan, error) {
	f := &d.frame
	if f.components == nil {
		return nil, errors.New("a scan before the frame")
	}
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
	return s, d.checkScan(s)
}

// scanned returns the component of that number, with its tables.
func (d *decoder) scanned(s *scan, id, tables byte) (*component, error) {
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
		c.dcTab, c.acTab = d.tables[0][dc], d.tables[1][ac]
		if !d.hasQuant[c.quant] {
			return nil, errors.Errorf("there is no quantisation table %d", c.quant)
		}
		if d.coded[i] && !d.frame.progressive {
			return nil, errors.Errorf("a second scan of component %d", i+1)
		}
		d.coded[i] = true
		return c, nil
	}
	return nil, errors.Errorf("a scan of a component %d, which there is not", id)
}

// checkScan reports coefficients that such a scan cannot have, and missing tables.
func (d *decoder) checkScan(s *scan) error {
	wrong := s.first != 0 || s.last != 63 || s.high != 0 || s.low != 0
	if d.frame.progressive {
		wrong = s.first > s.last || s.last > 63 || s.low > 13 || s.high != 0 && s.high != s.low+1 ||
			s.first == 0 && s.last != 0 || s.first != 0 && len(s.components) > 1
	}
	if wrong {
		return errors.Errorf("a scan of the coefficients %d to %d, bits %d to %d", s.first, s.last, s.high, s.low)
	}
	for _, c := range s.components {
		if s.first == 0 && s.high == 0 && c.dcTab == nil || s.last > 0 && c.acTab == nil {
			return errors.New("a scan without its Huffman table")
		}
	}
	return nil
}
