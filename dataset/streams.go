package dataset

import (
	"sort"

	"github.com/pkg/errors"
)

// Streams serves a corpus to a recurrent model, whose state runs on from one
// batch to the next: each of the rows of a batch reads its own contiguous part
// of the corpus, in windows of some steps. It is to be used by one goroutine.
//
// The rows are equally long, as in torch's word_language_model: the corpus is
// cut into batch parts, and the tokens that are over at the end are left out. A
// row predicts each of its tokens but the first.
//
// No window reaches over the end of a document. The last of a document is
// filled up with places whose label is [IgnoreIndex], and the next window begins
// the next document. A row that ends before the longest does so too.
type Streams struct {
	corpus       *Corpus
	batch, steps int
	windows      [][]window // of each row
	batches      int
	next         int
}

// window is a part of a corpus from which a model predicts.
type window struct {
	start  int32
	labels int32 // places that have one
	reset  bool  // what was before is another text
}

// NewStreams returns the streams of batch rows and windows of steps tokens, at
// the beginning of an epoch.
func NewStreams(c *Corpus, batch, steps int) (*Streams, error) {
	if err := checkWindows(c.Len(), batch, steps, "steps"); err != nil {
		return nil, err
	}
	s := &Streams{corpus: c, batch: batch, steps: steps, windows: make([][]window, batch)}
	length := c.Len() / batch
	for row := range s.windows {
		s.windows[row] = c.windows(row*length, (row+1)*length, steps)
		s.batches = max(s.batches, len(s.windows[row]))
	}
	if s.batches == 0 {
		return nil, errors.Errorf("%d documents of %s have nothing to predict: want one of 2 tokens or more", len(c.starts), counted(c.Len(), "token"))
	}
	return s, nil
}

// windows cuts the tokens from start to end into windows of steps places, in
// each document anew.
func (c *Corpus) windows(start, end, steps int) []window {
	var list []window
	for start < end {
		stop := min(c.documentEnd(start), end)
		for at := start; at < stop-1; at += steps {
			list = append(list, window{int32(at), int32(min(steps, stop-1-at)), at == start})
		}
		start = stop
	}
	return list
}

// documentEnd returns the end of the document in which token i is.
func (c *Corpus) documentEnd(i int) int {
	if next := sort.SearchInts(c.starts, i+1); next < len(c.starts) {
		return c.starts[next]
	}
	return len(c.tokens)
}

// Batches returns the number of batches in an epoch.
func (s *Streams) Batches() int { return s.batches }

// Position returns the batch of the epoch that Next returns next.
func (s *Streams) Position() int { return s.next }

// Seek makes Next continue with a batch, counted from 0; Batches() is the end of
// the epoch. The state of a model does not come with it.
func (s *Streams) Seek(batch int) error {
	if batch < 0 || batch > s.batches {
		return errors.Errorf("batch %d: want 0 to %d", batch, s.batches)
	}
	s.next = batch
	return nil
}

// Next writes the next windows: the tokens to x and the token after each to y,
// both (batch, steps), and to reset which rows begin a document, or their part
// of one, so that their state must be zero. At the end of an epoch it returns
// false once, and then continues with the first batch again.
func (s *Streams) Next(x, y []int, reset []bool) bool {
	if s.next == s.batches {
		s.next = 0
		return false
	}
	for row, list := range s.windows {
		w := window{reset: true} // of a row that has ended: no labels
		if s.next < len(list) {
			w = list[s.next]
		}
		from, to := row*s.steps, (row+1)*s.steps
		s.corpus.window(int(w.start), int(w.labels), x[from:to], y[from:to])
		reset[row] = w.reset
	}
	s.next++
	return true
}
