package kernel

// entry computes convolutions that lead from planar images to blocked ones: the
// first layer of a network, whose few channels make no block. Rows of the window
// take the place of blocks of channels. A piece of the work copies the rows of
// the image that it reads, with zeros on both sides; rows of the window that are
// outside the image are left out.
type entry struct {
	ConvShape
	oh, ow  int
	panels  *panelSet
	outer   *outerSet
	run     int           // taps of a step: KW, or 1
	pitch   int           // of a row of the copy
	band    int           // output rows of a piece
	bands   int           // of an image
	rows    int           // of a channel in the copy
	weights []float32     // [panel][channel][kh][kw][Block]
	steps   [][]panelStep // of each output row
	chunks  int           // of bands, each with sums of its own, for the weight gradient
	sums    []float32     // [chunk][panel][channel][kh][kw][Block]
	scratch scratchPool
	input   *entryInput // nil until it is needed

	x, y, w                              []float32
	epilogue                             Epilogue
	packOne, bandOne, chunkOne, storeOne func(int)
}

func newEntry(s ConvShape) *entry {
	e := &entry{ConvShape: s}
	e.oh, e.ow = s.Out()
	e.panels, e.outer = rowKernels(s.KW)
	if s.DilationW != 1 {
		e.panels, e.outer = rowKernels(1)
	}
	e.run = e.panels.run
	e.pitch = (e.ow-1)*s.StrideW + s.spanW()
	const values = 16 << 10 // of the copy, which then stays in the cache
	perRow := s.C * e.pitch * s.StrideH
	e.band = max(1, min(ceilDiv(e.oh, 4), values/perRow))
	e.bands = ceilDiv(e.oh, e.band)
	e.rows = (e.band-1)*s.StrideH + s.spanH()
	e.weights = make([]float32, s.weightLen())
	e.scratch.size = s.C * e.rows * e.pitch
	e.packOne, e.bandOne, e.chunkOne, e.storeOne = e.packPanel, e.computeBand, e.computeChunk, e.storePanel
	lists := map[[2]int][]panelStep{}
	for i := range e.oh {
		first, end := e.inside(i)
		key := [2]int{first, end}
		if lists[key] == nil {
			lists[key] = e.list(first, end)
		}
		e.steps = append(e.steps, lists[key])
	}
	return e
}

func (e *entry) name(Pass) string { return "direct" }

// inside returns the rows of the window that are in the image at output row i.
func (e *entry) inside(i int) (first, end int) {
	top := i*e.StrideH - e.PadTop
	first = min(e.KH, ceilDiv(max(-top, 0), e.DilationH))
	return first, max(first, min(e.KH, ceilDiv(max(e.H-top, 0), e.DilationH)))
}

// list returns the steps for rows [first, end) of the window; places in x are
// relative to the row of tap 0 in the copy.
func (e *entry) list(first, end int) []panelStep {
	var list []panelStep
	for c := range e.C {
		for kh := first; kh < end; kh++ {
			for kw := 0; kw < e.KW; kw += e.run {
				x := (c*e.rows+kh*e.DilationH)*e.pitch + kw*e.DilationW
				list = append(list, panelStep{int64(4 * x), int64(4 * Block * ((c*e.KH+kh)*e.KW + kw))})
			}
		}
	}
	return list
}

func (e *entry) pack(w []float32) {
	e.w = w
	Parallel(e.K/Block, e.packOne)
	e.w = nil
}

// compute packs into the plan's own memory: first layers have few weights.
func (e *entry) compute(y, x, w []float32, epilogue Epilogue) {
	e.pack(w)
	e.forward(y, x, epilogue)
}

func (e *entry) packPanel(panel int) {
	depth := e.C * e.KH * e.KW
	transposeBand(e.weights[panel*depth*Block:], Block, e.w[panel*Block*depth:], depth, Block, depth)
}

func (e *entry) forward(y, x []float32, epilogue Epilogue) {
	e.x, e.y, e.epilogue = x, y, epilogue
	Parallel(e.N*e.bands, e.bandOne)
	e.x, e.y, e.epilogue = nil, nil, Epilogue{}
}

// copyRows copies what the window meets over output rows [first, end) of image
// n, zeros on both sides; the rest of dst is zeros from the beginning.
func (e *entry) copyRows(dst []float32, n, first, end int) {
	top := first*e.StrideH - e.PadTop
	from, to := max(top, 0), min((end-1)*e.StrideH-e.PadTop+e.spanH(), e.H)
	width := min(e.W, e.pitch-e.PadLeft)
	if from >= to || width <= 0 {
		return
	}
	for c := range e.C {
		src := e.x[((n*e.C+c)*e.H+from)*e.W:]
		layRows(dst[(c*e.rows+from-top)*e.pitch+e.PadLeft:], src, to-from, width, 1, e.pitch, e.W)
	}
}

func (e *entry) computeBand(piece int) {
	n, first := piece/e.bands, piece%e.bands*e.band
	end := min(first+e.band, e.oh)
	image := e.scratch.take()
	defer e.scratch.put(image)
	e.copyRows(image, n, first, end)
	t := panelArgsPool.take()
	defer releasePanel(t)
	size := e.oh * e.ow * Block
	depth := e.C * e.KH * e.KW * Block
	t.pixelX, t.pixelY = 4*e.StrideW, 4*Block
	for panel := range e.K / Block {
		for i := first; i < end; i++ {
			at := (n*e.K/Block+panel)*size + i*e.ow*Block
			t.target(e.y, e.epilogue, at, panel*Block)
			steps := e.steps[i]
			if len(steps) == 0 {
				t.withoutTaps(e.ow, Block)
				continue
			}
			t.x, t.w = &image[(i-first)*e.StrideH*e.pitch], &e.weights[panel*depth]
			t.steps, t.depth = &steps[0], len(steps)
			e.panels.compute(t, e.ow)
		}
	}
}

func (e *entry) inputGrad(dx, dy, w, bias []float32) {
	if e.input == nil {
		e.input = newEntryInput(e.ConvShape)
	}
	e.input.run(dx, dy, w, bias)
}

func (e *entry) weightGrad(dw, x, dy []float32) {
	if e.sums == nil {
		const enough = 16
		e.chunks = min(enough, e.N*e.bands)
		e.sums = make([]float32, e.chunks*e.weightLen())
	}
	e.x, e.y, e.w = x, dy, dw
	Parallel(e.chunks, e.chunkOne)
	Parallel(e.K/Block, e.storeOne)
	e.x, e.y, e.w = nil, nil, nil
}

// computeChunk adds up the bands of a chunk.
func (e *entry) computeChunk(chunk int) {
	sums := e.sums[chunk*e.weightLen():][:e.weightLen()]
	clear(sums)
	image := e.scratch.take()
	defer e.scratch.put(image)
	t := outerArgsPool.take()
	defer releaseOuter(t)
	t.pixelX, t.pixelY, t.rowX, t.rowY = 4*e.StrideW, 4*Block, 4*e.StrideH*e.pitch, 4*e.ow*Block
	t.pixels = e.ow
	for i := chunk * e.N * e.bands / e.chunks; i < (chunk+1)*e.N*e.bands/e.chunks; i++ {
		n, first := i/e.bands, i%e.bands*e.band
		end := min(first+e.band, e.oh)
		e.copyRows(image, n, first, end)
		for panel := range e.K / Block {
			e.addBand(t, sums, image, n, panel, first, end)
		}
	}
}

// addBand adds what output rows [first, end) bring to the sums of a panel.
func (e *entry) addBand(t *outerArgs, sums, image []float32, n, panel, first, end int) {
	for kh := range e.KH {
		h0, h1 := reach(e.oh, e.H, e.StrideH, kh*e.DilationH-e.PadTop)
		if h0, h1 = max(h0, first), min(h1, end); h0 >= h1 {
			continue
		}
		t.rows = h1 - h0
		t.y = &e.y[((n*e.K/Block+panel)*e.oh+h0)*e.ow*Block]
		for c := range e.C {
			for kw := 0; kw < e.KW; kw += e.run {
				t.x = &image[(c*e.rows+(h0-first)*e.StrideH+kh*e.DilationH)*e.pitch+kw*e.DilationW]
				t.sums = &sums[(((panel*e.C+c)*e.KH+kh)*e.KW+kw)*Block]
				e.outer.kernel.run(t)
			}
		}
	}
}

// storePanel adds up the chunks of a panel and writes its gradients.
func (e *entry) storePanel(panel int) {
	depth := e.C * e.KH * e.KW
	sums := e.sums[panel*depth*Block:][:depth*Block]
	for chunk := 1; chunk < e.chunks; chunk++ {
		for i, v := range e.sums[chunk*e.weightLen()+panel*depth*Block:][:depth*Block] {
			sums[i] += v
		}
	}
	transposeBand(e.w[panel*Block*depth:], depth, sums, Block, depth, Block)
}
