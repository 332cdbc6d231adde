package kernel

import "unsafe"

// LSTM is the plan of a layer of LSTM as torch.nn.LSTM has it (Hochreiter and
// Schmidhuber 1997; with the forget gate of Gers et al. 1999): sequences x (N, T,
// In), states h and c (N, Hidden), weights W_ih (4*Hidden, In) and W_hh (4*Hidden,
// Hidden) with the gates in the order i, f, g, o.
//
//	i, f, o = sigmoid(W_ih x + b_ih + W_hh h + b_hh), g = tanh(the same of its own)
//	c = f*c + i*g
//	h = o*tanh(c)
//
// What belongs to a step lies in blocks of 16 units, (blocks, N, 16), the gates of
// the same units side by side: so the products of a step are those of the panel
// kernels, for a block of units and its four gates, and the block is finished while
// it is in the cache. Units beyond Hidden, and inputs beyond In, are zero.
//
// A plan is used by one goroutine at a time.
type LSTM struct {
	N, T, In, Hidden int

	units, inputs int        // blocks
	gate          lstmPanels // from h, or x, to the gates of all units
	back, toInput lstmPanels // from the gradients of the gates to those of h, and of x

	lstmCall
	blockX, projectX, stepping, weigh         func(int)
	stepBack, projectBack, unblockDX, sumBias func(int)
}

// lstmCall is what a call works on.
type lstmCall struct {
	saved, packed, x, xb []float32
	dy, dhn              []float32
	dz, dc, dx, dw       []float32
	from                 []float32 // blocks that the gradients of the gates are multiplied with, for those of weights
	fromStep, fromBlocks int       // values between two steps, and blocks
	columns              int       // of the weights
	t                    int
}

// lstmPanels are the products of a step with some weights: from so many blocks to
// panels of channels.
type lstmPanels struct {
	set    *panelSet
	depth  int // blocks
	panels int
	steps  []panelStep
	most   int // pixels of the larger tiles; there are large of them, and small with one pixel less
	large  int
	small  int
}

func newLSTMPanels(n, depth, channels, width int) lstmPanels {
	p := lstmPanels{set: panelsFor(width), depth: depth}
	p.panels = channels / p.set.width
	for i := range depth {
		p.steps = append(p.steps, panelStep{x: int64(i * n * 4 * Block), w: int64(i * Block * p.set.width * 4)})
	}
	tiles := ceilDiv(n, p.set.most())
	p.most = ceilDiv(n, tiles)
	p.small = tiles*p.most - n
	p.large = tiles - p.small
	return p
}

// weights is the length of a panel's weights.
func (p *lstmPanels) weights() int { return p.depth * Block * p.set.width }

// run computes y = x * w + bias, or += where y is also the residual, for a panel:
// x (depth, N, 16), y (width/16, N, 16).
func (p *lstmPanels) run(y, x, w, bias []float32, n int, add bool) {
	t := panelArgsPool.take()
	*t = panelArgs{
		x: unsafe.SliceData(x), steps: unsafe.SliceData(p.steps), depth: p.depth, w: unsafe.SliceData(w),
		pixelX: 4 * Block, pixelY: 4 * Block, blockY: 4 * Block * n, y: unsafe.SliceData(y), tiles: p.large,
	}
	if bias != nil {
		t.bias = unsafe.SliceData(bias)
	}
	if add {
		t.residual = t.y
	}
	t.nextX, t.nextY = 4*Block*p.most, 4*Block*p.most
	p.set.kernels[p.most-1].run(t)
	if p.small > 0 {
		done := Block * p.most * p.large
		t.x, t.y, t.tiles = &x[done], &y[done], p.small
		if add {
			t.residual = t.y
		}
		t.nextX, t.nextY = 4*Block*(p.most-1), 4*Block*(p.most-1)
		p.set.kernels[p.most-2].run(t)
	}
	releasePanel(t)
}

// gates is the number of gates of a unit.
const gates = 4

// NewLSTM returns the plan of a layer for the current tier. All sizes are at least
// 1.
func NewLSTM(n, t, in, hidden int) *LSTM {
	l := &LSTM{N: n, T: t, In: in, Hidden: hidden, units: ceilDiv(hidden, Block), inputs: ceilDiv(in, Block)}
	l.gate = newLSTMPanels(n, l.units, gates*l.units*Block, gates*Block)
	l.back = newLSTMPanels(n, gates*l.units, l.units*Block, l.units*Block)
	l.toInput = newLSTMPanels(n, gates*l.units, l.inputs*Block, l.inputs*Block)
	l.blockX, l.projectX, l.stepping = l.blockStep, l.projectPanel, l.stepUnits
	l.stepBack, l.projectBack, l.unblockDX = l.stepPanelBack, l.projectStepBack, l.unblockStep
	l.weigh, l.sumBias = l.weighUnits, l.sumBiases
	return l
}

// wide is the size of a block of units, or inputs, of a step.
func (l *LSTM) wide() int { return l.N * Block }

// SavedLen is the length of what Forward saves: the gates of all steps, and h and c
// of all steps and before the first.
func (l *LSTM) SavedLen() int { return (gates*l.T + 2*(l.T+1)) * l.units * l.wide() }

// gatesOf returns the gates of step t in what was saved, or in their gradients.
func (l *LSTM) gatesOf(s []float32, t int) []float32 {
	size := gates * l.units * l.wide()
	return s[t*size : (t+1)*size]
}

// cellsIn returns c, and hiddenIn h, before step t in what was saved.
func (l *LSTM) cellsIn(s []float32, t int) []float32 {
	size := l.units * l.wide()
	return s[(gates*l.T+t)*size:][:size]
}

func (l *LSTM) hiddenIn(s []float32, t int) []float32 { return l.cellsIn(s, l.T+1+t) }

// Compute is Forward with weights that are packed for this call: b_ih and b_hh may
// be nil.
func (l *LSTM) Compute(saved, x, h0, c0, ih, hh, bih, bhh []float32) {
	packed := scratch.borrow(l.PackedLen())
	l.Pack(packed, ih, hh, bih, bhh)
	l.Forward(saved, x, h0, c0, packed)
	scratch.giveBack(packed)
}

// Forward computes all steps from weights that Pack has packed, and saves what
// Output, State and Backward need.
func (l *LSTM) Forward(saved, x, h0, c0, packed []float32) {
	l.saved, l.x, l.packed = saved, x, packed
	l.xb = scratch.borrow(l.T * l.inputs * l.wide())
	Parallel(l.T, l.blockX)
	l.blockRows(l.hiddenIn(l.saved, 0), h0, l.Hidden, l.Hidden)
	l.blockRows(l.cellsIn(l.saved, 0), c0, l.Hidden, l.Hidden)
	Parallel(gates*l.units*Block/l.gate.set.width, l.projectX)
	scratch.giveBack(l.xb)
	for l.t = 0; l.t < l.T; l.t++ {
		Parallel(l.units, l.stepping)
	}
	l.lstmCall = lstmCall{}
}

// blockStep brings the inputs of step t into blocks.
func (l *LSTM) blockStep(t int) {
	size := l.inputs * l.wide()
	l.blockRows(l.xb[t*size:(t+1)*size], l.x[t*l.In:], l.In, l.T*l.In)
}

// blockRows brings N rows of so many values, that far apart, into blocks.
func (l *LSTM) blockRows(dst, src []float32, size, step int) {
	wide := l.wide()
	for n := range l.N {
		row := src[n*step:][:size]
		for b := 0; b*Block < size; b++ {
			to := dst[b*wide+n*Block:][:Block]
			clear(to[copy(to, row[b*Block:]):])
		}
	}
}

// unblockRows is the way back.
func (l *LSTM) unblockRows(dst []float32, step int, src []float32, size int) {
	wide := l.wide()
	for n := range l.N {
		row := dst[n*step:][:size]
		for b := 0; b*Block < size; b++ {
			copy(row[b*Block:], src[b*wide+n*Block:][:Block])
		}
	}
}

// projectPanel computes what the inputs of all steps bring to a panel of gates.
func (l *LSTM) projectPanel(panel int) {
	p := l.gate
	p.depth, p.steps = l.inputs, l.inputSteps()
	w, bias := l.inputWeights(l.packed, panel), l.biasOf(l.packed, panel)
	at := panel * p.set.width / Block * l.wide()
	for t := range l.T {
		p.run(l.gatesOf(l.saved, t)[at:], l.xb[t*l.inputs*l.wide():], w, bias, l.N, false)
	}
}

// inputSteps are the steps over the blocks of inputs: those over units, or as many
// more as it takes.
func (l *LSTM) inputSteps() []panelStep {
	for i := len(l.gate.steps); i < l.inputs; i++ {
		l.gate.steps = append(l.gate.steps, panelStep{x: int64(i * l.N * 4 * Block), w: int64(i * Block * l.gate.set.width * 4)})
	}
	return l.gate.steps
}

// stepUnits completes step t for a block of units.
func (l *LSTM) stepUnits(u int) {
	z, wide := l.gatesOf(l.saved, l.t)[u*gates*l.wide():], l.wide()
	perUnit := gates * Block / l.gate.set.width
	h := l.hiddenIn(l.saved, l.t)
	for i := range perUnit {
		panel := u*perUnit + i
		l.gate.run(z[i*l.gate.set.width/Block*wide:], h, l.hiddenWeights(l.packed, panel), nil, l.N, true)
	}
	i, f, g, o := z[:wide], z[wide:2*wide], z[2*wide:3*wide], z[3*wide:4*wide]
	act := activations.get()
	act.sigmoid(z[:2*wide], z[:2*wide])
	act.tanh(g, g)
	act.sigmoid(o, o)
	c, next := l.cellsIn(l.saved, l.t+1)[u*wide:(u+1)*wide], l.hiddenIn(l.saved, l.t+1)[u*wide:(u+1)*wide]
	lstms.get().cell(c, i, f, g, l.cellsIn(l.saved, l.t)[u*wide:(u+1)*wide])
	act.tanh(next, c)
	elementwise.get().mul(next, next, o)
}

// Output takes y (N, T, Hidden), h of all steps, from what Forward saved.
func (l *LSTM) Output(y, saved []float32) { lstmOutputs.run(l.T, lstmOutput{l, y, saved}) }

type lstmOutput struct {
	*LSTM
	y, saved []float32
}

var lstmOutputs = newRegion(func(o *lstmOutput, t int) {
	o.unblockRows(o.y[t*o.Hidden:], o.T*o.Hidden, o.hiddenIn(o.saved, t+1), o.Hidden)
})

// State takes the last h and c (N, Hidden) from what Forward saved; either may be
// nil.
func (l *LSTM) State(h, c, saved []float32) {
	if h != nil {
		l.unblockRows(h, l.Hidden, l.hiddenIn(saved, l.T), l.Hidden)
	}
	if c != nil {
		l.unblockRows(c, l.Hidden, l.cellsIn(saved, l.T), l.Hidden)
	}
}
