package kernel

// halfTaps is the size of the window that Winograd's algorithm is used for where
// the stride is two: half of it in each phase.
const halfTaps = 4

// halvesFit reports whether Winograd's algorithm can compute s, of stride two.
func halvesFit(s ConvShape) bool {
	return s.KH == halfTaps && s.KW == halfTaps && s.StrideH == 2 && s.StrideW == 2 && s.DilationH == 1 && s.DilationW == 1 &&
		s.Groups == 1 && s.C%Block == 0 && s.K%Block == 0 && min(s.H, s.W) > 1 &&
		max(s.PadTop, s.PadLeft, s.PadBottom, s.PadRight) < halfTaps
}

// downGrids returns the grids of tiles of the input, one for each phase, and of the
// output.
func downGrids(s ConvShape, f *winoKernels) (x []winoGrid, y winoGrid) {
	oh, ow := s.Out()
	th, tw := ceilDiv(oh, f.m), ceilDiv(ow, f.m)
	for phase := range f.stride * f.stride {
		x = append(x, newWinoGrid(s.H, s.W, th, tw, f.m, f.size(), f.stride, s.PadTop-phase/f.stride, s.PadLeft-phase%f.stride))
	}
	return x, newWinoGrid(oh, ow, th, tw, f.m, f.m, 1, 0, 0)
}

// newHalves returns a plan for the forward pass of a shape that halvesFit.
func newHalves(s ConvShape) *winograd {
	p := &winograd{n: s.N, c: 4 * s.C, k: s.K, kernels: &halvesSets.get().down}
	p.x, p.y = downGrids(s, p.kernels)
	return p.prepared()
}

// newHalvesWeights returns a plan for the gradient of the weights of a shape that
// halvesFit.
func newHalvesWeights(s ConvShape) *winogradWeights {
	p := &winogradWeights{c: 4 * s.C, k: s.K, kernels: &halvesSets.get().down}
	p.x, p.y = downGrids(s, p.kernels)
	return p.prepared(s.N)
}

// halvesInput computes the gradient of the input of a convolution of stride two:
// a convolution for each phase, to every second row and column.
type halvesInput [4]*winograd

// newHalvesInput returns a plan for a shape that halvesFit.
func newHalvesInput(s ConvShape) *halvesInput {
	oh, ow := s.Out()
	f := &halvesSets.get().up
	rows := gradPhases(s.H, s.KH, s.DilationH, s.StrideH, s.PadTop)
	columns := gradPhases(s.W, s.KW, s.DilationW, s.StrideW, s.PadLeft)
	h := new(halvesInput)
	for i := range h {
		r, c := rows[i/f.stride], columns[i%f.stride]
		p := &winograd{n: s.N, c: s.K, k: s.C, flipped: true, kernels: f}
		// The last tap of a phase comes first in the window turned round.
		p.first = (s.KH-1-r.taps[1])*s.KW + s.KW - 1 - c.taps[1]
		th, tw := ceilDiv(r.n, f.m), ceilDiv(c.n, f.m)
		p.x = []winoGrid{newWinoGrid(oh, ow, th, tw, f.m, f.size(), 1, -r.lead[1], -c.lead[1])}
		p.y = newWinoGrid(s.H, s.W, th, tw, f.m, f.m, f.stride, -r.from, -c.from)
		h[i] = p.prepared()
	}
	return h
}

func (h *halvesInput) name() string { return h[0].name() }

func (h *halvesInput) packedLen() (n int) {
	for _, p := range h {
		n += p.packedLen()
	}
	return n
}

func (h *halvesInput) pack(packed, w []float32) {
	for _, p := range h {
		n := p.packedLen()
		p.pack(packed[:n], w)
		packed = packed[n:]
	}
}

func (h *halvesInput) run(y, x, packed []float32, e Epilogue) {
	for _, p := range h {
		n := p.packedLen()
		p.run(y, x, packed[:n], e)
		packed = packed[n:]
	}
}

func (h *halvesInput) runOnce(y, x, w []float32, e Epilogue) {
	for _, p := range h {
		p.runOnce(y, x, w, e)
	}
}
