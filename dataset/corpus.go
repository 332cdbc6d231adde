package dataset

import (
	"math"
	"sort"
	"strconv"

	"github.com/pkg/errors"
)

// IgnoreIndex is the label of places where there is nothing to predict: torch's
// default of the loss that leaves them out.
const IgnoreIndex = -100

// Corpus is encoded text: the tokens of one document or several, one after the
// other. It does not change and may be read by several goroutines.
type Corpus struct {
	tokens []int32
	starts []int // of the documents, rising from 0
}

// NewCorpus returns the corpus of the tokens of some documents, of which those
// without tokens do not count.
func NewCorpus(documents ...[]int) (*Corpus, error) {
	c := new(Corpus)
	for i, document := range documents {
		tokens := make([]int32, len(document))
		for j, token := range document {
			if token < 0 || token > math.MaxInt32 {
				return nil, errors.Errorf("document %d: token %d is %d: want 0 to %d", i, j, token, math.MaxInt32)
			}
			tokens[j] = int32(token)
		}
		c.add(tokens)
	}
	return c, nil
}

// add adds a document.
func (c *Corpus) add(tokens []int32) {
	if len(tokens) > 0 {
		c.starts = append(c.starts, len(c.tokens))
		c.tokens = append(c.tokens, tokens...)
	}
}

// Len returns the number of tokens.
func (c *Corpus) Len() int { return len(c.tokens) }

// Tokens returns the tokens. They are not to be changed.
func (c *Corpus) Tokens() []int32 { return c.tokens }

// Documents returns where documents begin, rising from 0; each ends where the
// next begins. They are not to be changed.
func (c *Corpus) Documents() []int { return c.starts }

// split returns the first n tokens and the others. A document that reaches
// over the border becomes two.
func (c *Corpus) split(n int) (first, rest *Corpus) {
	k := sort.SearchInts(c.starts, n) // documents that begin before n
	first = &Corpus{c.tokens[:n:n], c.starts[:k:k]}
	rest = &Corpus{tokens: c.tokens[n:]}
	if n < c.Len() && (k == len(c.starts) || c.starts[k] > n) {
		rest.starts = append(rest.starts, 0)
	}
	for _, start := range c.starts[k:] {
		rest.starts = append(rest.starts, start-n)
	}
	return first, rest
}

// window copies the n tokens from start to x and the token after each to y, and
// fills what x and y have beyond with a token of the vocabulary and with
// [IgnoreIndex]. The token after the last must be there.
func (c *Corpus) window(start, n int, x, y []int) {
	for i, token := range c.tokens[start : start+n] {
		x[i] = int(token)
		y[i] = int(c.tokens[start+i+1])
	}
	for i := n; i < len(x); i++ {
		x[i], y[i] = int(c.tokens[0]), IgnoreIndex
	}
}

// checkWindows reports a batch of windows that cannot be cut from n tokens: each
// of its rows wants tokens of its own, of steps places and the one after.
func checkWindows(n, batch, steps int, places string) error {
	switch {
	case batch < 1:
		return errors.Errorf("batch size %d: want at least 1", batch)
	case steps < 1:
		return errors.Errorf("%d %s: want at least 1", steps, places)
	case batch > n || steps >= n/batch:
		return errors.Errorf("%s of text are too few for %s of %d %s: want %d times %d",
			counted(n, "token"), counted(batch, "row"), steps, places, batch, steps+1)
	}
	return nil
}

// counted returns a number of things, with the plural of their name.
func counted(n int, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return strconv.Itoa(n) + " " + name + "s"
}
