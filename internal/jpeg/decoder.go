package jpeg

import (
	"io"

	"github.com/pkg/errors"
)

// Decoder decodes images, one after the other, in memory that it keeps.
type Decoder struct {
	src     source
	segment []byte
	pending byte // a marker that was read but not acted on, 0 for none

	frame      frame
	quant      [4]table
	hasQuant   [4]bool
	huffman    [2][4]huffman // of DC and of AC coefficients
	hasHuffman [2][4]bool
	restart    int // units between two restart markers, 0 for none

	jfif, adobe bool
	transform   byte // what Adobe's marker says of the colours

	coded  []byte // between two markers of a scan
	bits   bitReader
	dry    bool  // the scan has no more data
	eobRun int32 // blocks that are left of a run without more coefficients
	scans  int
	block  block

	memory [4]memory
	image  Image
}

// memory is what a component of the images had.
type memory struct {
	pix  []uint8
	coef []refined
}

// table has quantisation steps, in natural order.
type table [64]int16

// Open reads a file up to the size of its image, which may be that of none.
func (d *Decoder) Open(r io.Reader) (width, height int, err error) {
	d.src.begin(r)
	d.pending, d.restart, d.scans = 0, 0, 0
	d.jfif, d.adobe, d.transform = false, false, 0
	d.frame = frame{components: d.frame.components[:0]}
	d.hasQuant, d.hasHuffman = [4]bool{}, [2][4]bool{}
	if err := d.begin(); err != nil {
		return 0, 0, err
	}
	for len(d.frame.components) == 0 {
		marker, err := d.nextMarker()
		if err != nil {
			return 0, 0, err
		}
		if marker == eoi {
			return 0, 0, errors.New("there is no image in it")
		}
		if marker == sos {
			return 0, 0, errors.New("a scan before the frame")
		}
		if err := d.marked(marker); err != nil {
			return 0, 0, err
		}
	}
	return d.frame.width, d.frame.height, nil
}

// Decode reads the rest of the file that was opened. The image is good until the
// next one is opened.
func (d *Decoder) Decode() (*Image, error) {
	defer func() { d.src.in = nil }()
	for {
		marker, err := d.nextMarker()
		if err != nil {
			return nil, err
		}
		switch marker {
		case eoi:
			return d.finish()
		case sos:
			err = d.scan()
		default:
			err = d.marked(marker)
		}
		if err != nil {
			return nil, err
		}
	}
}

// finish gives what was decoded.
func (d *Decoder) finish() (*Image, error) {
	f, m := &d.frame, &d.image
	m.Width, m.Height, m.Color, m.Planes = f.width, f.height, d.color(), m.Planes[:0]
	for i := range f.components {
		c := &f.components[i]
		if !c.coded {
			return nil, errors.Errorf("there is no scan of component %d", i+1)
		}
		if f.progressive {
			c.render()
		}
		m.Planes = append(m.Planes, f.plane(c))
	}
	return m, nil
}

// color tells what the components are, in the way of libjpeg.
func (d *Decoder) color() Color {
	c := d.frame.components
	switch {
	case len(c) == 1:
		return Gray
	case len(c) == 4 && d.adobe && d.transform != 0:
		return YCCK
	case len(c) == 4:
		return CMYK
	case !d.jfif && d.adobe && d.transform == 0:
		return RGB
	case !d.jfif && !d.adobe && c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B':
		return RGB
	}
	return YCbCr
}
