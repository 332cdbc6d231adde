package kernel

import "unsafe"

// correlation is a sum over taps that a field makes dense: for each group,
// rows of weights times shifted planes. The forward pass is one, the gradient
// of the input one for each phase of the stride.
type correlation struct {
	set     *tileSet
	class   *tileClass
	field   *field
	groups  int
	m       int     // output channels of a group
	panels  int     // of class.rows of them, in a group
	base    int     // where the first output pixel of tap offset 0 lies in the field
	off     []int64 // offsets of the taps of all channels of a group, in bytes
	h, w    int     // of the output
	vectors []tileVector
	flags   []uint64 // of each vector
	tiles   tiling
	weights []float32 // packed: [group][panel][tap of channel][class.rows]
	bias    []float32 // padded as the weights are
	packed  [][]int64 // offsets in pixels packed for tiles of [i+1] vectors, in bytes
}

func newCorrelation(f *field, groups, m, h, w int, off []int64) *correlation {
	c := &correlation{set: tileSets.get(), field: f, groups: groups, m: m, h: h, w: w, off: off}
	c.class = c.set.class(m)
	c.panels = ceilDiv(m, c.class.rows)
	c.weights = make([]float32, groups*c.panels*c.class.rows*len(off))
	c.bias = make([]float32, groups*c.panels*c.class.rows)
	if h > 0 && w > 0 {
		c.tiles = newTiling((h-1)*f.pitch+w, c.set.lanes, len(c.class.kernels))
	}
	for v := range c.tiles.vectors {
		c.addVector(v)
	}
	return c
}

// addVector works out which of a vector's columns are output pixels.
func (c *correlation) addVector(v int) {
	var mask uint64
	first := -1
	for j := range c.set.lanes {
		row, column := (v*c.set.lanes+j)/c.field.pitch, (v*c.set.lanes+j)%c.field.pitch
		if row >= c.h || column >= c.w {
			continue
		}
		if mask |= 1 << j; first < 0 {
			first = row*c.w + column
		}
	}
	flags := uint64(0)
	if mask != c.set.full() {
		flags = flagMasked
		if mask&(mask+1) != 0 || mask == 0 {
			flags |= flagCompress
		}
	}
	c.vectors = append(c.vectors, c.set.vector(4*max(first, 0), mask))
	c.flags = append(c.flags, flags)
}

// panel returns the packed weights of a panel; panels are counted through all
// groups.
func (c *correlation) panel(p int) []float32 {
	size := len(c.off) * c.class.rows
	return c.weights[p*size:][:size]
}

// target is what a correlation writes: output planes (groups*m, h, w).
type target struct {
	y        []float32
	residual []float32
	bias     bool
	relu     bool
}

// image returns the part of image n, of so many values, of the target.
func (to target) image(n, size int) target {
	to.y = to.y[n*size:][:size]
	if to.residual != nil {
		to.residual = to.residual[n*size:][:size]
	}
	return to
}

// outputs returns how many values a correlation computes for an image.
func (c *correlation) outputs() int { return c.groups * c.m * c.h * c.w }

// work computes tiles [tile0, tile1) of panels [panel0, panel1) of one image.
// Panels pass by each tile, so that its pixels stay in the cache, or the other
// way round if the weights are the larger part.
func (c *correlation) work(t *tileArgs, image []float32, to *target, panel0, panel1, tile0, tile1 int) {
	if len(c.weights) > panelFirst {
		for p := panel0; p < panel1; p++ {
			for i := tile0; i < tile1; i++ {
				c.tile(t, image, to, p, i)
			}
		}
		return
	}
	for i := tile0; i < tile1; i++ {
		for p := panel0; p < panel1; p++ {
			c.tile(t, image, to, p, i)
		}
	}
}

// panelFirst is from how many weights on each panel is taken through the whole
// image before the next: when they fill half the second-level cache.
const panelFirst = 1 << 18

func (c *correlation) tile(t *tileArgs, image []float32, to *target, panel, tile int) {
	v0, v1 := c.tiles.bounds(tile)
	t.b, t.off = &image[panel/c.panels*(c.field.channels/c.groups*c.field.channel())+c.base+v0*c.set.lanes], &c.off[0]
	c.multiply(t, to, panel, v0, v1)
}

// packTiles prepares to take pixels as they lie in the source and reports
// whether that can be done: if a window is one pixel and the source has neither
// stride nor padding, the field would be nothing but a copy.
func (c *correlation) packTiles() bool {
	f := c.field
	if len(c.off) != f.channels/c.groups || f.phases() != 1 || c.h != f.h || c.w != f.w || f.pitch != f.w {
		return false
	}
	for v := range c.class.kernels {
		off := make([]int64, len(c.off))
		for i := range off {
			off[i] = int64(4 * i * (v + 1) * c.set.lanes)
		}
		c.packed = append(c.packed, off)
	}
	return true
}

// packedSize returns how many values the packed pixels of a tile are.
func (c *correlation) packedSize() int { return len(c.off) * c.set.widest(c.class) }

// points computes tiles [tile0, tile1) of all panels from the source (channels,
// h, w). It packs the pixels of each tile side by side first, which costs less
// than to read them with the distance of the planes for every panel.
func (c *correlation) points(t *tileArgs, src, pixels []float32, to *target, tile0, tile1 int) {
	size := c.h * c.w
	for g := range c.groups {
		for i := tile0; i < tile1; i++ {
			v0, v1 := c.tiles.bounds(i)
			at, width := v0*c.set.lanes, (v1-v0)*c.set.lanes
			layRows(pixels, src[g*len(c.off)*size+at:], len(c.off), min(width, size-at), 1, width, size)
			t.b, t.off = &pixels[0], &c.packed[v1-v0-1][0]
			for panel := g * c.panels; panel < (g+1)*c.panels; panel++ {
				c.multiply(t, to, panel, v0, v1)
			}
		}
	}
}

// multiply computes vectors [v0, v1) of a panel; the pixels are set.
func (c *correlation) multiply(t *tileArgs, to *target, panel, v0, v1 int) {
	group, row := panel/c.panels, panel%c.panels*c.class.rows
	t.a, t.depth = unsafe.SliceData(c.panel(panel)), len(c.off)
	t.rows = min(c.class.rows, c.m-row)
	t.ldc = 4 * c.h * c.w
	at := (group*c.m + row) * c.h * c.w
	t.c, t.bias, t.residual = &to.y[at], nil, nil
	if to.bias {
		t.bias = &c.bias[panel*c.class.rows]
	}
	if to.residual != nil {
		t.residual = &to.residual[at]
	}
	t.flags = 0
	if to.relu {
		t.flags = flagReLU
	}
	for v := v0; v < v1; v++ {
		t.vectors[v-v0] = c.vectors[v]
		t.flags |= c.flags[v]
	}
	c.class.kernels[v1-v0-1].run(t)
}

// setBias copies the bias to where the kernels read it.
func (c *correlation) setBias(bias []float32) {
	for g := range c.groups {
		copy(c.bias[g*c.panels*c.class.rows:][:c.m], bias[g*c.m:])
	}
}
