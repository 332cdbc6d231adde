package dataset

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/pkg/errors"
)

// Config says what a [Loader] makes of a split.
type Config struct {
	// BatchSize is the number of images in a batch: at least 1, and at most the
	// number of images in the split.
	BatchSize int

	// Shuffle reads the images in another order in every epoch, drawn from
	// Seed. Without it they come in their own order.
	Shuffle bool

	// Repeats takes each image of the order that many times in a row, each time with
	// random draws of its own, so that an epoch of the same length sees only a part
	// of the images (Hoffer et al., "Augment your batch", 2020; torchvision's
	// RASampler on one machine). 0 and 1 take it once.
	Repeats int

	// DropLast leaves out the last batch of an epoch if it is not full. By
	// default that batch is smaller.
	DropLast bool

	// Pipeline makes the input of the model from an image. All images must come
	// out of it in one shape.
	Pipeline Pipeline

	// Seed keys every random draw, together with its purpose, the epoch and
	// the index of the image.
	Seed uint64

	// Workers is the number of goroutines that read and transform images;
	// default GOMAXPROCS. It has no influence on the batches.
	Workers int

	// Prefetch is how many batches are made ahead of the one that Next returns
	// next, also those of the following epoch; default 2.
	Prefetch int

	// Log receives a warning for each image that cannot be decoded, once;
	// default slog.Default().
	Log *slog.Logger
}

// Loader serves a split in batches, epoch after epoch without end. It is to be
// used by one goroutine, and closed by it.
//
// An image that cannot be decoded (see [DecodeError]) is left out, warned of
// and counted. A loader that shuffles, for training, puts another image drawn
// at random in its place, so that batches stay full; one that does not, for
// evaluation, makes that batch smaller, so that no image counts twice.
type Loader struct {
	data    Dataset
	config  Config
	c, h, w int // of a transformed image
	batches int // of an epoch

	epoch, batch int // what Next returns next
	served       int // batches of this epoch that were not empty
	run          *run
	pending      *Batch // taken from the run and not ready yet
	err          error
	closed       bool

	free    chan *Batch
	skipped atomic.Int64
	warned  sync.Map // indices of the images that were warned of
}

// NewLoader returns a loader that begins with the first batch of epoch 0. It
// checks that the pipeline fits the images, and reads nothing yet.
func NewLoader(data Dataset, config Config) (*Loader, error) {
	if config.Workers == 0 {
		config.Workers = runtime.GOMAXPROCS(0)
	}
	if config.Prefetch == 0 {
		config.Prefetch = 2
	}
	if config.Repeats == 0 {
		config.Repeats = 1
	}
	n := data.Len()
	switch {
	case config.BatchSize < 1:
		return nil, errors.Errorf("batch size %d: want at least 1", config.BatchSize)
	case config.BatchSize > n:
		return nil, errors.Errorf("batch size %d is larger than the data set, which has %d images", config.BatchSize, n)
	case config.Repeats < 0:
		return nil, errors.Errorf("%d repeats: want at least 1, or 0 for 1", config.Repeats)
	case config.Workers < 0:
		return nil, errors.Errorf("%d workers: want at least 1, or 0 for one a processor", config.Workers)
	case config.Prefetch < 0:
		return nil, errors.Errorf("prefetch %d: want at least 1, or 0 for 2", config.Prefetch)
	}
	c, h, w, err := config.Pipeline.Shape(data.Shape())
	if err != nil {
		return nil, err
	}
	if c == 0 || h == 0 || w == 0 {
		return nil, errors.Errorf("images leave the pipeline with shape (%d, %d, %d), where 0 varies: add a resize or a crop to one size", c, h, w)
	}
	batches := n / config.BatchSize
	if n%config.BatchSize != 0 && !config.DropLast {
		batches++
	}
	return &Loader{
		data: data, config: config,
		c: c, h: h, w: w,
		batches: batches,
		// In use at once: what is ahead, what Next waits for, the caller's.
		free: make(chan *Batch, config.Prefetch+2),
	}, nil
}

// size is the number of values of an image.
func (l *Loader) size() int { return l.c * l.h * l.w }

// Batches returns the number of batches in an epoch.
func (l *Loader) Batches() int { return l.batches }

// Bytes returns the size of the batches that are in use at once, that of the caller
// included.
func (l *Loader) Bytes() int64 {
	return 4 * int64(cap(l.free)) * int64(l.config.BatchSize) * int64(l.size())
}

// Skipped returns how many times an image was left out because it could not be
// decoded, in what has been read ahead as well.
func (l *Loader) Skipped() int { return int(l.skipped.Load()) }

// Position returns the epoch and the batch that Next returns next. With it,
// [Loader.Seek] continues an interrupted run.
func (l *Loader) Position() (epoch, batch int) { return l.epoch, l.batch }

// Seek makes Next continue with a batch of an epoch, both counted from 0. The
// batch after the last, Batches(), is the end of the epoch. It also clears the
// error of an earlier Next.
func (l *Loader) Seek(epoch, batch int) error {
	if epoch < 0 || batch < 0 || batch > l.batches {
		return errors.Errorf("epoch %d, batch %d: want an epoch from 0 and a batch from 0 to %d", epoch, batch, l.batches)
	}
	l.stop()
	l.epoch, l.batch, l.served, l.err = epoch, batch, batch, nil
	return nil
}

// Next returns the next batch. At the end of an epoch it returns io.EOF once,
// and then continues with the next epoch.
//
// When ctx is done it returns ctx's error and loses nothing: a later Next
// returns the batch. Any other error is returned again until [Loader.Seek].
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	if l.closed {
		return nil, errors.New("the loader is closed")
	}
	if l.err != nil {
		return nil, l.err
	}
	for l.batch < l.batches {
		b, err := l.await(ctx)
		if err != nil {
			return nil, err
		}
		if b.err != nil {
			l.err = errors.WithMessagef(b.err, "epoch %d, batch %d", b.Epoch, b.Index)
			b.Release()
			return nil, l.err
		}
		l.batch++
		if len(b.Labels) > 0 {
			l.served++
			return b, nil
		}
		b.Release() // none of its images could be decoded
	}
	if l.served == 0 {
		l.err = errors.Errorf("none of the %d images could be decoded", l.data.Len())
		return nil, l.err
	}
	l.epoch, l.batch, l.served = l.epoch+1, 0, 0
	return nil, io.EOF
}

// await returns the next batch of the run when it is ready.
func (l *Loader) await(ctx context.Context) (*Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if l.run == nil {
		l.run = l.start()
	}
	if l.pending == nil {
		select {
		case l.pending = <-l.run.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	select {
	case <-l.pending.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b := l.pending
	l.pending = nil
	return b, nil
}

// Close stops the loader's goroutines and returns when they have ended.
// Batches that have not been released stay valid.
func (l *Loader) Close() {
	l.stop()
	l.closed = true
}

// stop ends the run, if there is one.
func (l *Loader) stop() {
	if l.run != nil {
		l.run.stop()
		l.run, l.pending = nil, nil
	}
}

// skip counts an image that could not be decoded, and warns of it once.
func (l *Loader) skip(index int, err error) {
	l.skipped.Add(1)
	if _, before := l.warned.LoadOrStore(index, true); !before {
		orDefault(l.config.Log).Warn("an image is skipped", slog.String("error", err.Error()))
	}
}
