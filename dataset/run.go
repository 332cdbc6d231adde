package dataset

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// run is a loader at work: one goroutine that plans the batches, and the workers
// that fill them. Batches are handed out in the order of the plan, and each
// image is drawn from generators of its own, so that it does not matter which
// worker fills which piece when.
type run struct {
	loader *Loader
	ready  chan *Batch // planned, in order; each says itself when it is filled
	pieces chan piece
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// piece is some neighbouring images of a batch.
type piece struct {
	batch    *Batch
	from, to int
}

// pieceLen is the number of images that a worker takes at once: many enough for
// small images, of some microseconds each, not to be slowed by the handing out,
// and few enough for workers to share a batch of large ones.
const pieceLen = 4

// start begins with the batch at the loader's position.
func (l *Loader) start() *run {
	r := &run{
		loader: l,
		ready:  make(chan *Batch, l.config.Prefetch-1), // and one waits to be sent
		pieces: make(chan piece, l.config.Workers),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	epoch, batch := l.epoch, l.batch
	r.wg.Go(func() { r.plan(epoch, batch) })
	for range l.config.Workers {
		r.wg.Go(r.work)
	}
	return r
}

// stop ends the goroutines and waits for them.
func (r *run) stop() {
	r.cancel()
	r.wg.Wait()
}

// plan hands out batches from the given one on, until the run is stopped.
func (r *run) plan(epoch, batch int) {
	defer close(r.pieces)
	l := r.loader
	size, n := l.config.BatchSize, l.data.Len()
	order := make([]int, n)
	for ; ; epoch, batch = epoch+1, 0 {
		l.order(order, epoch)
		for ; batch < l.batches; batch++ {
			b := l.buffer()
			b.begin(epoch, batch, order[batch*size:min((batch+1)*size, n)])
			if !r.hand(b) {
				return
			}
		}
	}
}

// order fills order with the indices of the images in their order.
func (l *Loader) order(order []int, epoch int) {
	for i := range order {
		order[i] = i
	}
	if l.config.Shuffle {
		rand.New(rng.New(l.config.Seed, "shuffle", uint64(epoch))).Shuffle(len(order), func(i, j int) {
			order[i], order[j] = order[j], order[i]
		})
	}
	for i := len(order) - 1; i > 0; i-- { // those before i are as they were
		order[i] = order[i/l.config.Repeats]
	}
}

// draws names the random draws for image i of a batch: by the epoch and the index
// of the image, and where it is repeated by which time it is.
func (l *Loader) draws(b *Batch, i, index int) rng.Source {
	if again := (b.Index*l.config.BatchSize + i) % l.config.Repeats; again > 0 {
		return *rng.New(l.config.Seed, "augment", uint64(b.Epoch), uint64(index), uint64(again))
	}
	return *rng.New(l.config.Seed, "augment", uint64(b.Epoch), uint64(index))
}

// buffer returns a batch that was released, or a new one.
func (l *Loader) buffer() *Batch {
	select {
	case b := <-l.free:
		return b
	default:
		return newBatch(l)
	}
}

// hand gives a batch to the workers and to Next. It reports false if the run has
// been stopped.
func (r *run) hand(b *Batch) bool {
	n := len(b.plan)
	b.open.Store(int32((n + pieceLen - 1) / pieceLen))
	for from := 0; from < n; from += pieceLen {
		select {
		case r.pieces <- piece{b, from, min(from+pieceLen, n)}:
		case <-r.ctx.Done():
			return false
		}
	}
	select {
	case r.ready <- b:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// work fills pieces until there are no more, or the run is stopped.
func (r *run) work() {
	w := newWorker(r.loader)
	for p := range r.pieces {
		for i := p.from; i < p.to; i++ {
			if r.ctx.Err() != nil {
				break
			}
			seen, err := w.fill(p.batch, i)
			if err != nil {
				p.batch.fail(i, err)
			}
			p.batch.seen[i] = seen
		}
		if p.batch.open.Add(-1) == 0 {
			p.batch.finish()
		}
	}
}

// worker reads and transforms images one after the other, in memory of its own.
type worker struct {
	loader *Loader
	image  Image
	source rng.Source
	rand   *rand.Rand // reads source
}

func newWorker(l *Loader) *worker {
	w := &worker{loader: l}
	w.rand = rand.New(&w.source)
	return w
}

// replacements is how many images are tried in the place of one that cannot be
// decoded.
const replacements = 100

// fill reads image i of the batch, or one in its place. It reports false if the
// image is left out.
func (w *worker) fill(b *Batch, i int) (ok bool, err error) {
	l, index := w.loader, b.plan[i]
	err = w.read(b, i, index)
	if !isDecodeError(err) {
		return err == nil, err
	}
	l.skip(index, err)
	b.skip()
	if !l.config.Shuffle {
		return false, nil
	}
	r := rand.New(rng.New(l.config.Seed, "replace", uint64(b.Epoch), uint64(index)))
	for range replacements {
		if err = w.read(b, i, r.IntN(l.data.Len())); !isDecodeError(err) {
			return err == nil, err
		}
	}
	return false, errors.WithMessagef(err, "%d images in turn could not be decoded, the last", replacements)
}

func isDecodeError(err error) bool {
	if err == nil {
		return false // the usual case takes no memory
	}
	var d *DecodeError
	return errors.As(err, &d)
}

// read makes image i of the batch of an image of the data set. A panic in the
// data set or in a transform, which may be the user's, becomes an error.
func (w *worker) read(b *Batch, i, index int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Errorf("image %d: panic: %v", index, p)
		}
	}()
	l := w.loader
	label, err := l.data.Get(index, &w.image)
	if err != nil {
		return errors.WithMessagef(err, "image %d", index)
	}
	w.source = l.draws(b, i, index)
	if err := l.config.Pipeline.Apply(&w.image, w.rand, b.slot(i)); err != nil {
		return errors.WithMessagef(err, "image %d", index)
	}
	b.Labels[i], b.Indices[i] = label, index
	return nil
}
