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
	h, v   int   // sampling factors
	source byte  // which table of steps it has
	quant  table // as it was when its first scan began
	coded  bool  // there was a scan of it
	blocks grid
	pix    []uint8   // of all blocks
	coef   []refined // of a progressive image
	dc     int32     // of the block before, in the scan
	dcTab  *huffman  // in the scan
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

func (d *Decoder) startFrame(data []byte, progressive bool) error {
	f := &d.frame
	if len(f.components) > 0 {
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
	if f.components = f.components[:0]; cap(f.components) < n {
		f.components = make([]component, 0, 4)
	}
	f.components = f.components[:n]
	for i := range f.components {
		c, b := &f.components[i], data[6+3*i:]
		*c = component{id: b[0], h: int(b[1] >> 4), v: int(b[1] & 15), source: b[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.source > 3 {
			return errors.Errorf("component %d has sampling factors %dx%d and quantisation table %d", i+1, c.h, c.v, c.source)
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
func (d *Decoder) allocate() {
	f := &d.frame
	for i := range f.components {
		c, m := &f.components[i], &d.memory[i]
		if c.pix != nil {
			return
		}
		n := c.blocks.padW * c.blocks.padH
		m.pix = grown(m.pix, 64*n)
		c.pix = m.pix
		if f.progressive {
			m.coef = grown(m.coef, n)
			c.coef = m.coef
			clear(c.coef)
		}
	}
}

// grown returns a slice of that length, in the memory of s if it is enough.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// plane gives the samples of a component.
func (f *frame) plane(c *component) Plane {
	return Plane{
		Pix: c.pix, Stride: c.stride(),
		W: ceil(f.width*c.h, f.hMax), H: ceil(f.height*c.v, f.vMax),
		XRatio: f.hMax / c.h, YRatio: f.vMax / c.v,
	}
}

// stride is the length of the rows of samples, with those that are padding.
func (c *component) stride() int { return 8 * c.blocks.padW }

// samples is where those of block (x, y) are.
func (c *component) samples(x, y int) []uint8 { return c.pix[8*(y*c.stride()+x):] }

// render makes the samples of all blocks of a progressive image.
func (c *component) render() {
	for y := range c.blocks.padH {
		for x := range c.blocks.padW {
			b := &c.coef[y*c.blocks.padW+x]
			inverse(c.samples(x, y), c.stride(), &b.block, &c.quant, b.extent())
		}
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }
