package train

import (
	"context"
	"io"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// imageFeed is the part of a task that trains on images: where they come from.
type imageFeed struct {
	data   *dataset.Data
	loader *dataset.Loader
	batch  int // images
	each   int // batches of a step
	show   pictures
	first  []float32 // images of the first batch of an epoch
}

// load begins to prepare the training images of a run, of shape (c, h, w).
func (f *imageFeed) load(r *Run, c, h, w int, n dataset.Normalization) (err error) {
	p := r.config.Augment.pipeline(f.data, c, h, w)
	p.Normalize = n
	f.batch, f.each = r.config.BatchSize, r.config.Accumulate
	f.show = pictures{c, h, w, n}
	f.loader, err = dataset.NewLoader(f.data.Train, dataset.Config{
		BatchSize: f.batch, Shuffle: true, Repeats: r.config.Augment.RAReps, DropLast: true,
		Pipeline: p, Seed: r.config.Seed, Workers: r.options.Workers, Log: r.log,
	})
	return errors.Wrap(err, "training images")
}

// dataOptions are the settings of an image data set.
func (r *Run) dataOptions() dataset.Options {
	c := &r.config
	return dataset.Options{Seed: c.Seed, TrainLen: c.TrainLen, ValLen: c.ValLen, Log: r.log}
}

func (f *imageFeed) sizes() (train, val int) { return f.data.Train.Len(), f.data.Val.Len() }
func (f *imageFeed) epochSteps() int         { return f.loader.Batches() / f.each }
func (f *imageFeed) perStep() int            { return f.batch * f.each }

// Nothing but the parameters is carried on.
func (f *imageFeed) state() []weights.Tensor             { return nil }
func (f *imageFeed) restoreState(*weights.Archive) error { return nil }

func (f *imageFeed) seek(epoch, step int) error {
	if e, s := f.loader.Position(); e == epoch && s == step*f.each {
		return nil
	}
	return f.loader.Seek(epoch, step*f.each)
}

// next returns the next batch, and adds to the tally how long that took.
func (f *imageFeed) next(ctx context.Context, sums *tally) (*dataset.Batch, error) {
	begin := time.Now()
	b, err := f.loader.Next(ctx)
	sums.waited(begin)
	if err == nil {
		sums.SkippedImages += b.Skipped
	}
	if err == nil && b.Index == 0 {
		shown := min(len(b.Labels), 2*sheetColumns) * f.show.size()
		f.first = append(f.first[:0], b.Images.Float32s()[:shown]...)
	}
	return b, err
}

// exhibits are some of the images that the epoch began with, as the model saw them.
func (f *imageFeed) exhibits() ([]exhibit, error) {
	if len(f.first) == 0 {
		return nil, nil // the run went on within the epoch
	}
	sheet, err := f.show.sheet(f.first, sheetColumns)
	return []exhibit{{name: "training_images", picture: sheet}}, err
}

// skipped counts the training images that could not be decoded.
func (f *imageFeed) skipped() int { return f.loader.Skipped() }

// finish takes the end of the epoch from the loader, which goes on to the next. It
// leaves batches that are no step.
func (f *imageFeed) finish(ctx context.Context) error {
	if f.loader.Batches()%f.each != 0 {
		return nil
	}
	if _, err := f.loader.Next(ctx); err != io.EOF {
		return err
	}
	return nil
}

// stop ends the goroutines that prepare images.
func (f *imageFeed) stop() {
	if f.loader != nil {
		f.loader.Close()
	}
}
