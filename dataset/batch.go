package dataset

import (
	"sync"
	"sync/atomic"

	"gorgonia.org/tensor"
)

// Batch is some images of a split, ready for a model. It is the caller's until
// Release.
type Batch struct {
	Epoch, Index int // which batch of which epoch, both from 0

	Images  *tensor.Dense // float32 (N, C, H, W)
	Labels  []int         // (N)
	Indices []int         // (N): the images' places in the data set
	// Skipped counts those that could not be decoded, in whose place are others or none.
	Skipped int

	loader *Loader
	data   []float32     // the memory of Images, for a full batch
	full   *tensor.Dense // all of data
	plan   []int         // which images were to be read
	seen   []bool        // which of them were

	open     atomic.Int32  // pieces that workers have not finished
	done     chan struct{} // receives a value when there are none
	released atomic.Bool

	mu      sync.Mutex // guards what follows while workers fill the batch
	skipped int
	err     error
	failed  int // place in the batch of err
}

func newBatch(l *Loader) *Batch {
	n := l.config.BatchSize
	b := &Batch{
		loader:  l,
		data:    make([]float32, n*l.size()),
		Labels:  make([]int, n),
		Indices: make([]int, n),
		plan:    make([]int, n),
		seen:    make([]bool, n),
		done:    make(chan struct{}, 1),
	}
	b.full = b.tensor(n)
	return b
}

// tensor returns the first n images.
func (b *Batch) tensor(n int) *tensor.Dense {
	l := b.loader
	return tensor.New(tensor.WithShape(n, l.c, l.h, l.w), tensor.WithBacking(b.data[:n*l.size()]))
}

// Release gives the memory of the batch back to its loader, which will use it
// for another batch: neither b nor anything in it may be used afterwards. A
// batch that is never released costs memory and nothing else. Release may be
// called from any goroutine.
func (b *Batch) Release() {
	if b.released.Swap(true) {
		return
	}
	select {
	case b.loader.free <- b:
	default: // there are enough
	}
}

// begin makes b the batch of the given images.
func (b *Batch) begin(epoch, index int, plan []int) {
	b.Epoch, b.Index = epoch, index
	b.plan = append(b.plan[:0], plan...)
	b.Labels, b.Indices, b.seen = b.Labels[:len(plan)], b.Indices[:len(plan)], b.seen[:len(plan)]
	b.err, b.skipped = nil, 0
	b.released.Store(false)
}

// slot returns where image i of the batch goes.
func (b *Batch) slot(i int) []float32 {
	size := b.loader.size()
	return b.data[i*size : (i+1)*size]
}

// fail notes why image i could not be read. Of several errors the first in the
// batch stands, whichever worker comes first.
func (b *Batch) fail(i int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil || i < b.failed {
		b.err, b.failed = err, i
	}
}

// skip counts an image that could not be decoded.
func (b *Batch) skip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.skipped++
}

// finish closes the gaps of images that were left out, gives the tensor its
// shape, and says that the batch is ready.
func (b *Batch) finish() {
	n := 0
	for i, seen := range b.seen {
		if !seen {
			continue
		}
		if i != n {
			copy(b.slot(n), b.slot(i))
			b.Labels[n], b.Indices[n] = b.Labels[i], b.Indices[i]
		}
		n++
	}
	b.Labels, b.Indices, b.Skipped = b.Labels[:n], b.Indices[:n], b.skipped
	switch {
	case n == b.loader.config.BatchSize:
		b.Images = b.full
	case n > 0 && (b.Images == nil || b.Images.Shape()[0] != n):
		b.Images = b.tensor(n)
	}
	b.done <- struct{}{}
}
