package jpeg

import (
	"bufio"
	"io"

	"github.com/pkg/errors"
)

// decoder is where the reading of a file has got to.
type decoder struct {
	in       *bufio.Reader
	buffer   []byte // for segments
	frame    frame
	quant    [4][64]int32 // in natural order
	hasQuant [4]bool
	tables   [2][4]*huffman // of DC and of AC coefficients
	restart  int            // units between two restart markers, 0 for none

	jfif, adobe bool
	transform   byte // what Adobe's marker says of the colours

	bits   bitReader
	eobRun int32 // blocks that are left of a run without more coefficients
	scans  int
	coded  [4]bool // components that a scan had
}

// Decode reads an image. The end of the file before its last marker is an error,
// damaged data is where it cannot be an image.
func Decode(r io.Reader) (*Image, error) {
	d := &decoder{in: bufio.NewReader(r)}
	d.bits.in = d.in
	if err := d.begin(); err != nil {
		return nil, err
	}
	for {
		marker, err := d.nextMarker()
		if err != nil {
			return nil, err
		}
		switch marker {
		case eoi:
			return d.image()
		case sos:
			err = d.scan()
		default:
			err = d.segment(marker)
		}
		if err != nil {
			return nil, err
		}
	}
}

// image gives what was decoded.
func (d *decoder) image() (*Image, error) {
	f := &d.frame
	if f.components == nil {
		return nil, errors.New("there is no image in it")
	}
	for i := range f.components {
		if !d.coded[i] {
			return nil, errors.Errorf("there is no scan of component %d", i+1)
		}
		if f.progressive {
			d.render(&f.components[i])
		}
	}
	return &Image{Width: f.width, Height: f.height, Color: d.color(), Planes: f.planes()}, nil
}

// render makes the samples of all blocks of a progressive image.
func (d *decoder) render(c *component) {
	stride, quant := 8*c.blocks.padW, &d.quant[c.quant]
	for y := range c.blocks.padH {
		for x := range c.blocks.padW {
			inverse(c.pix[8*y*stride+8*x:], stride, &c.coef[y*c.blocks.padW+x], quant)
		}
	}
}

// color tells what the components are, in the way of libjpeg.
func (d *decoder) color() Color {
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
