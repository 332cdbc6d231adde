package kernel

// Attention is scaled dot-product attention (Vaswani et al. 2017) over heads,
//
//	y = dropout(softmax(Scale * q k' + mask)) v
//
// for each head of each of N items. The scores of some queries with all the keys
// are in memory at a time, never all of them, and nothing is kept for the
// backward pass, which computes the probabilities again.
//
// A query whose keys are all masked, by -Inf, becomes NaN, as in torch. What a
// causal query does not attend to is left out of the sums for the most part:
// whether a NaN or an infinity there reaches it is not defined, as in torch.
type Attention struct {
	N, Heads int
	Tq, Tk   int // number of queries, and of keys and values
	D, Dv    int // size of a head, of queries and keys, and of values
	Scale    float32

	Causal bool // query i attends to keys 0 to i+Offset only
	Offset int  // at least 0

	Mask ScoreMask

	// Dropout is the probability with which a probability becomes 0, where the
	// others are divided by 1-Dropout. Key is the State of the source that they are
	// drawn from.
	Dropout float32
	Key     [4]uint32
}

// A ScoreMask is added to the scores: for item n, head h, query i and key j the
// value whose index is their scalar product with Strides, 0 along what the mask
// is broadcast over. Without Values there is none.
type ScoreMask struct {
	Values  []float32
	Strides [4]int
}

// Heads are the vectors of all heads of all positions: that of head h, of size d,
// at position t of item n begins at X[n*Item+t*Row+h*d].
type Heads struct {
	X         []float32
	Item, Row int
}

// head returns the matrix (positions, d) of a head, whose rows are Row apart.
func (h Heads) head(n, head, d int) []float32 { return h.X[n*h.Item+head*d:] }

// Forward computes y, which overlaps nothing else.
func (a Attention) Forward(y, q, k, v Heads) {
	const most = 16 // pieces that heads are cut for
	blocks := ceilDiv(a.Tq, a.rows())
	cuts := min(blocks, ceilDiv(most, max(a.N*a.Heads, 1)))
	attentionRegion.run(a.N*a.Heads*cuts, attentionArgs{Attention: a, y: y, q: q, k: k, v: v, blocks: blocks, cuts: cuts})
}

// Backward computes the gradients of q, k and v from that of y, dy. They overlap
// nothing else.
func (a Attention) Backward(dq, dk, dv, dy, q, k, v Heads) {
	blocks := ceilDiv(a.Tq, a.rows())
	attentionGradRegion.run(a.N*a.Heads, attentionArgs{Attention: a, y: dy, q: q, k: k, v: v, dq: dq, dk: dk, dv: dv, blocks: blocks})
}

// rows returns the number of queries in a block: a few arrays of its scores lie
// in the second-level cache. It is a multiple of the rows of the tallest tiles.
func (a *Attention) rows() int {
	const scores, most, tile = 1 << 15, 48, 6
	rows := min(scores/max(a.Tk, 1), most)
	return max(rows-rows%tile, tile)
}

// keys returns how many keys query i attends to.
func (a *Attention) keys(i int) int {
	if a.Causal {
		return min(a.Tk, i+a.Offset+1)
	}
	return a.Tk
}

type attentionArgs struct {
	Attention
	y, q, k, v Heads // y is dy in the backward pass
	dq, dk, dv Heads
	blocks     int // of queries, in a head
	cuts       int // pieces of work that these make in the forward pass
}

var attentionRegion = newRegion(func(a *attentionArgs, piece int) {
	w := takeAttentionWork(a, piece/a.cuts)
	w.k = w.across(w.k, a.k, a.D)
	cut := piece % a.cuts
	for block := cut * a.blocks / a.cuts; block < (cut+1)*a.blocks/a.cuts; block++ {
		w.begin(block)
		w.attend()
	}
	w.end()
})

// attentionGradRegion goes through the blocks of a head from the last, which
// attends to the most keys, to the first: that one overwrites the gradients of
// keys and values, the others add to them.
var attentionGradRegion = newRegion(func(a *attentionArgs, piece int) {
	w := takeAttentionWork(a, piece)
	w.k, w.v = w.across(w.k, a.k, a.D), w.across(w.v, a.v, a.Dv)
	clearRows(w.of(a.dk, a.D), a.keys(a.Tq-1), a.Tk, a.D, a.dk.Row)
	clearRows(w.of(a.dv, a.Dv), a.keys(a.Tq-1), a.Tk, a.Dv, a.dv.Row)
	var sum float32
	for block := a.blocks - 1; block >= 0; block-- {
		w.begin(block)
		w.gradients(sum)
		sum = 1
	}
	w.end()
})

// clearRows clears n values at the start of rows first to end.
func clearRows(x []float32, first, end, n, row int) {
	for i := first; i < end; i++ {
		clear(x[i*row:][:n])
	}
}
