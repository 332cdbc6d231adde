package kernel

// lstmGrad is what Backward leaves: the gradients of the gates before their
// activation, (T, N, pitchG), those of the initial states, and the sums of the
// first over all rows, which are the gradient of either bias.
type lstmGrad struct{ dgates, dhidden, dcell, dbias []float32 }

// GradLen returns the number of values that Backward leaves.
func (l LSTM) GradLen() int { return l.T*l.N*l.pitchG() + 2*l.N*l.H + 4*l.H }

func (l LSTM) grad(g []float32) lstmGrad {
	sameLength(len(g), l.GradLen())
	gates, states := l.T*l.N*l.pitchG(), l.N*l.H
	return lstmGrad{g[:gates], g[gates:][:states], g[gates+states:][:states], g[gates+2*states:]}
}

// Backward runs through the steps from the last to the first. The gradients dy of
// the output (N, T, H) and dcn of the last cells (N, H), or nil, come in; that of
// the last hidden state is to be part of dy. What comes out is in grad, of GradLen
// values, for the methods below; initial says whether StateGrad will be asked for
// that of the hidden states.
func (l LSTM) Backward(grad, state, dy, dcn, whh []float32, initial bool) {
	sameLength(len(dy), l.N*l.T*l.H)
	sameLength(len(whh), 4*l.H*l.H)
	panels := panelsFor(l.lineH())
	r := idleRecurrences.take()
	r.begin(l, l.state(state), panels, panels.width)
	r.lstmGrad, r.dy = l.grad(grad), dy
	if l.N > 1 && l.T > 1 {
		r.dy = r.borrow(len(dy))
		swapRows(r.dy, dy, l.T, l.N, l.H, l.H)
	}
	clear(r.dcell)
	if dcn != nil {
		sameLength(len(dcn), l.N*l.H)
		copy(r.dcell, dcn)
	}
	if l.lineG() > 4*l.H {
		clear(r.dgates)
	}
	r.perBand = r.borrow(r.bands * 4 * l.H)
	clear(r.perBand)
	if l.T >= lstmPackedFrom {
		r.back = r.borrow(l.lineG() * l.lineH())
		l.packUnits(r.back, whh)
	} else {
		r.product = r.borrow(l.N * l.H)
	}
	last := 0
	if initial {
		last = -1
	}
	for r.t = l.T - 1; r.t >= last; r.t-- {
		if r.back == nil && r.t < l.T-1 {
			Gemm(false, false, l.N, l.H, 4*l.H, 1, r.dgatesAt(r.t+1, 0), l.pitchG(), whh, l.H, 0, r.product, l.H)
		}
		r.parallel(r.backwards)
	}
	r.addBands()
	r.end()
}

// addBands adds up the sums of all bands.
func (r *recurrence) addBands() {
	copy(r.dbias, r.perBand)
	for band := 1; band < r.bands; band++ {
		for i, v := range r.perBand[band*4*r.H:][:4*r.H] {
			r.dbias[i] += v
		}
	}
}

// InputGrad sets dx (N, T, I) to the gradient of x.
func (l LSTM) InputGrad(dx, grad, wih []float32) {
	sameLength(len(dx), l.N*l.T*l.I)
	sameLength(len(wih), 4*l.H*l.I)
	byTime := dx
	if l.N > 1 && l.T > 1 {
		byTime = scratch.borrow(len(dx))
		defer scratch.giveBack(byTime)
	}
	Gemm(false, false, l.T*l.N, l.I, 4*l.H, 1, l.grad(grad).dgates, l.pitchG(), wih, l.I, 0, byTime, l.I)
	if &byTime[0] != &dx[0] {
		swapRows(dx, byTime, l.N, l.T, l.I, l.I)
	}
}

// InputWeightGrad sets dw (4H, I) to the gradient of wih.
func (l LSTM) InputWeightGrad(dw, grad, x []float32) {
	sameLength(len(dw), 4*l.H*l.I)
	sameLength(len(x), l.N*l.T*l.I)
	l.withByTime(x, func(x []float32) {
		Gemm(true, false, 4*l.H, l.I, l.T*l.N, 1, l.grad(grad).dgates, l.pitchG(), x, l.I, 0, dw, l.I)
	})
}

// HiddenWeightGrad sets dw (4H, H) to the gradient of whh.
func (l LSTM) HiddenWeightGrad(dw, grad, state []float32) {
	sameLength(len(dw), 4*l.H*l.H)
	Gemm(true, false, 4*l.H, l.H, l.T*l.N, 1, l.grad(grad).dgates, l.pitchG(), l.state(state).hidden, l.pitchH(), 0, dw, l.H)
}

// BiasGrad sets db (4H) to the gradient of either bias.
func (l LSTM) BiasGrad(db, grad []float32) { copy(db, l.grad(grad).dbias) }

// StateGrad sets dh0 or dc0 (N, H), either of which may be nil, to the gradient of
// the initial states.
func (l LSTM) StateGrad(dh0, dc0, grad []float32) {
	g := l.grad(grad)
	copy(dh0, g.dhidden)
	copy(dc0, g.dcell)
}
