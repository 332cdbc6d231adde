package kernel

import "sync"

// A sweep takes a batch through one or more correlations: it lays out each
// image and computes its output. It owns the scratch memory.
type sweep struct {
	field  *field
	phases []sweepPhase
	n      int  // images
	h, w   int  // of the output
	direct bool // one phase, which is the output itself
	split  split

	src      []float32
	to       target
	images   []float32 // all images laid out, if they are shared by the pieces
	scratch  scratchPool
	partial  scratchPool // outputs of a phase before they are spread
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

func newSweep(f *field, phases []sweepPhase, n, h, w int) *sweep {
	s := &sweep{field: f, phases: phases, n: n, h: h, w: w}
	s.direct = len(phases) == 1 && phases[0].h == h && phases[0].w == w
	s.split = s.chooseSplit()
	s.scratch.size = f.image() + f.slack
	if s.split.shared {
		s.images = make([]float32, n*f.image()+f.slack)
	}
	for _, p := range phases {
		s.partial.size = max(s.partial.size, p.groups*p.m*p.h*p.w)
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
	if s.split.shared {
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
	f.lay(s.images[i*f.channel():][:f.channel()], s.src[i*f.h*f.w:][:f.h*f.w])
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
	for i := range s.phases {
		p := &s.phases[i]
		panels := p.panels * p.groups
		panel0, panel1 := panel*panels/c.panels, (panel+1)*panels/c.panels
		tile0, tile1 := tile*p.tiles.count/c.tiles, (tile+1)*p.tiles.count/c.tiles
		if c.shared {
			s.computeBlock(t, p, block*s.n/c.images, (block+1)*s.n/c.images, panel0, panel1, tile0, tile1)
		}
	}
	if !c.shared {
		s.computeImage(t, block)
	}
}

// computeImage lays out an image and computes all of its output.
func (s *sweep) computeImage(t *tileArgs, n int) {
	image := s.scratch.take()
	defer s.scratch.put(image)
	s.layImage(image, n)
	for i := range s.phases {
		p := &s.phases[i]
		s.compute(t, p, image, n, 0, p.panels*p.groups, 0, p.tiles.count)
	}
}

// computeBlock computes images [n0, n1), with the weights in the outer loop if
// they are large.
func (s *sweep) computeBlock(t *tileArgs, p *sweepPhase, n0, n1, panel0, panel1, tile0, tile1 int) {
	step := panel1 - panel0
	if len(p.weights) > panelFirst {
		step = 1
	}
	for panel := panel0; panel < panel1; panel += step {
		for n := n0; n < n1; n++ {
			s.compute(t, p, s.images[n*s.field.image():], n, panel, panel+step, tile0, tile1)
		}
	}
}

func (s *sweep) compute(t *tileArgs, p *sweepPhase, image []float32, n, panel0, panel1, tile0, tile1 int) {
	if p.h <= 0 || p.w <= 0 {
		return
	}
	size := p.groups * p.m * s.h * s.w
	to := s.to
	to.y = to.y[n*size:][:size]
	if to.residual != nil {
		to.residual = to.residual[n*size:][:size]
	}
	if s.direct && len(p.off) > 0 {
		p.work(t, image, &to, panel0, panel1, tile0, tile1)
		return
	}
	y := to.y
	to.y = s.partial.take()
	defer s.partial.put(to.y)
	if len(p.off) > 0 {
		p.work(t, image, &to, panel0, panel1, tile0, tile1)
	} else {
		clear(to.y)
	}
	for panel := panel0; panel < panel1; panel++ {
		p.spread(y, to.y, panel, s.h, s.w)
	}
}

// spread copies what a panel has computed to where it belongs among the pixels
// of the other phases.
func (p *sweepPhase) spread(y, partial []float32, panel, h, w int) {
	row := panel % p.panels * p.class.rows
	for m := row; m < min(row+p.class.rows, p.m); m++ {
		plane := panel/p.panels*p.m + m
		for i := range p.h {
			from := partial[(plane*p.h+i)*p.w:][:p.w]
			to := y[(plane*h+p.fromH+i*p.stepH)*w+p.fromW:]
			for j, v := range from {
				to[j*p.stepW] = v
			}
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
