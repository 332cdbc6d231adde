package train

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Options are what a run needs besides its Config, without influence on its
// results.
type Options struct {
	// Dir is the run folder; default DefaultDir. New makes it.
	Dir string
	// Overwrite lets New take a folder in which there is a run already, whose files
	// it removes.
	Overwrite bool
	// IgnoreMemory begins a run that seems to need more memory than is free.
	IgnoreMemory bool
	// Pretrained finds the weights that Config.Pretrained names: the Archive of package
	// pretrained, which a program imports for it, since it grows by all of them.
	Pretrained func(model, data string) (*weights.Archive, error)
	// Workers is the number of goroutines that prepare images; default GOMAXPROCS.
	Workers int
	// Log receives warnings, which also go to the run's log.txt; default
	// slog.Default().
	Log *slog.Logger
	// Report is told how the run goes on; default nobody.
	Report Reporter
}

// Reporter is told how a run goes on. Its methods are called from the goroutine
// that trains, and must not block it.
type Reporter interface {
	// Progress is called after every batch.
	Progress(Progress)
	// Epoch is called after the evaluation that ends an epoch.
	Epoch(EpochResult)
}

// Progress is where a run is within an epoch.
type Progress struct {
	Epoch, Epochs  int // counted from 1
	Batch, Batches int // done, of the training or the evaluation of the epoch
	Evaluating     bool
	Loss           float64 // of the batch; 0 while evaluating
	LR             float64
	Step           int // of the run so far
	// DataShare is the part of the time of the epoch's steps in which they waited for
	// data, in [0, 1], and Skipped counts the training images that could not be decoded.
	DataShare float64
	Skipped   int
	// Done counts the images or tokens, which Unit says, that were seen since the run
	// began or was resumed, evaluation included, and Total those that there are to see.
	Done, Total int
	Unit        string
}

// Run is a training run of one model on one data set. It is to be used by one
// goroutine.
type Run struct {
	config   Config
	options  Options
	dir      folder
	log      *slog.Logger
	logFile  *logFile
	hold     *hold // of the folder, nil when nothing is to be written any more
	task     task
	model    *zoo.Model
	origin   *weights.Archive
	meta     weights.Meta
	params   *graph.Params
	solver   Solver
	schedule Schedule
	average  *Average // nil for none

	batch     int // of the step that is being made
	gradients accumulator

	stepsPerEpoch int
	progress      progress
	board         *board
}

// New prepares a run and makes its folder. The run must be closed.
//
// What it reports without having left anything on the disk: settings that cannot
// be, a data set that is missing or damaged, a batch that is larger than the data
// set, and a folder that holds a run already or cannot be written.
func New(c Config, o Options) (*Run, error) {
	r, err := fresh(c, o)
	if err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// fresh makes everything of a new run but its folder and its first weights.
func fresh(c Config, o Options) (*Run, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	origin, err := c.readInitial(o)
	if err != nil {
		return nil, err
	}
	return prepare(c, o, origin)
}

// prepare makes everything of a run but its folder. The archive is what the run
// starts from or goes on with, nil for nothing.
func prepare(c Config, o Options, origin *weights.Archive) (_ *Run, err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	r := &Run{config: c, options: o, origin: origin, dir: folder(o.Dir), logFile: new(logFile)}
	r.log = newLogger(r.logFile, o.Log)
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if r.task, err = newTask(r); err != nil {
		return nil, err
	}
	if err := r.task.open(); err != nil {
		return nil, err
	}
	if r.meta, err = r.describeModel(); err != nil {
		return nil, err
	}
	r.params = graph.NewParams(c.Seed)
	if err := r.task.compile(); err != nil {
		return nil, err
	}
	if r.meta.Recipe, err = r.config.recipe(); err != nil { // which is complete now
		return nil, err
	}
	if err := r.countSteps(); err != nil {
		return nil, err
	}
	r.progress = progress{Best: -1}
	r.progress.TrainItems, r.progress.ValItems = r.task.sizes()
	if r.solver, err = r.task.makeSolver(); err != nil {
		return nil, errors.Wrap(err, "optimizer")
	}
	r.schedule, err = c.Schedule.Schedule(r.config.ScaledLR(), c.Epochs, r.stepsPerEpoch)
	if err != nil {
		return nil, errors.Wrap(err, "schedule")
	}
	if err := r.fits(); err != nil {
		return nil, err
	}
	return r, nil
}

// describeModel returns what weights files say of the model.
func (r *Run) describeModel() (weights.Meta, error) {
	m := weights.Meta{Model: r.model.Name()}
	r.task.describe(&m)
	return m, m.SetConfig(r.model.Config())
}

// begin makes the folder of a new run.
func (r *Run) begin() error {
	if err := r.loadInitial(); err != nil {
		return err
	}
	if err := r.takeFolder(); err != nil {
		return err
	}
	if err := r.attachLog(); err != nil {
		return err
	}
	if err := r.dir.writeConfig(&r.config); err != nil {
		return err
	}
	r.log.Info("begin", r.describe()...)
	if err := r.openBoard(); err != nil {
		return err
	}
	if err := r.writeReport(); err != nil {
		return err
	}
	return r.save()
}

// takeFolder makes the folder and keeps other runs out of it.
func (r *Run) takeFolder() error {
	if err := r.dir.create(); err != nil {
		return err
	}
	h, err := r.dir.hold()
	if err != nil {
		return err
	}
	r.own(h)
	return r.dir.clear(r.options.Overwrite)
}

func (r *Run) attachLog() error {
	f, err := r.dir.openLog()
	if err != nil {
		return err
	}
	return r.logFile.attach(f)
}

func (r *Run) describe() []any {
	return []any{
		slog.String("model", r.model.Name()), slog.Int("parameters", r.params.Count()),
		slog.String("input", shapeText(r.model.InputShape())),
		slog.String("data", r.config.Data),
		slog.Int("train", r.progress.TrainItems), slog.Int("val", r.progress.ValItems),
		slog.Int("epochs", r.config.Epochs), slog.Int("steps_per_epoch", r.stepsPerEpoch),
		slog.Uint64("seed", r.config.Seed),
	}
}

// shapeText writes a shape as 3x32x32.
func shapeText(shape []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", "x"), "[]")
}

// Config returns the settings of the run, with what they left open filled in.
func (r *Run) Config() Config { return r.config }

// Dir returns the run folder.
func (r *Run) Dir() string { return string(r.dir) }

// Model returns the model that is trained.
func (r *Run) Model() *zoo.Model { return r.model }

// Params returns the weights as they are now.
func (r *Run) Params() *graph.Params { return r.params }

// TrainItems returns the number of training images, or tokens of a text.
func (r *Run) TrainItems() int { return r.progress.TrainItems }

// Unit is what the data set consists of: "images" or "tokens".
func (r *Run) Unit() string { return unitOf(r.model.Task()) }

func unitOf(t zoo.Task) string {
	if t == zoo.Language {
		return "tokens"
	}
	return "images"
}

// History returns the results of the epochs that are completed.
func (r *Run) History() []EpochResult { return r.progress.History }

// Best returns the result of the best epoch so far: by top-1 on the validation
// images or by the loss on the validation text; of a GAN, for which there is no
// such measure, the last one. It is the zero EpochResult if there is none.
func (r *Run) Best() EpochResult {
	if r.progress.Best < 0 {
		return EpochResult{}
	}
	return r.progress.History[r.progress.Best]
}

// Done reports whether all epochs are completed, or the run has stopped early.
func (r *Run) Done() bool { return r.progress.Epoch >= r.config.Epochs || r.StoppedEarly() }

// steps returns the number of steps of the run so far.
func (r *Run) steps() int { return r.progress.Epoch*r.stepsPerEpoch + r.progress.Step }

// Close ends the goroutines of the run, frees its programs and unlocks its folder.
func (r *Run) Close() error {
	if r.task != nil {
		r.task.close()
	}
	err := r.board.close()
	for _, e := range []error{r.logFile.Close(), r.hold.release()} {
		if err == nil {
			err = e
		}
	}
	return err
}

// save writes last.ckpt.
func (r *Run) save() error {
	a, err := r.checkpoint()
	if err != nil {
		return err
	}
	return r.writeLast(a)
}
