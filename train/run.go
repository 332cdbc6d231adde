package train

import (
	"fmt"
	"log/slog"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
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
	// Done counts the images seen in this session of the run, evaluation included,
	// and Total those that there are to see.
	Done, Total int
}

// Run is a training run of one classifier on one data set. It is to be used by
// one goroutine.
type Run struct {
	config   Config
	options  Options
	dir      folder
	log      *slog.Logger
	logFile  *logFile
	data     *dataset.Data
	model    *zoo.Model
	meta     weights.Meta
	params   *graph.Params
	solver   Solver
	schedule Schedule

	stepsPerEpoch int
	progress      progress

	program *graph.Program
	loader  *dataset.Loader
	labels  []int
	eval    *evaluator
}

// New prepares a run and makes its folder. The run must be closed.
//
// What it reports without having left anything on the disk: settings that cannot
// be, a data set that is missing or damaged, a batch that is larger than the data
// set, and a folder that holds a run already or cannot be written.
func New(c Config, o Options) (*Run, error) {
	r, err := prepare(c, o)
	if err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Resume prepares a run to go on where its last.ckpt was written. Options.Dir and
// Options.Overwrite do not count. The run must be closed.
func Resume(dir string, o Options) (*Run, error) {
	o.Dir = dir
	c, err := folder(dir).readConfig()
	if err != nil {
		return nil, err
	}
	a, err := weights.Load(folder(dir).path(LastFile))
	if err != nil {
		return nil, errors.Wrap(err, "cannot resume")
	}
	c.Init, c.InitSkip = "", nil // the checkpoint has all weights
	r, err := prepare(c, o)
	if err != nil {
		return nil, err
	}
	if err := r.goOn(a); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// prepare makes everything of a run but its folder.
func prepare(c Config, o Options) (_ *Run, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	r := &Run{config: c, options: o, dir: folder(o.Dir), logFile: new(logFile)}
	r.log = newLogger(r.logFile, o.Log)
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if r.data, err = openData(c.Data, dataset.Options{Seed: c.Seed, TrainLen: c.TrainLen, ValLen: c.ValLen, Log: r.log}); err != nil {
		return nil, err
	}
	if r.model, err = r.config.model(r.data); err != nil {
		return nil, err
	}
	if err := r.config.resolve(r.model, r.data); err != nil {
		return nil, err
	}
	if r.meta, err = r.config.meta(r.model, r.data); err != nil {
		return nil, err
	}
	r.progress = progress{Best: -1, TrainImages: r.data.Train.Len(), ValImages: r.data.Val.Len()}
	for _, step := range []func() error{r.makeLoader, r.makeProgram, r.makeSolver} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// openData opens a data set whose splits have the same classes.
func openData(spec string, o dataset.Options) (*dataset.Data, error) {
	d, err := dataset.Open(spec, o)
	if err != nil {
		return nil, err
	}
	if t, v := len(d.Train.Classes()), len(d.Val.Classes()); t != v {
		return nil, errors.Errorf("%s: %d classes for training, but %d for validation", spec, t, v)
	}
	return d, nil
}

func (r *Run) makeLoader() (err error) {
	c, h, w := r.model.Input()
	p := r.config.Augment.pipeline(r.data, c, h, w)
	p.Normalize = r.config.normalization()
	r.loader, err = dataset.NewLoader(r.data.Train, dataset.Config{
		BatchSize: r.config.BatchSize, Shuffle: true, DropLast: true,
		Pipeline: p, Seed: r.config.Seed, Workers: r.options.Workers, Log: r.log,
	})
	if err != nil {
		return errors.Wrap(err, "training images")
	}
	r.stepsPerEpoch = r.loader.Batches()
	return nil
}

func (c *Config) normalization() dataset.Normalization {
	return dataset.Normalization{Mean: c.Mean, Std: c.Std}
}

func (r *Run) makeProgram() error {
	c := &r.config
	r.params = graph.NewParams(c.Seed)
	g, err := r.model.LossGraph(r.params, graph.Train, c.BatchSize, zoo.Loss{LabelSmoothing: c.LabelSmoothing})
	if err != nil {
		return err
	}
	if r.program, err = graph.NewProgram(g); err != nil {
		return err
	}
	r.labels = make([]int, c.BatchSize)
	if err := r.program.Let("y", tensor.New(tensor.WithShape(c.BatchSize), tensor.WithBacking(r.labels))); err != nil {
		return err
	}
	val := r.data.ValPipeline(r.model.Input())
	val.Normalize = c.normalization()
	r.eval, err = newEvaluator(r.model, r.params, r.data.Val, val, r.options.Workers, r.log)
	return err
}

func (r *Run) makeSolver() (err error) {
	c := &r.config
	if r.solver, err = c.Optimizer.Solver(r.params); err != nil {
		return errors.Wrap(err, "optimizer")
	}
	r.schedule, err = c.Schedule.Schedule(c.Optimizer.LR, c.Epochs, r.stepsPerEpoch)
	return errors.Wrap(err, "schedule")
}

// begin makes the folder of a new run.
func (r *Run) begin() error {
	if err := r.loadInit(); err != nil {
		return err
	}
	if err := r.dir.create(r.options.Overwrite); err != nil {
		return err
	}
	if err := r.attachLog(); err != nil {
		return err
	}
	if err := r.dir.writeConfig(&r.config); err != nil {
		return err
	}
	r.log.Info("begin", r.describe()...)
	return r.save()
}

// loadInit takes the first weights from a file if the settings say so.
func (r *Run) loadInit() error {
	if r.config.Init == "" {
		return nil
	}
	a, err := weights.Load(r.config.Init)
	if err != nil {
		return err
	}
	return errors.Wrap(a.Into(r.params, weights.Skip(r.config.InitSkip...)), r.config.Init)
}

// goOn brings a run to where a checkpoint was made.
func (r *Run) goOn(a *weights.Archive) error {
	if err := r.restore(a); err != nil {
		return errors.Wrap(err, r.dir.path(LastFile))
	}
	if err := r.attachLog(); err != nil {
		return err
	}
	r.log.Info("resume", append(r.describe(), slog.Int("epoch", r.progress.Epoch+1), slog.Int("step", r.progress.Step))...)
	return nil
}

func (r *Run) attachLog() error {
	f, err := r.dir.openLog()
	if err != nil {
		return err
	}
	return r.logFile.attach(f)
}

func (r *Run) describe() []any {
	c, h, w := r.model.Input()
	return []any{
		slog.String("model", r.model.Name()), slog.Int("parameters", r.params.Count()),
		slog.String("input", fmt.Sprintf("%dx%dx%d", c, h, w)),
		slog.String("data", r.config.Data), slog.Int("classes", r.model.Classes()),
		slog.Int("train", r.data.Train.Len()), slog.Int("val", r.data.Val.Len()),
		slog.Int("epochs", r.config.Epochs), slog.Int("steps_per_epoch", r.stepsPerEpoch),
		slog.Uint64("seed", r.config.Seed),
	}
}

// Config returns the settings of the run, with what they left open filled in.
func (r *Run) Config() Config { return r.config }

// Dir returns the run folder.
func (r *Run) Dir() string { return string(r.dir) }

// Model returns the model that is trained.
func (r *Run) Model() *zoo.Model { return r.model }

// Params returns the weights as they are now.
func (r *Run) Params() *graph.Params { return r.params }

// Data returns the data set.
func (r *Run) Data() *dataset.Data { return r.data }

// History returns the results of the epochs that are completed.
func (r *Run) History() []EpochResult { return r.progress.History }

// Best returns the result of the best epoch so far, by top-1 on the validation
// images; the zero EpochResult if there is none.
func (r *Run) Best() EpochResult {
	if r.progress.Best < 0 {
		return EpochResult{}
	}
	return r.progress.History[r.progress.Best]
}

// Done reports whether all epochs are completed.
func (r *Run) Done() bool { return r.progress.Epoch >= r.config.Epochs }

// steps returns the number of steps of the run so far.
func (r *Run) steps() int { return r.progress.Epoch*r.stepsPerEpoch + r.progress.Step }

// Close ends the goroutines of the run and frees its programs.
func (r *Run) Close() error {
	if r.loader != nil {
		r.loader.Close()
	}
	if r.eval != nil {
		r.eval.close()
	}
	if r.program != nil {
		r.program.Close()
	}
	return r.logFile.Close()
}

// save writes last.ckpt.
func (r *Run) save() error {
	a, err := r.checkpoint()
	if err != nil {
		return err
	}
	return a.Save(r.dir.path(LastFile))
}
