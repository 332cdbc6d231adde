package jpeg

import "github.com/pkg/errors"

// frame is what the header of an image says.
type frame struct {
	width, height int
	progressive   bool
	components    []component
	hMax, vMax    int
	mcusX, mcusY  int // units of a scan of all components
}

// component is a plane of the frame.
type component struct {
	id     byte
	h, v   int // sampling factors
	quant  byte
	blocks grid
	pix    []uint8  // of all blocks
	coef   []block  // of a progressive image
	dc     int32    // of the block before, in the scan
	dcTab  *huffman // in the scan
	acTab  *huffman
}

// grid counts blocks: those that the samples of the component need, which a scan of
// this component alone has, and those of all units, which are stored.
type grid struct {
	w, h       int
	padW, padH int
}

// block has coefficients in natural order.
type block [64]int16

// maxBlocks are those of a unit, T.81 B.2.3.
const maxBlocks = 10

func (d *decoder) startFrame(data []byte, progressive bool) error {
	f := &d.frame
	if f.components != nil {
		return errors.New("a second frame: only images of one are supported")
	}
	if len(data) < 6 || len(data) != 6+3*int(data[5]) {
		return errors.Errorf("a frame header of %d bytes", len(data))
	}
	if data[0] != 8 {
		return errors.Errorf("images of %d bits are not supported, only of 8", data[0])
	}
	height, width := int(data[1])<<8|int(data[2]), int(data[3])<<8|int(data[4])
	n := int(data[5])
	if n != 1 && n != 3 && n != 4 {
		return errors.Errorf("%d components, want 1, 3 or 4", n)
	}
	f.progressive = progressive
	f.components = make([]component, n)
	for i := range f.components {
		c, b := &f.components[i], data[6+3*i:]
		c.id, c.h, c.v, c.quant = b[0], int(b[1]>>4), int(b[1]&15), b[2]
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quant > 3 {
			return errors.Errorf("component %d has sampling factors %dx%d and quantisation table %d", i+1, c.h, c.v, c.quant)
		}
		for _, other := range f.components[:i] {
			if other.id == c.id {
				return errors.Errorf("two components are numbered %d", c.id)
			}
		}
		f.hMax, f.vMax = max(f.hMax, c.h), max(f.vMax, c.v)
	}
	for i := range f.components {
		if c := &f.components[i]; f.hMax%c.h != 0 || f.vMax%c.v != 0 {
			return errors.Errorf("component %d has %dx%d samples where another has %dx%d: this is not supported", i+1, c.h, c.v, f.hMax, f.vMax)
		}
	}
	f.width, f.height = width, height
	f.mcusX, f.mcusY = ceil(width, 8*f.hMax), ceil(height, 8*f.vMax)
	for i := range f.components {
		c := &f.components[i]
		c.blocks = grid{
			ceil(ceil(width*c.h, f.hMax), 8), ceil(ceil(height*c.v, f.vMax), 8),
			f.mcusX * c.h, f.mcusY * c.v,
		}
	}
	return nil
}

// allocate makes room for the image, which happens when its first scan begins.
func (f *frame) allocate() {
	for i := range f.components {
		c := &f.components[i]
		if c.pix != nil {
			return
		}
		n := c.blocks.padW * c.blocks.padH
		c.pix = make([]uint8, 64*n)
		if f.progressive {
			c.coef = make([]block, n)
		}
	}
}

// planes gives the samples.
func (f *frame) planes() []Plane {
	planes := make([]Plane, len(f.components))
	for i := range f.components {
		c := &f.components[i]
		planes[i] = Plane{
			Pix: c.pix, Stride: 8 * c.blocks.padW,
			W: ceil(f.width*c.h, f.hMax), H: ceil(f.height*c.v, f.vMax),
			XRatio: f.hMax / c.h, YRatio: f.vMax / c.v,
		}
	}
	return planes
}

func ceil(a, b int) int { return (a + b - 1) / b }
