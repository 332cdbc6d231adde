package kernel

import "sync"

// A sweep takes a batch through one or more correlations: it lays out each
// image and computes its output. It owns the scratch memory.
type sweep struct {
	field     *field
	phases    []sweepPhase // those of a row of pixels side by side
	columns   int          // phases in a row
	n         int          // images
	h, w      int          // of the output
	direct    bool         // one phase, which is the output itself
	pointwise bool         // pixels are taken from the source as they are
	split     split

	src      []float32
	to       target
	images   []float32   // all images laid out, if they are shared by the pieces
	scratch  scratchPool // one image laid out, or some of its pixels
	partial  scratchPool // outputs of a row of phases before they are merged
	layPiece func(int)
	piece    func(int)
}

// A sweepPhase computes every step-th output pixel from (fromH, fromW) on.
type sweepPhase struct {
	*correlation
	fromH, stepH, fromW, stepW int
}

// split is how a sweep is cut into pieces.
type split struct {
	shared                bool // lay out all images first, else each piece its own
	images, panels, tiles int  // counts of blocks
}

func newSweep(f *field, phases []sweepPhase, columns, n, h, w int) *sweep {
	s := &sweep{field: f, phases: phases, columns: columns, n: n, h: h, w: w}
	s.direct = len(phases) == 1 && phases[0].h == h && phases[0].w == w
	s.split = s.chooseSplit()
	s.pointwise = s.direct && s.split.panels == 1 && phases[0].packTiles()
	switch {
	case s.pointwise:
		s.scratch.size = phases[0].packedSize()
	case s.split.shared:
		s.images = make([]float32, n*f.image()+f.slack)
	default:
		s.scratch.size = f.image() + f.slack
	}
	for _, p := range phases {
		s.partial.size = max(s.partial.size, columns*p.outputs())
	}
	s.layPiece, s.piece = s.layChannel, s.computePiece
	return s
}

// chooseSplit cuts by image where there are images enough for many cores and
// the weights fit into the cache beside one. Else all pieces share the images:
// they take blocks of panels, if the weights are large, or else of tiles.
func (s *sweep) chooseSplit() split {
	const enough, images = 16, 8
	weights, panels, tiles := 0, 1, 1
	for _, p := range s.phases {
		weights += len(p.weights)
		panels = max(panels, p.panels*p.groups)
		tiles = max(tiles, p.tiles.count)
	}
	if s.n >= images && weights <= panelFirst {
		return split{images: s.n, panels: 1, tiles: 1}
	}
	c := split{shared: true, images: s.n, panels: 1, tiles: 1}
	if weights > panelFirst {
		const cached = 700 << 10 / 4 // values of a block of images, a third of a large second-level cache
		c.images = ceilDiv(s.n, max(1, cached/s.field.image()))
	} else if s.direct {
		c.tiles = min(tiles, ceilDiv(enough, c.images))
	}
	c.panels = min(panels, ceilDiv(enough, c.images*c.tiles))
	return c
}

// run computes the output planes of all images.
func (s *sweep) run(src []float32, to target, work int) {
	s.src, s.to = src, to
	pieces := s.split.images * s.split.panels * s.split.tiles
	if s.split.shared && !s.pointwise {
		s.parallel(s.n*s.field.channels, work, s.layPiece)
	}
	s.parallel(pieces, work, s.piece)
	s.src, s.to = nil, target{}
}

// parallel runs the pieces on all cores unless there is too little work (in
// multiplications) to wake them for.
func (s *sweep) parallel(pieces, work int, f func(int)) {
	if work < 1<<16 {
		for i := range pieces {
			f(i)
		}
		return
	}
	Parallel(pieces, f)
}

// layChannel lays out one channel of one image of the batch.
func (s *sweep) layChannel(i int) {
	f := s.field
	at := i/f.channels*f.image() + i%f.channels*f.channel()
	f.lay(s.images[at:][:f.channel()], s.src[i*f.h*f.w:][:f.h*f.w])
}

// layImage lays out an image in memory of the piece's own.
func (s *sweep) layImage(dst []float32, n int) {
	f := s.field
	for c := range f.channels {
		f.lay(dst[c*f.channel():][:f.channel()], s.src[(n*f.channels+c)*f.h*f.w:][:f.h*f.w])
	}
}

func (s *sweep) computePiece(piece int) {
	t := tileArgsPool.take()
	defer t.release()
	c := &s.split
	tile, panel, block := piece%c.tiles, piece/c.tiles%c.panels, piece/c.tiles/c.panels
	switch {
	case s.pointwise:
		for n := block * s.n / c.images; n < (block+1)*s.n/c.images; n++ {
			s.computePoints(t, n, tile)
		}
	case c.shared:
		panels := s.phases[0].panels * s.phases[0].groups
		for n := block * s.n / c.images; n < (block+1)*s.n/c.images; n++ {
			for row := 0; row < len(s.phases); row += s.columns {
				s.compute(t, row, s.images[n*s.field.image():], n, panel*panels/c.panels, (panel+1)*panels/c.panels, tile)
			}
		}
	default:
		s.computeImage(t, block)
	}
}

// computePoints computes a block of tiles from the source itself.
func (s *sweep) computePoints(t *tileArgs, n, tile int) {
	p := s.phases[0]
	pixels := s.scratch.take()
	defer s.scratch.put(pixels)
	size := s.field.channels * s.field.h * s.field.w
	to := s.to.image(n, p.outputs())
	p.points(t, s.src[n*size:][:size], pixels, &to, tile*p.tiles.count/s.split.tiles, (tile+1)*p.tiles.count/s.split.tiles)
}

// computeImage lays out an image and computes all of its output.
func (s *sweep) computeImage(t *tileArgs, n int) {
	image := s.scratch.take()
	defer s.scratch.put(image)
	s.layImage(image, n)
	for row := 0; row < len(s.phases); row += s.columns {
		s.compute(t, row, image, n, 0, s.phases[0].panels*s.phases[0].groups, 0)
	}
}

// compute computes a block of tiles of the phases of one row for some panels.
func (s *sweep) compute(t *tileArgs, row int, image []float32, n, panel0, panel1, tile int) {
	to := s.to.image(n, s.phases[0].groups*s.phases[0].m*s.h*s.w)
	if p := &s.phases[row]; s.direct && len(p.off) > 0 {
		p.work(t, image, &to, panel0, panel1, tile*p.tiles.count/s.split.tiles, (tile+1)*p.tiles.count/s.split.tiles)
		return
	}
	if s.phases[row].h == 0 {
		return
	}
	y := to.y
	partial := s.partial.take()
	defer s.partial.put(partial)
	size := s.partial.size / s.columns
	for i := range s.columns {
		p := &s.phases[row+i]
		if to.y = partial[i*size:][:p.outputs()]; len(p.off) == 0 {
			clear(to.y)
		} else if p.w > 0 {
			p.work(t, image, &to, panel0, panel1, 0, p.tiles.count)
		}
	}
	for panel := panel0; panel < panel1; panel++ {
		s.merge(y, partial, s.phases[row:row+s.columns], panel)
	}
}

// merge takes the rows of a panel's planes together from the columns' phases.
func (s *sweep) merge(y, partial []float32, phases []sweepPhase, panel int) {
	p := &phases[0]
	size := s.partial.size / s.columns
	first := panel / p.panels * p.m
	row := panel % p.panels * p.class.rows
	for plane := first + row; plane < first+min(row+p.class.rows, p.m); plane++ {
		for i := range p.h {
			to := y[(plane*s.h+p.fromH+i*p.stepH)*s.w:][:s.w]
			mergeRow(to, phases, func(c int) []float32 {
				return partial[c*size+(plane*p.h+i)*phases[c].w:][:phases[c].w]
			})
		}
	}
}

// mergeRow fills a row from the rows that the phases have computed.
func mergeRow(to []float32, phases []sweepPhase, row func(phase int) []float32) {
	if len(phases) == 2 {
		even := phases[0].fromW // the phase that has pixel 0
		interleave(to, row(even), row(1-even))
		return
	}
	for c := range phases {
		from, step := phases[c].fromW, phases[c].stepW
		for j, v := range row(c) {
			to[from+j*step] = v
		}
	}
}

// A scratchPool keeps slices of one size. They begin as zeros and are handed
// out as they came back.
type scratchPool struct {
	size int
	mu   sync.Mutex
	idle [][]float32
}

func (p *scratchPool) take() []float32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return make([]float32, p.size)
	}
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s
}

func (p *scratchPool) put(s []float32) {
	p.mu.Lock()
	p.idle = append(p.idle, s)
	p.mu.Unlock()
}
