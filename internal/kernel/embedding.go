package kernel

// Embedding looks rows up in a table: E values for each of Vocab tokens.
type Embedding struct{ Vocab, E int }

// Forward sets row i of y, of shape (len(tokens), E), to row tokens[i] of weight
// (Vocab, E). The tokens must be those of the table.
func (e Embedding) Forward(y []float32, tokens []int, weight []float32) {
	e.check(y, tokens, weight)
	each := max(grain/max(e.E, 1), 1)
	embeddingRegion.run(ceilDiv(len(tokens), each), embeddingArgs{e: e, rows: y, tokens: tokens, table: weight, each: each})
}

// Backward sets dweight (Vocab, E) to the gradient of the table: row v is the sum
// of the rows i of dy for which tokens[i] is v, in their order.
func (e Embedding) Backward(dweight []float32, tokens []int, dy []float32) {
	e.check(dy, tokens, dweight)
	Fill(dweight, 0)
	// Columns are cut, not tokens or the vocabulary: the work is the same for each
	// piece however the tokens are spread.
	const columns = 32
	each := min(max(columns, grain/max(len(tokens), 1)), max(e.E, 1))
	embeddingGradRegion.run(ceilDiv(e.E, each), embeddingArgs{e: e, rows: dy, tokens: tokens, table: dweight, each: each})
}

// check panics unless the arrays fit the shape.
func (e Embedding) check(rows []float32, tokens []int, table []float32) {
	sameLength(len(rows), len(tokens)*e.E)
	sameLength(len(table), e.Vocab*e.E)
}

type embeddingArgs struct {
	e      Embedding
	rows   []float32 // of the tokens
	tokens []int
	table  []float32
	each   int // tokens or columns of a piece
}

var embeddingRegion = newRegion(func(a *embeddingArgs, piece int) {
	e := a.e.E
	for i := piece * a.each; i < min((piece+1)*a.each, len(a.tokens)); i++ {
		copy(a.rows[i*e:][:e], a.table[a.tokens[i]*e:])
	}
})

var embeddingGradRegion = newRegion(func(a *embeddingArgs, piece int) {
	add, e := elementwise.get().add, a.e.E
	first, end := piece*a.each, min((piece+1)*a.each, e)
	for i, token := range a.tokens {
		row := a.table[token*e+first : token*e+end]
		add(row, row, a.rows[i*e+first:i*e+end])
	}
})
