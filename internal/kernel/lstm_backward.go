package kernel

import "unsafe"

// BackLen is the length of what Backward computes: the gradients of what goes into
// the gates of all steps, and of h0 and c0.
func (l *LSTM) BackLen() int { return gates*l.T*l.units*l.wide() + 2*l.N*l.Hidden }

// Backward goes back through the steps. It takes what Forward saved, W_hh, and the
// gradients of y (N, T, Hidden) and of the last h and c (N, Hidden), each of which
// may be nil.
func (l *LSTM) Backward(back, saved, hh, dy, dhn, dcn []float32) {
	size := l.units * l.wide()
	weights := scratch.borrow(l.back.panels * l.back.weights())
	l.packBack(weights, hh, l.Hidden, &l.back)
	state := scratch.borrow(2 * size)
	l.saved, l.packed, l.dz, l.dc = saved, weights, back, state[:size]
	l.dy, l.dhn, l.x = dy, dhn, state[size:] // x: dh of the step
	clear(l.dc)
	if dcn != nil {
		l.blockRows(l.dc, dcn, l.Hidden, l.Hidden)
	}
	for l.t = l.T - 1; l.t >= 0; l.t-- {
		Parallel(l.back.panels, l.stepBack)
	}
	rest := back[gates*l.T*size:]
	l.t = -1
	Parallel(l.back.panels, l.stepBack)
	l.unblockRows(rest, l.Hidden, l.x, l.Hidden)
	l.unblockRows(rest[l.N*l.Hidden:], l.Hidden, l.dc, l.Hidden)
	scratch.giveBack(state)
	scratch.giveBack(weights)
	l.lstmCall = lstmCall{}
}

// InitialGrad takes the gradients of h0 and c0, (N, Hidden) each, either of which
// may be nil, from what Backward computed.
func (l *LSTM) InitialGrad(dh0, dc0, back []float32) {
	rest := back[gates*l.T*l.units*l.wide():]
	copy(dh0, rest[:l.N*l.Hidden])
	copy(dc0, rest[l.N*l.Hidden:])
}

// stepPanelBack completes the gradients of a panel of units in step t, or those of
// h0 after the last.
func (l *LSTM) stepPanelBack(panel int) {
	wide, width := l.wide(), l.back.set.width
	first, end := panel*width/Block, (panel+1)*width/Block
	dh := l.x[first*wide : end*wide]
	l.gather(dh, first)
	if l.t < l.T-1 {
		size := l.back.weights()
		l.back.run(dh, l.gatesOf(l.dz, l.t+1), l.packed[panel*size:][:size], nil, l.N, true)
	}
	if l.t < 0 {
		return
	}
	tanh := scratch.borrow(wide)
	for u := first; u < end; u++ {
		l.cellBack(u, dh[(u-first)*wide:][:wide], tanh)
	}
	scratch.giveBack(tanh)
}

// gather begins the gradients of h after step t with those that come from outside,
// for blocks of units from the first on.
func (l *LSTM) gather(dh []float32, first int) {
	clear(dh)
	at := first * Block
	size := min(len(dh)/l.N, l.Hidden-at)
	if l.t >= 0 && l.dy != nil {
		l.blockRows(dh, l.dy[l.t*l.Hidden+at:], size, l.T*l.Hidden)
	}
	if l.t == l.T-1 && l.dhn != nil {
		wide := l.wide()
		for n := range l.N {
			for k, v := range l.dhn[n*l.Hidden+at:][:size] {
				dh[k/Block*wide+n*Block+k%Block] += v
			}
		}
	}
}

// cellBack turns the gradient of h of a block of units into those of what goes into
// its gates, and that of c into that of c before.
func (l *LSTM) cellBack(u int, dh, t []float32) {
	wide := l.wide()
	z := l.gatesOf(l.dz, l.t)[u*gates*wide:][:gates*wide]
	copy(z, l.gatesOf(l.saved, l.t)[u*gates*wide:])
	dc, k := l.dc[u*wide:(u+1)*wide], lstms.get()
	activations.get().tanh(t, l.cellsIn(l.saved, l.t+1)[u*wide:(u+1)*wide])
	k.outGrad(z[3*wide:], dc, dh, t)
	k.gateGrad(z[:wide], z[wide:2*wide], z[2*wide:3*wide], dc, l.cellsIn(l.saved, l.t)[u*wide:(u+1)*wide])
}

// InputGrad computes the gradient of x from what Backward computed.
func (l *LSTM) InputGrad(dx, back, ih []float32) {
	l.packed = scratch.borrow(l.toInput.panels * l.toInput.weights())
	l.packBack(l.packed, ih, l.In, &l.toInput)
	l.xb = scratch.borrow(l.T * l.inputs * l.wide())
	l.dz, l.dx = back, dx
	Parallel(l.T, l.projectBack)
	Parallel(l.T, l.unblockDX)
	scratch.giveBack(l.xb)
	scratch.giveBack(l.packed)
	l.lstmCall = lstmCall{}
}

// projectStepBack computes the gradient of the inputs of step t.
func (l *LSTM) projectStepBack(t int) {
	size, wide := l.toInput.weights(), l.wide()
	for panel := range l.toInput.panels {
		y := l.xb[(t*l.inputs+panel*l.toInput.set.width/Block)*wide:]
		l.toInput.run(y, l.gatesOf(l.dz, t), l.packed[panel*size:][:size], nil, l.N, false)
	}
}

func (l *LSTM) unblockStep(t int) {
	size := l.inputs * l.wide()
	l.unblockRows(l.dx[t*l.In:], l.T*l.In, l.xb[t*size:(t+1)*size], l.In)
}

// InputWeightGrad computes the gradient of W_ih (4*Hidden, In).
func (l *LSTM) InputWeightGrad(dw, back, x []float32) {
	l.x = x
	l.xb = scratch.borrow(l.T * l.inputs * l.wide())
	Parallel(l.T, l.blockX)
	l.dw, l.dz, l.from, l.fromStep, l.fromBlocks, l.columns = dw, back, l.xb, l.inputs*l.wide(), l.inputs, l.In
	Parallel(l.units, l.weigh)
	scratch.giveBack(l.xb)
	l.lstmCall = lstmCall{}
}

// HiddenWeightGrad computes the gradient of W_hh (4*Hidden, Hidden).
func (l *LSTM) HiddenWeightGrad(dw, back, saved []float32) {
	size := l.units * l.wide()
	h := saved[(gates*l.T+l.T+1)*size:] // before each step
	l.dw, l.dz, l.from, l.fromStep, l.fromBlocks, l.columns = dw, back, h, size, l.units, l.Hidden
	Parallel(l.units, l.weigh)
	l.lstmCall = lstmCall{}
}

// weighBand is how many pairs of rows, of the gates' gradients and of what they are
// multiplied with, are taken at once, and weighSide how many blocks of the latter:
// all of them stay in the second-level cache.
const (
	weighBand = 224
	weighSide = 8
)

// weighUnits computes the rows of the weights' gradient that belong to a block of
// units: sums over steps and rows of the products of the gates' gradients with the
// blocks in from.
func (l *LSTM) weighUnits(u int) {
	sums := scratch.borrow(gates * weighSide * Block * Block)
	band := max(1, weighBand/l.N)
	for first := 0; first < l.fromBlocks; first += weighSide {
		side := min(weighSide, l.fromBlocks-first)
		clear(sums)
		for t := 0; t < l.T; t += band {
			l.weighSteps(sums, u, t, min(band, l.T-t), first, side)
		}
		l.storeSums(sums, u, first, side)
	}
	scratch.giveBack(sums)
}

func (l *LSTM) weighSteps(sums []float32, u, t, steps, first, side int) {
	wide := l.wide()
	a := outerArgsPool.take()
	a.pixels, a.pixelX, a.pixelY = l.N, 4*Block, 4*Block
	a.rows, a.rowX, a.rowY = steps, 4*gates*l.units*wide, 4*l.fromStep
	kernel := panelTiers.get().outers[0].kernel
	for g := range gates {
		for b := range side {
			a.x = &l.gatesOf(l.dz, t)[(u*gates+g)*wide]
			a.y = &l.from[t*l.fromStep+(first+b)*wide]
			a.sums = unsafe.SliceData(sums[(g*weighSide+b)*Block*Block:])
			kernel.run(a)
		}
	}
	releaseOuter(a)
}

// storeSums writes the sums as rows of the weights.
func (l *LSTM) storeSums(sums []float32, u, first, side int) {
	for g := range gates {
		from, n := l.gateRows(u*gates + g)
		for b := range side {
			column := (first + b) * Block
			size := min(Block, l.columns-column)
			for k := range n {
				copy(l.dw[(from+k)*l.columns+column:][:size], sums[((g*weighSide+b)*Block+k)*Block:])
			}
		}
	}
}

// BiasGrad computes the gradient of either bias (4*Hidden).
func (l *LSTM) BiasGrad(db, back []float32) {
	l.dw, l.dz = db, back
	Parallel(gates*l.units, l.sumBias)
	l.lstmCall = lstmCall{}
}

// sumBiases sums up a block of gates: first over steps, then over rows.
func (l *LSTM) sumBiases(block int) {
	wide := l.wide()
	acc := scratch.borrow(wide)
	clear(acc)
	add := elementwise.get().add
	for t := range l.T {
		add(acc, acc, l.gatesOf(l.dz, t)[block*wide:(block+1)*wide])
	}
	from, n := l.gateRows(block)
	for k, db := range l.dw[from : from+n] {
		db = 0
		for row := range l.N {
			db += acc[row*Block+k]
		}
		l.dw[from+k] = db
	}
	scratch.giveBack(acc)
}
