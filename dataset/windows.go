package dataset

import (
	"math/bits"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// Windows serves a corpus in windows drawn at random, to train a model that
// reads each window on its own. They may begin anywhere and run on from one
// document into the next, as nanoGPT's. It may be used by several goroutines.
type Windows struct {
	corpus         *Corpus
	batch, context int
	seed           uint64
}

// NewWindows returns windows of context tokens, batch of them at a time.
func NewWindows(c *Corpus, batch, context int, seed uint64) (*Windows, error) {
	if err := checkCover(c, batch, context); err != nil {
		return nil, err
	}
	if c.Len() <= context {
		return nil, errors.Errorf("%s of text are too few for a window of %d: want at least %d", counted(c.Len(), "token"), context, context+1)
	}
	return &Windows{c, batch, context, seed}, nil
}

// At writes the windows of a training step, which depend on nothing but the
// seed and the step: the tokens to x and the token after each to y, both
// (batch, context).
func (w *Windows) At(step int, x, y []int) {
	source := rng.New(w.seed, "windows", uint64(step))
	starts := uint64(w.corpus.Len() - w.context)
	for row := range w.batch {
		// The upper half of the product is uniform over the starts.
		start, _ := bits.Mul64(source.Uint64(), starts)
		from, to := row*w.context, (row+1)*w.context
		w.corpus.window(int(start), w.context, x[from:to], y[from:to])
	}
}

// Cover serves a corpus in windows side by side, to evaluate a model on each
// token but the first once. It may be used by several goroutines.
type Cover struct {
	corpus         *Corpus
	batch, context int
	windows        int
}

// NewCover returns the windows of context tokens that cover the corpus, batch of
// them at a time. The last window may be shorter, and the last batch may have
// fewer; what is missing has the label [IgnoreIndex].
func NewCover(c *Corpus, batch, context int) (*Cover, error) {
	if err := checkCover(c, batch, context); err != nil {
		return nil, err
	}
	predicted := c.Len() - 1
	return &Cover{c, batch, context, 1 + (predicted-1)/context}, nil
}

// checkCover reports windows that cannot be.
func checkCover(c *Corpus, batch, context int) error {
	switch {
	case batch < 1:
		return errors.Errorf("batch size %d: want at least 1", batch)
	case context < 1:
		return errors.Errorf("context of %d tokens: want at least 1", context)
	case c.Len() < 2:
		return errors.Errorf("%s of text: want at least 2, or there is nothing to predict", counted(c.Len(), "token"))
	}
	return nil
}

// Batches returns the number of batches.
func (c *Cover) Batches() int { return 1 + (c.windows-1)/c.batch }

// At writes batch i: the tokens to x and the token after each to y, both
// (batch, context).
func (c *Cover) At(i int, x, y []int) {
	for row := range c.batch {
		start := min((i*c.batch+row)*c.context, c.corpus.Len()-1)
		from, to := row*c.context, (row+1)*c.context
		c.corpus.window(start, min(c.context, c.corpus.Len()-1-start), x[from:to], y[from:to])
	}
}
