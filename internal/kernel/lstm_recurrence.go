package kernel

import "unsafe"

// A recurrence goes through the steps of an LSTM, forward or backward. One region
// of parallel work is a step: a piece of it makes the recurrent product for a
// block of units, and some sequences, and the gates or their gradients right
// after, while the sums are in the first cache. The weights are packed in panels
// once for all steps.
type recurrence struct {
	LSTM
	lstmState
	t     int // the step
	units int // of a block
	bands int // of sequences
	set   *panelSet
	steps []panelStep // of a panel as deep as any
	lent  [3][]float32

	weights lstmPacked // forward
	x       []float32  // (N, lineI) of the only step, if its product is to be made with that of the state

	lstmGrad           // backward
	back     []float32 // whh in panels; nil for few steps
	dy       []float32 // (T, N, H)
	product  []float32 // (N, H), where nothing is packed
	perBand  []float32 // (bands, 4H): sums of dgates

	forwards, backwards func(piece int)
}

// lstmBand is how many sequences a piece takes at most: whole tiles on every tier.
const lstmBand = 48

var idleRecurrences spares[recurrence]

// cellWork is what a piece works with.
type cellWork struct {
	sums [lstmBand * 4 * Block]float32 // (sequences, 4 gates, Block), or (sequences, units)
	panelArgs
	cell cellArgs
	grad cellGradArgs
}

var idleCellWork spares[cellWork]

func (w *cellWork) release() {
	w.panelArgs, w.cell, w.grad = panelArgs{}, cellArgs{}, cellGradArgs{} // keeps nobody's memory alive
	idleCellWork.put(w)
}

// begin prepares for the steps of l with the panels of so many units at a time.
func (r *recurrence) begin(l LSTM, s lstmState, set *panelSet, units int) {
	if r.forwards == nil {
		r.forwards, r.backwards = r.forwardPiece, r.backwardPiece
	}
	r.LSTM, r.lstmState = l, s
	r.set, r.units, r.bands = set, units, ceilDiv(l.N, lstmBand)
	r.steps = r.steps[:0]
	for at := 0; at < max(l.lineG(), l.lineI()); at += Block {
		r.steps = append(r.steps, panelStep{int64(4 * at), int64(4 * at * set.width)})
	}
}

// borrow returns scratch memory until the end.
func (r *recurrence) borrow(n int) []float32 {
	i := 0
	for r.lent[i] != nil {
		i++
	}
	r.lent[i] = scratch.borrow(n)
	return r.lent[i]
}

func (r *recurrence) end() {
	for i, s := range r.lent {
		if s != nil {
			scratch.giveBack(s)
		}
		r.lent[i] = nil
	}
	*r = recurrence{steps: r.steps, forwards: r.forwards, backwards: r.backwards} // keeps nobody's memory alive
	idleRecurrences.put(r)
}

// parallel runs the pieces of a step, on all cores if that is worth it.
func (r *recurrence) parallel(f func(piece int)) {
	const worth = 1 << 14 // multiplications of a step: a microsecond
	n := ceilDiv(r.H, r.units) * r.bands
	if r.N*4*r.H*r.H >= worth {
		Parallel(n, f)
		return
	}
	for i := range n {
		f(i)
	}
}

// piece returns the units and the sequences of a piece.
func (r *recurrence) piece(i int) (unit, units, first, count int) {
	unit = i / r.bands * r.units
	band := i % r.bands
	first = band * r.N / r.bands
	return unit, min(r.units, r.H-unit), first, (band+1)*r.N/r.bands - first
}

func (r *recurrence) gatesAt(t, n int) []float32  { return r.gates[(t*r.N+n)*r.pitchG():] }
func (r *recurrence) cellsAt(t, n int) []float32  { return r.cells[(t*r.N+n)*r.H:] }
func (r *recurrence) hiddenAt(t, n int) []float32 { return r.hidden[(t*r.N+n)*r.pitchH():] }
func (r *recurrence) dgatesAt(t, n int) []float32 { return r.dgates[(t*r.N+n)*r.pitchG():] }

// multiply adds up the products of count rows of x, line values long and pitch apart,
// with columns [column, column+columns) of packed weights, and leaves them in the sums,
// (count, columns). The sums begin with a bias, or with what they are if add is set.
func (r *recurrence) multiply(w *cellWork, x []float32, line, pitch, count int, packed []float32, column, columns int, bias []float32, add bool) {
	w.steps, w.depth = &r.steps[0], line/Block
	w.pixelX, w.pixelY, w.blockY = 4*pitch, 4*columns, 4*Block
	w.ahead = 4 * line * r.set.width
	for done := 0; done < columns; done += r.set.width {
		w.x, w.y, w.w = &x[0], &w.sums[done], &packed[(column+done)*line]
		w.bias, w.residual = nil, nil
		if bias != nil {
			w.bias = &bias[done]
		}
		if add {
			w.residual = w.y
		}
		r.set.compute(&w.panelArgs, count)
	}
}

// forwardPiece is a step for some units and sequences.
func (r *recurrence) forwardPiece(i int) {
	w := idleCellWork.take()
	defer w.release()
	unit, units, first, count := r.piece(i)
	bias := r.weights.bias[4*unit:]
	c := &w.cell
	c.sums, c.sumStep, c.rowSum = &bias[0], 4*Block, 0
	if r.weights.hidden != nil {
		r.multiply(w, r.hiddenAt(r.t, first), r.lineH(), r.pitchH(), count, r.weights.hidden, 4*unit, 4*Block, bias, false)
		c.sums, c.rowSum = &w.sums[0], 4*4*Block
	}
	if r.x != nil {
		r.multiply(w, r.x[first*r.lineI():], r.lineI(), r.lineI(), count, r.weights.input, 4*unit, 4*Block, nil, true)
	}
	c.gates, c.gateStep, c.rowGate = &r.gatesAt(r.t, first)[unit], 4*r.H, 4*r.pitchG()
	c.before, c.after, c.rowCell = &r.cellsAt(r.t, first)[unit], &r.cellsAt(r.t+1, first)[unit], 4*r.H
	c.hidden, c.rowHidden = &r.hiddenAt(r.t+1, first)[unit], 4*r.pitchH()
	c.rows, c.units = count, units
	lstmCells.get().cell.run(c)
}

// backwardPiece is the gradient of a step for some units and sequences; step -1
// gives the gradient of the initial state.
func (r *recurrence) backwardPiece(i int) {
	w := idleCellWork.take()
	defer w.release()
	unit, units, first, count := r.piece(i)
	c := &w.grad
	switch {
	case r.t == r.T-1:
		clear(w.sums[:units])
		c.sums, c.rowSum = &w.sums[0], 0
	case r.back != nil:
		r.multiply(w, r.dgatesAt(r.t+1, first), r.lineG(), r.pitchG(), count, r.back, unit, r.units, nil, false)
		c.sums, c.rowSum = &w.sums[0], 4*r.units
	default:
		c.sums, c.rowSum = &r.product[first*r.H+unit], 4*r.H
	}
	if r.t < 0 {
		sums := unsafe.Slice(c.sums, (count-1)*c.rowSum/4+units)
		layRows(r.dhidden[first*r.H+unit:], sums, count, units, 1, r.H, c.rowSum/4)
		return
	}
	c.gates, c.gateStep, c.rowGate = &r.gatesAt(r.t, first)[unit], 4*r.H, 4*r.pitchG()
	c.before, c.after, c.rowCell = &r.cellsAt(r.t, first)[unit], &r.cellsAt(r.t+1, first)[unit], 4*r.H
	c.dy, c.rowDY = &r.dy[(r.t*r.N+first)*r.H+unit], 4*r.H
	c.dcell = &r.dcell[first*r.H+unit]
	c.dgates, c.rowDGate = &r.dgatesAt(r.t, first)[unit], 4*r.pitchG()
	c.bias = &r.perBand[i%r.bands*4*r.H+unit]
	c.rows, c.units = count, units
	lstmCells.get().grad.run(c)
}
