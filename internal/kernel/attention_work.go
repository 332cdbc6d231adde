package kernel

// An attentionWork is what one works with on a block of queries of a head.
type attentionWork struct {
	*Attention
	a       *attentionArgs
	softmax *softmaxWork
	random  *randomKernels

	item, head  int
	first, rows int // queries
	keys        int // of the query that attends to the most
	pitch       int // from a row of the matrices below to the next

	// Keys and values of the head, across, so that the positions lie side by side.
	// What follows the last key is 0, to columns.
	k, v []float32

	// Of size (rows, keys): the probabilities, what dropout multiplies them by, what
	// comes of that, and the gradients of the scores.
	p, mask, dropped, ds []float32
}

var attentionWorks spares[attentionWork]

// takeAttentionWork returns one for a head of all items', to be ended.
func takeAttentionWork(a *attentionArgs, head int) *attentionWork {
	w := attentionWorks.take()
	w.Attention, w.a, w.softmax, w.random = &a.Attention, a, takeSoftmaxWork(), randoms.get()
	w.item, w.head = head/a.Heads, head%a.Heads
	// An odd number of cache lines spreads the rows over all of a cache.
	w.pitch = w.Tk + -w.Tk&(maskUnit-1) + columnUnit
	return w
}

// end puts the work back and keeps nobody's memory alive.
func (w *attentionWork) end() {
	softmaxWorks.put(w.softmax)
	w.Attention, w.a, w.softmax = nil, nil, nil
	attentionWorks.put(w)
}

// begin makes the work one on a block.
func (w *attentionWork) begin(block int) {
	high := w.Attention.rows()
	w.first = block * high
	w.rows = min(high, w.Tq-w.first)
	w.keys = w.Attention.keys(w.first + w.rows - 1)
	w.p = grow(w.p, w.rows*w.pitch)
}

// columnUnit is what scores are computed in multiples of, so that fast kernels
// suffice; half of maskUnit.
const columnUnit = 16

// columns returns how many scores of a query are computed.
func (w *attentionWork) columns() int { return w.keys + -w.keys&(columnUnit-1) }

// across returns the matrix of the head transposed, in dst if that has room.
func (w *attentionWork) across(dst []float32, x Heads, d int) []float32 {
	dst = grow(dst, d*w.pitch)
	transposeBand(dst, w.pitch, w.of(x, d), x.Row, w.Tk, d)
	for i := range d {
		clear(dst[i*w.pitch:][w.Tk:w.pitch])
	}
	return dst
}

// of returns the matrix of the head.
func (w *attentionWork) of(x Heads, d int) []float32 { return x.head(w.item, w.head, d) }

// query returns the rows of the matrix of the head from the first query on.
func (w *attentionWork) query(x Heads, d int) []float32 { return w.of(x, d)[w.first*x.Row:] }

// probabilities computes p: those of keys that a query does not attend to are 0.
func (w *attentionWork) probabilities() {
	smallGemm(false, w.rows, w.columns(), w.D, w.Scale, w.query(w.a.q, w.D), w.a.q.Row, w.k, w.pitch, 0, w.p, w.pitch)
	for r := range w.rows {
		row := w.part(w.p, r)
		if w.Mask.Values != nil {
			w.addMask(row, r)
		}
		w.softmax.softmaxLine(row, row, nil)
		clear(w.p[r*w.pitch:][len(row):w.keys])
	}
}

// addMask adds the mask to the scores of query r of the block.
func (w *attentionWork) addMask(scores []float32, r int) {
	s := w.Mask.Strides
	m := w.Mask.Values[w.item*s[0]+w.head*s[1]+(w.first+r)*s[2]:]
	if s[3] == 0 {
		w.softmax.e.shift(scores, scores, m[0])
		return
	}
	w.softmax.e.add(scores, scores, m[:len(scores)])
}

// maskUnit is what the loop that draws masks takes at a time.
const maskUnit = 32

// drop draws the mask and computes dropped from p.
func (w *attentionWork) drop() {
	w.mask = grow(w.mask, w.rows*w.pitch)
	w.dropped = grow(w.dropped, w.rows*w.pitch)
	for r := range w.rows {
		row := w.part(w.dropped, r)
		w.draw(r)
		w.softmax.e.mul(row, w.part(w.p, r), w.part(w.mask, r))
		clear(w.dropped[r*w.pitch:][len(row):w.keys])
	}
}

// part returns what belongs to the keys of query r of the block.
func (w *attentionWork) part(x []float32, r int) []float32 {
	return x[r*w.pitch:][:w.Attention.keys(w.first+r)]
}

// draw sets what the probabilities of query r of the block are multiplied by.
// Every query has words of its own, so that neither blocks nor causality change
// what is drawn.
func (w *attentionWork) draw(r int) {
	keys := len(w.part(w.mask, r))
	mask := w.mask[r*w.pitch:][:keys+-keys&(maskUnit-1)]
	threshold := uint64(float64(w.Dropout) * (1 << 32))
	if threshold == 1<<32 {
		clear(mask)
		return
	}
	row := (w.item*w.Heads+w.head)*w.Tq + w.first + r
	block := uint64(row) * uint64(ceilDiv(w.Tk, maskUnit)*maskUnit/4)
	w.random.mask(mask, block, &w.Key, uint32(threshold), float32(1/(1-float64(w.Dropout))))
}

// attend computes the results of the block's queries.
func (w *attentionWork) attend() {
	w.probabilities()
	p, v, y := w.p, w.a.v, w.a.y
	if w.Dropout > 0 {
		w.drop()
		p = w.dropped
	}
	smallGemm(false, w.rows, w.Dv, w.keys, 1, p, w.pitch, w.of(v, w.Dv), v.Row, 0, w.query(y, w.Dv), y.Row)
}

// gradients computes the gradients of the block's queries, and of keys and
// values those parts that come from them; they are added to sum (0 or 1) times
// what is there.
func (w *attentionWork) gradients(sum float32) {
	w.probabilities()
	q, k, dy := w.a.q, w.a.k, w.a.y
	w.ds = grow(w.ds, w.rows*w.pitch)
	smallGemm(false, w.rows, w.columns(), w.Dv, 1, w.query(dy, w.Dv), dy.Row, w.v, w.pitch, 0, w.ds, w.pitch)
	p := w.p
	if w.Dropout > 0 {
		w.drop()
		p = w.dropped
	}
	for r := range w.rows {
		w.scoresGrad(r)
	}
	dq, dk, dv := w.a.dq, w.a.dk, w.a.dv
	smallGemm(true, w.keys, w.Dv, w.rows, 1, p, w.pitch, w.query(dy, w.Dv), dy.Row, sum, w.of(dv, w.Dv), dv.Row)
	smallGemm(true, w.keys, w.D, w.rows, w.Scale, w.ds, w.pitch, w.query(q, w.D), q.Row, sum, w.of(dk, w.D), dk.Row)
	smallGemm(false, w.rows, w.D, w.keys, w.Scale, w.ds, w.pitch, w.of(k, w.D), k.Row, 0, w.query(dq, w.D), dq.Row)
}

// scoresGrad turns row r of ds from the gradients of the probabilities after
// dropout into those of the scores.
func (w *attentionWork) scoresGrad(r int) {
	row := w.part(w.ds, r)
	if w.Dropout > 0 {
		w.softmax.e.mul(row, row, w.part(w.mask, r))
	}
	w.softmax.softmaxGradLine(row, w.part(w.p, r), row)
	clear(w.ds[r*w.pitch:][len(row):w.keys])
}
