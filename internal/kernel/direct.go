package kernel

import (
	"runtime"
	"unsafe"
)

// direct computes convolutions in the blocked layout by their definition: sums
// over taps and channels that stay in registers, with nothing copied or padded.
// A tap that falls outside the image is left out: outputs that have the same
// taps inside share a list of steps.
//
// It serves the forward pass and, with one axis for each phase of the stride,
// the gradient of the input.
type direct struct {
	n               int // images
	groups          int
	inputs, outputs int // blocks of input channels in a group, output channels in a group
	sizeX, sizeY    int // of a block of channels of an image, in values
	set             *panelSet
	panels          int // in a group
	segments        []segment
	split           directSplit
	*panelPacker

	x, y     []float32
	epilogue Epilogue
	piece    func(int)
}

// A segment is a run of output pixels, in a row or in a column, that have the same
// taps inside the image.
type segment struct {
	x, y           int // values before the first tap and the first pixel in a block of channels
	pixels         int
	pixelX, pixelY int         // as panelArgs has them
	steps          []panelStep // none where the window is outside the image
	parts          int         // in which the steps are taken
}

// axis is one direction of a convolution: output i of n lies at from+i*to, and
// tap taps[j] of the window multiplies input i*step+lead[j] with it.
type axis struct {
	n, from, to, step int
	taps, lead        []int
}

// forwardAxes is the one axis of the forward pass.
func forwardAxes(out, window, stride, dilation, pad int) []axis {
	a := axis{n: out, to: 1, step: stride}
	for k := range window {
		a.taps, a.lead = append(a.taps, k), append(a.lead, k*dilation-pad)
	}
	return []axis{a}
}

// gradAxes are the axes of the input's gradient, one for each phase of the
// stride.
func gradAxes(size, window, dilation, stride, pad int) (axes []axis) {
	for _, p := range gradPhases(size, window, dilation, stride, pad) {
		axes = append(axes, axis{n: p.n, from: p.from, to: stride, step: 1, taps: p.taps, lead: p.lead})
	}
	return axes
}

// inside returns the taps of output i that meet one of size inputs: those from
// first to end, since leads go up or down.
func (a *axis) inside(i, size int) (first, end int) {
	in := func(j int) bool { p := i*a.step + a.lead[j]; return p >= 0 && p < size }
	for first < len(a.lead) && !in(first) {
		first++
	}
	for end = first; end < len(a.lead) && in(end); end++ {
	}
	return first, end
}

// newDirect returns the forward pass of s, whose groups are whole blocks.
func newDirect(s ConvShape) *direct {
	oh, ow := s.Out()
	d := &direct{n: s.N, groups: s.Groups, inputs: s.C / s.Groups / Block, outputs: s.K / s.Groups,
		sizeX: s.H * s.W * Block, sizeY: oh * ow * Block}
	d.prepare(s, false, s.H, s.W, ow,
		forwardAxes(oh, s.KH, s.StrideH, s.DilationH, s.PadTop),
		forwardAxes(ow, s.KW, s.StrideW, s.DilationW, s.PadLeft))
	return d
}

// newDirectInput returns the pass from the gradient of the output to that of the
// input.
func newDirectInput(s ConvShape) *direct {
	oh, ow := s.Out()
	d := &direct{n: s.N, groups: s.Groups, inputs: s.K / s.Groups / Block, outputs: s.C / s.Groups,
		sizeX: oh * ow * Block, sizeY: s.H * s.W * Block}
	d.prepare(s, true, oh, ow, s.W,
		gradAxes(s.H, s.KH, s.DilationH, s.StrideH, s.PadTop),
		gradAxes(s.W, s.KW, s.DilationW, s.StrideW, s.PadLeft))
	return d
}

// prepare lists the segments of the outputs that the axes describe, from an image
// of h rows and w columns to one of outW columns.
func (d *direct) prepare(s ConvShape, transposed bool, h, w, outW int, rows, columns []axis) {
	d.set = panelsFor(d.outputs)
	d.panels = d.outputs / d.set.width
	d.panelPacker = newPanelPacker(s, d.set.width, transposed)
	d.split.steps = partOfWeights / (Block * d.set.width)
	b := segmentBuilder{direct: d, h: h, w: w, outW: outW, kw: s.KW, lists: map[[6]int][]panelStep{}}
	if isPoint(rows) && isPoint(columns) && d.sizeX == d.sizeY {
		// One tap and no border: the image is one row.
		b.w, columns[0].n, b.h, rows[0].n = h*w, h*w, 1, 1
	}
	for i := range rows {
		for j := range columns {
			b.add(&rows[i], &columns[j], [2]int{i, j})
		}
	}
	d.chooseSplit()
	d.piece = d.compute
}

// isPoint reports whether outputs are inputs, one by one.
func isPoint(axes []axis) bool {
	return len(axes) == 1 && len(axes[0].lead) == 1 && axes[0].lead[0] == 0 && axes[0].step == 1 && axes[0].to == 1
}

// A segmentBuilder makes the list of segments.
type segmentBuilder struct {
	*direct
	h, w, outW, kw int
	lists          map[[6]int][]panelStep // by axes and by the taps inside
}

// longestSegment is how many tiles of the most pixels a segment has at most, so that
// the work can be cut.
const longestSegment = 8

// add lists the outputs of two axes, rectangle by rectangle of those that have the
// same taps inside.
func (b *segmentBuilder) add(rows, columns *axis, axes [2]int) {
	for i := 0; i < rows.n; {
		endI := rows.run(i, b.h)
		for j := 0; j < columns.n; {
			endJ := columns.run(j, b.w)
			b.addRectangle(rows, columns, axes, i, endI, j, endJ)
			j = endJ
		}
		i = endI
	}
}

// run returns the end of the outputs from i on that have the same taps inside.
func (a *axis) run(i, size int) int {
	first, end := a.inside(i, size)
	for i++; i < a.n; i++ {
		if f, e := a.inside(i, size); f != first || e != end {
			break
		}
	}
	return i
}

// addRectangle cuts a rectangle into rows or, if those would be too short to fill
// a tile, into columns.
func (b *segmentBuilder) addRectangle(rows, columns *axis, axes [2]int, i0, i1, j0, j1 int) {
	firstH, endH := rows.inside(i0, b.h)
	firstW, endW := columns.inside(j0, b.w)
	var steps []panelStep
	parts := 1
	if firstH < endH && firstW < endW {
		steps = b.steps(rows, columns, [6]int{axes[0], axes[1], firstH, endH, firstW, endW})
		parts = ceilDiv(len(steps), b.split.steps)
	}
	add := func(i, j, pixels, pixelX, pixelY int) {
		s := segment{y: Block * ((rows.from+i*rows.to)*b.outW + columns.from + j*columns.to),
			pixels: pixels, pixelX: 4 * Block * pixelX, pixelY: 4 * Block * pixelY, steps: steps, parts: parts}
		if steps != nil {
			s.x = Block * ((i*rows.step+rows.lead[firstH])*b.w + j*columns.step + columns.lead[firstW])
		}
		b.segments = append(b.segments, s)
	}
	longest := longestSegment * b.set.most()
	if height, width := i1-i0, j1-j0; width < min(height, b.set.most()/2+1) {
		for i := i0; i < i1; i += longest {
			for j := j0; j < j1; j++ {
				add(i, j, min(longest, i1-i), rows.step*b.w, rows.to*b.outW)
			}
		}
		return
	}
	for i := i0; i < i1; i++ {
		for j := j0; j < j1; j += longest {
			add(i, j, min(longest, j1-j), columns.step, columns.to)
		}
	}
}

// steps returns the list for some taps, relative to the first of them.
func (b *segmentBuilder) steps(rows, columns *axis, key [6]int) []panelStep {
	if list, ok := b.lists[key]; ok {
		return list
	}
	var list []panelStep
	firstH, endH, firstW, endW := key[2], key[3], key[4], key[5]
	for c := range b.inputs {
		for i := firstH; i < endH; i++ {
			for j := firstW; j < endW; j++ {
				x := Block * ((rows.lead[i]-rows.lead[firstH])*b.w + columns.lead[j] - columns.lead[firstW])
				tap := rows.taps[i]*b.kw + columns.taps[j]
				list = append(list, panelStep{int64(4 * (x + c*b.sizeX)), int64(4 * b.stepAt(tap, c))})
			}
		}
	}
	b.lists[key] = list
	return list
}

// directSplit is how the work is cut into pieces: blocks of images, of panels
// (through all groups) and of segments. Within a piece the panels pass by some
// segments together, whose part of the input then stays in the cache, and within
// a panel the parts of its weights.
type directSplit struct {
	images, panels, segments int // counts of blocks
	together                 int // segments
	steps, parts             int // steps of a part at most, parts at most
}

// partOfWeights is how many values of the weights of a panel are taken at once:
// half of a first-level cache.
const partOfWeights = 16 << 10 / 4

// chooseSplit makes 16 pieces or more where there is work for them: enough for
// many cores, with little waiting at the end.
func (d *direct) chooseSplit() {
	const (
		enough  = 16
		cached  = 256 << 10 / 4 // values of weights: half a second-level cache
		passing = 96            // pixels that make reading all weights worth it
	)
	c := &d.split
	c.images, c.panels, c.parts = d.n, 1, 1
	panels, pixels := d.groups*d.panels, 0
	for i := range d.segments {
		pixels += d.segments[i].pixels
		c.parts = max(c.parts, d.segments[i].parts)
	}
	if d.packedLen() > cached {
		c.panels = panels
		c.images = min(d.n, ceilDiv(enough, panels))
	}
	c.segments = min(len(d.segments), ceilDiv(enough, c.panels*c.images))
	if c.together = len(d.segments); c.panels == 1 {
		c.together = ceilDiv(passing*len(d.segments), pixels)
	}
}

func (d *direct) name() string {
	if d.taps == 1 {
		return "1x1"
	}
	return "direct"
}

func (d *direct) run(y, x, packed []float32, e Epilogue) {
	d.x, d.y, d.weights, d.epilogue = x, y, packed, e
	Parallel(d.split.images*d.split.panels*d.split.segments, d.piece)
	d.x, d.y, d.weights, d.epilogue = nil, nil, nil, Epilogue{}
}

func (d *direct) runOnce(y, x, w []float32, e Epilogue) { packAndRun(d, y, x, w, e) }

// compute computes one piece.
func (d *direct) compute(piece int) {
	t := panelArgsPool.take()
	defer releasePanel(t)
	t.blockY = 4 * d.sizeY
	c, panels := &d.split, d.groups*d.panels
	i, p, n := piece%c.segments, piece/c.segments%c.panels, piece/c.segments/c.panels
	for image := n * d.n / c.images; image < (n+1)*d.n/c.images; image++ {
		segments := d.segments[i*len(d.segments)/c.segments : (i+1)*len(d.segments)/c.segments]
		for len(segments) > 0 {
			run := segments[:min(c.together, len(segments))]
			for panel := p * panels / c.panels; panel < (p+1)*panels/c.panels; panel++ {
				d.computeRun(t, run, image, panel)
			}
			segments = segments[len(run):]
		}
	}
}

// computeRun computes the pixels of some segments of an image for one panel, part
// by part of the weights, so that each part is read from the first-level cache
// by all tiles but the first. The first part of a segment comes with the bias and
// the residual, the last with the ReLU.
func (d *direct) computeRun(t *panelArgs, run []segment, n, panel int) {
	channel := panel * d.set.width // through all groups
	x := d.x[(n*d.groups+panel/d.panels)*d.inputs*d.sizeX:]
	y := (n*d.groups*d.outputs + channel) / Block * d.sizeY
	t.w = unsafe.SliceData(d.panel(panel))
	next := d.nextPanel()
	for part := range d.split.parts {
		for i := range run {
			s := &run[i]
			if part >= s.parts {
				continue
			}
			t.pixelX, t.pixelY = s.pixelX, s.pixelY
			t.target(d.y, d.epilogue, y+s.y, channel)
			if len(s.steps) == 0 {
				t.withoutTaps(s.pixels, d.set.width)
				continue
			}
			if part > 0 {
				t.bias, t.residual = nil, t.y
			}
			if part < s.parts-1 {
				t.flags = 0
			}
			steps := s.steps[part*len(s.steps)/s.parts : (part+1)*len(s.steps)/s.parts]
			t.x, t.steps, t.depth = &x[s.x], &steps[0], len(steps)
			if t.ahead = 0; i == 0 {
				t.ahead = next + int(steps[0].w)
			}
			d.set.compute(t, s.pixels)
		}
	}
}

// nextPanel returns how many bytes after the weights of a panel those lie that the
// same core is likely to need next, which it fetches meanwhile: the weights of a
// network do not stay in the cache from one run to the next.
func (d *direct) nextPanel() int {
	size := 4 * d.taps * d.in * d.width
	if d.split.panels == 1 {
		return size
	}
	return size * runtime.GOMAXPROCS(0)
}

// compute computes so many pixels in tiles of nearly equal size.
func (s *panelSet) compute(t *panelArgs, pixels int) {
	tiles := ceilDiv(pixels, s.most())
	size, larger := pixels/tiles, pixels%tiles
	if larger > 0 {
		s.tiles(t, larger, size+1)
		t.x = (*float32)(unsafe.Add(unsafe.Pointer(t.x), larger*t.nextX))
		t.y = (*float32)(unsafe.Add(unsafe.Pointer(t.y), larger*t.nextY))
		if t.residual != nil {
			t.residual = (*float32)(unsafe.Add(unsafe.Pointer(t.residual), larger*t.nextY))
		}
	}
	s.tiles(t, tiles-larger, size)
}

// tiles computes so many tiles of so many pixels.
func (s *panelSet) tiles(t *panelArgs, tiles, pixels int) {
	t.tiles, t.nextX, t.nextY = tiles, pixels*t.pixelX, pixels*t.pixelY
	s.kernels[pixels-1].run(t)
}

// target sets where the results begin, with what is added to them.
func (t *panelArgs) target(y []float32, e Epilogue, at, channel int) {
	t.y = &y[at]
	t.bias, t.residual, t.flags = nil, nil, 0
	if e.Bias != nil {
		t.bias = &e.Bias[channel]
	}
	if e.Residual != nil {
		t.residual = &e.Residual[at]
	}
	if e.ReLU {
		t.flags = flagReLU
	}
}

// withoutTaps is the panel kernel for pixels that no tap reaches.
func (t *panelArgs) withoutTaps(pixels, width int) {
	t.depth = 0
	for p := range pixels {
		for b := range width / Block {
			t.pixel(0, p*t.pixelY+b*t.blockY, b, width, 0)
		}
	}
}

var panelArgsPool spares[panelArgs]

// releasePanel gives arguments back, without what they point to.
func releasePanel(t *panelArgs) {
	*t = panelArgs{}
	panelArgsPool.put(t)
}
