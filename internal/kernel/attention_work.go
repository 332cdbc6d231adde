package kernel

// An attentionWork is what one works with on a block of queries of a head.
type attentionWork struct {
	*attentionArgs
	softmax *softmaxWork
	random  *randomKernels

	item, head  int
	first, rows int // queries
	keys        int // of the query that attends to the most
	pitch       int // from a row of the matrices below to the next

	// Of size (rows, keys): the probabilities, what dropout multiplies them by, what
	// comes of that, and the gradients of the scores.
	p, mask, dropped, ds []float32
}

var attentionWorks spares[attentionWork]

// takeAttentionWork returns one for a head of all items', to be ended.
func takeAttentionWork(a *attentionArgs, head int) *attentionWork {
	w := attentionWorks.take()
	w.attentionArgs, w.softmax, w.random = a, takeSoftmaxWork(), randoms.get()
	w.item, w.head = head/a.Heads, head%a.Heads
	return w
}

// end puts the work back and keeps nobody's memory alive.
func (w *attentionWork) end() {
	softmaxWorks.put(w.softmax)
	w.attentionArgs, w.softmax = nil, nil
	attentionWorks.put(w)
}

// begin makes the work one on a block.
func (w *attentionWork) begin(block int) {
	high := w.Attention.rows()
	w.first = block * high
	w.rows = min(high, w.Tq-w.first)
	w.keys = w.Attention.keys(w.first + w.rows - 1)
	w.pitch = w.keys + -w.keys&(maskUnit-1)
	w.p = grow(w.p, w.rows*w.pitch)
}

// of returns the matrix of the head.
func (w *attentionWork) of(x Heads, d int) []float32 { return x.head(w.item, w.head, d) }

// query returns the rows of the matrix of the head from the first query on.
func (w *attentionWork) query(x Heads, d int) []float32 { return w.of(x, d)[w.first*x.Row:] }

// probabilities computes p: those of keys that a query does not attend to are 0.
func (w *attentionWork) probabilities() {
	Gemm(false, true, w.rows, w.keys, w.D, w.Scale, w.query(w.q, w.D), w.q.Row, w.of(w.k, w.D), w.k.Row, 0, w.p, w.pitch)
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

// gradients computes the gradients of the block's queries, and of keys and
// values those parts that come from them; they are added to sum (0 or 1) times
// what is there.
func (w *attentionWork) gradients(sum float32) {
	w.probabilities()
	dy, q, k, v := w.query(w.y, w.Dv), w.query(w.q, w.D), w.of(w.k, w.D), w.of(w.v, w.Dv)
	w.ds = grow(w.ds, w.rows*w.pitch)
	Gemm(false, true, w.rows, w.keys, w.Dv, 1, dy, w.y.Row, v, w.v.Row, 0, w.ds, w.pitch)
	p := w.p
	if w.Dropout > 0 {
		w.drop()
		p = w.dropped
	}
	for r := range w.rows {
		w.scoresGrad(r)
	}
	Gemm(true, false, w.keys, w.Dv, w.rows, 1, p, w.pitch, dy, w.y.Row, sum, w.of(w.dv, w.Dv), w.dv.Row)
	Gemm(true, false, w.keys, w.D, w.rows, w.Scale, w.ds, w.pitch, q, w.q.Row, sum, w.of(w.dk, w.D), w.dk.Row)
	Gemm(false, false, w.rows, w.D, w.keys, w.Scale, w.ds, w.pitch, k, w.k.Row, 0, w.query(w.dq, w.D), w.dq.Row)
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
