package kernel

// An LSTM is one layer of long short-term memory (Hochreiter and Schmidhuber 1997)
// over sequences, as torch.nn.LSTM computes it: gates in the order i, f, g, o.
//
//	c[t] = f*c[t-1] + i*g    i, f, o = sigmoid(a), g = tanh(a)
//	h[t] = o*tanh(c[t])      a = x[t] W_ih' + b_ih + h[t-1] W_hh' + b_hh
//
// Arrays of sequences are (N, T, ...) outside. Inside they are (T, N, ...), so
// that what a step reads and writes lies together.
type LSTM struct {
	N, T int // sequences and steps
	I, H int // features of the input and of the state
}

// A layer of few steps takes the recurrent weights as they lie: to pack them
// would take longer than the products.
const lstmPackedFrom = 4

// lstmState is what Forward leaves for Backward: gates after their activation
// (T, N, pitchG), cells (T+1, N, H) and hidden states (T+1, N, pitchH), both with the
// initial ones in front. Rows of hidden states are filled up with zeros to whole
// blocks, what follows them up to the next row is nothing.
type lstmState struct{ gates, cells, hidden []float32 }

// lineH and lineG are the lengths of rows of hidden states and of the gates'
// gradients in whole blocks, pitchH and pitchG the distances of rows of states and
// of gates.
func (l LSTM) lineH() int  { return ceilDiv(l.H, Block) * Block }
func (l LSTM) lineG() int  { return ceilDiv(4*l.H, Block) * Block }
func (l LSTM) pitchH() int { return oddBlocks(l.H) }
func (l LSTM) pitchG() int { return oddBlocks(4 * l.H) }

// oddBlocks rounds n up to an odd number of cache lines: rows that far apart use all
// sets of a cache, where a power of two would have them all in the same few.
func oddBlocks(n int) int { return (ceilDiv(n, Block) | 1) * Block }

// StateLen returns the number of values of the state.
func (l LSTM) StateLen() int { return l.N * (l.T*l.pitchG() + (l.T+1)*(l.H+l.pitchH())) }

func (l LSTM) state(s []float32) lstmState {
	sameLength(len(s), l.StateLen())
	gates, cells := l.T*l.N*l.pitchG(), (l.T+1)*l.N*l.H
	return lstmState{s[:gates], s[gates:][:cells], s[gates+cells:]}
}

// Forward runs the layer over x (N, T, I) from the states h0 and c0 (N, H). The
// weights wih are (4H, I), whh (4H, H), the biases bih and bhh (4H) or both nil.
// What comes out is in the state, of StateLen values: see Output and Final.
func (l LSTM) Forward(state, x, h0, c0, wih, whh, bih, bhh []float32) {
	r := l.start(state, x, h0, c0, wih)
	sameLength(len(whh), 4*l.H*l.H)
	r.weights.bias = r.borrow(4 * l.lineH())
	l.packBias(r.weights.bias, bih, bhh)
	if l.T >= lstmPackedFrom {
		r.weights.hidden = r.borrow(4 * l.lineH() * l.lineH())
		l.packGates(r.weights.hidden, whh, l.H)
	}
	l.inputProduct(r.gates, x, wih)
	for r.t = range l.T {
		if r.weights.hidden == nil {
			Gemm(false, true, l.N, 4*l.H, l.H, 1, r.hiddenAt(r.t, 0), l.pitchH(), whh, l.H, 1, r.gatesAt(r.t, 0), l.pitchG())
		}
		r.parallel(r.forwards)
	}
	r.end()
}

// ForwardPacked is Forward with weights that Pack has packed. A single step reads
// no others.
func (l LSTM) ForwardPacked(state, x, h0, c0, wih, packed []float32) {
	r := l.start(state, x, h0, c0, wih)
	r.weights = l.packed(packed)
	if l.T == 1 {
		clear(r.gates)
		r.x = x
		if l.lineI() > l.I {
			r.x = r.borrow(l.N * l.lineI())
			clear(r.x)
			layRows(r.x, x, l.N, l.I, 1, l.lineI(), l.I)
		}
	} else {
		l.inputProduct(r.gates, x, wih)
	}
	for r.t = range l.T {
		r.parallel(r.forwards)
	}
	r.end()
}

// start puts the initial states into the state and returns a recurrence from there.
func (l LSTM) start(state, x, h0, c0, wih []float32) *recurrence {
	sameLength(len(x), l.N*l.T*l.I)
	sameLength(len(h0), l.N*l.H)
	sameLength(len(c0), l.N*l.H)
	sameLength(len(wih), 4*l.H*l.I)
	s := l.state(state)
	if l.lineH() > l.H {
		clear(s.hidden)
	}
	layRows(s.hidden, h0, l.N, l.H, 1, l.pitchH(), l.H)
	copy(s.cells, c0)
	r := idleRecurrences.take()
	r.begin(l, s, panelsFor(4*Block), Block)
	return r
}

// inputProduct sets the gates to what the inputs of all steps bring to them.
func (l LSTM) inputProduct(gates, x, wih []float32) {
	l.withByTime(x, func(x []float32) {
		Gemm(false, true, l.T*l.N, 4*l.H, l.I, 1, x, l.I, wih, l.I, 0, gates, l.pitchG())
	})
}

// withByTime calls f with x (N, T, I) as (T, N, I).
func (l LSTM) withByTime(x []float32, f func(x []float32)) {
	if l.N == 1 || l.T == 1 {
		f(x)
		return
	}
	byTime := scratch.borrow(len(x))
	swapRows(byTime, x, l.T, l.N, l.I, l.I)
	f(byTime)
	scratch.giveBack(byTime)
}

// Output copies the hidden states of all steps to y (N, T, H).
func (l LSTM) Output(y, state []float32) {
	sameLength(len(y), l.N*l.T*l.H)
	swapRows(y, l.state(state).hidden[l.N*l.pitchH():], l.N, l.T, l.H, l.pitchH())
}

// Final copies the states after the last step to hn and cn (N, H), either of
// which may be nil.
func (l LSTM) Final(hn, cn, state []float32) {
	s := l.state(state)
	if hn != nil {
		sameLength(len(hn), l.N*l.H)
		layRows(hn, s.hidden[l.T*l.N*l.pitchH():], l.N, l.H, 1, l.H, l.pitchH())
	}
	if cn != nil {
		sameLength(len(cn), l.N*l.H)
		copy(cn, s.cells[l.T*l.N*l.H:])
	}
}

// swapRows swaps the first two axes: dst (outer, inner, width) is src (inner,
// outer, pitch), of whose rows it takes the first width values.
func swapRows(dst, src []float32, outer, inner, width, pitch int) {
	if len(dst) == 0 {
		return
	}
	atOnce := max(1, grain/width)
	swapRowsRegion.run(ceilDiv(outer*inner, atOnce), swapRowsArgs{dst, src, outer, inner, width, pitch, atOnce})
}

type swapRowsArgs struct {
	dst, src                   []float32
	outer, inner, width, pitch int
	atOnce                     int // rows of a piece
}

var swapRowsRegion = newRegion(func(a *swapRowsArgs, piece int) {
	begin := piece * a.atOnce
	for row := begin; row < min(begin+a.atOnce, a.outer*a.inner); row++ {
		copy(a.dst[row*a.width:][:a.width], a.src[(row%a.inner*a.outer+row/a.inner)*a.pitch:])
	}
})
