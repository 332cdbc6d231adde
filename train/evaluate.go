package train

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// EvalConfig says what Evaluate measures.
type EvalConfig struct {
	// Weights is a file of weights, or a run folder, whose best weights are taken.
	// Archive is given instead of it for weights that are in memory; it may be changed.
	Weights string
	Archive *weights.Archive
	// Map, NoStrict and AdaptInput make them fit; see Initial.
	Map                  string
	NoStrict, AdaptInput bool
	// Model is the name of a registered model; default the one that the file names.
	// Architecture is what differs from its registered configuration; default what
	// the file says, if it is for the same model.
	Model        string
	Architecture yaml.Node
	// Data is the specification of a data set, of which the validation split is
	// measured. Seed and ValLen choose the images of glyphs, or the sentences; ValLen
	// 0 for its default.
	Data   string
	Seed   uint64
	ValLen int
	// InputSize is the height and width of the model's input; 0 for what the file
	// says, or else the data set.
	InputSize int
	// Mean and Std normalise pixels in [0, 1], one value a channel; none for what
	// the file says, or else for the usual ones of the data set.
	Mean, Std []float32

	// Workers is the number of goroutines that prepare images; default GOMAXPROCS.
	Workers int
	// Log receives warnings; default slog.Default().
	Log *slog.Logger
	// Progress, if not nil, is told after every batch how many of the images or tokens are
	// done.
	Progress func(done, total int)
}

// Evaluation is the result of Evaluate. Its JSON is what zoo-train eval --json
// prints; a loss that is not finite is null there.
type Evaluation struct {
	Task  zoo.Task
	Model string
	N     int     // images or tokens
	Loss  float64 // mean cross-entropy, in nats
	// Wrong counts the images that are wrong by top-1; Top1 and Top5 are parts of the
	// images, in [0, 1]. Language models do without.
	Wrong      int
	Top1, Top5 float64
	// Token is what the tokens of a language model are, "character" or "word".
	Token   string
	Seconds float64

	// Metrics has all that was counted of a classifier, and Skipped the images that
	// could not be decoded, which count nowhere.
	Metrics Metrics
	Skipped int
	// Classes are the names of the classes.
	Classes []string
}

// Perplexity is that of a language model: exp(Loss).
func (e Evaluation) Perplexity() float64 { return math.Exp(e.Loss) }

// MarshalJSON writes one object.
func (e Evaluation) MarshalJSON() ([]byte, error) {
	if e.Task == zoo.Language {
		return json.Marshal(struct {
			Model      string  `json:"model"`
			N          int     `json:"n"`
			Loss       finite  `json:"loss"`
			Perplexity finite  `json:"perplexity"`
			Token      string  `json:"token"`
			Seconds    float64 `json:"seconds"`
		}{e.Model, e.N, finite(e.Loss), finite(e.Perplexity()), e.Token, e.Seconds})
	}
	return json.Marshal(struct {
		Model   string  `json:"model"`
		N       int     `json:"n"`
		Wrong   int     `json:"wrong"`
		Top1    float64 `json:"top1"`
		Top5    float64 `json:"top5"`
		Loss    finite  `json:"loss"`
		Skipped int     `json:"skipped,omitempty"`
		Seconds float64 `json:"seconds"`
		evaluationOfClasses
	}{e.Model, e.N, e.Wrong, e.Top1, e.Top5, finite(e.Loss), e.Skipped, e.Seconds, e.ofClasses()})
}

// Evaluate measures weights on the validation split of a data set. When ctx is
// done it stops and returns ctx's error.
func Evaluate(ctx context.Context, c EvalConfig) (*Evaluation, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	a, err := c.read()
	if err != nil {
		return nil, err
	}
	if c.Model == "" {
		if c.Model = a.Meta.Model; c.Model == "" {
			return nil, errors.Errorf("%s does not say which model it is for: name the model", c.label())
		}
	}
	t, err := taskOf(c.Model)
	if err != nil {
		return nil, err
	}
	switch t {
	case zoo.Language:
		return c.language(ctx, a)
	case zoo.Generation:
		return nil, errors.Errorf("%s makes images, for which there is no measure: look at them", c.Model)
	}
	return c.classification(ctx, a)
}

// read returns the weights under their new names.
func (c *EvalConfig) read() (*weights.Archive, error) {
	if c.Archive != nil {
		return c.Archive, c.initial().rename(c.Archive)
	}
	if c.Weights == "" {
		return nil, errors.New("there are no weights to measure: want a file or an archive")
	}
	settings := Config{Initial: *c.initial()}
	return settings.readInitial(Options{})
}

// label is how messages call the weights.
func (c *EvalConfig) label() string {
	if c.Archive != nil {
		return "the archive"
	}
	return WeightsOf(c.Weights)
}

// initial is the part of the settings that training has too.
func (c *EvalConfig) initial() *Initial {
	return &Initial{Weights: c.Weights, Map: c.Map, NoStrict: c.NoStrict, AdaptInput: c.AdaptInput}
}

// params returns the parameters of the model with the values of the archive.
func (c *EvalConfig) params(m *zoo.Model, a *weights.Archive) (*graph.Params, error) {
	p, err := m.Fitted(a, c.initial().fitting(c.Log))
	return p, errors.Wrap(err, c.label())
}

// language measures a language model.
func (c *EvalConfig) language(ctx context.Context, a *weights.Archive) (*Evaluation, error) {
	o := dataset.TextOptions{Seed: c.Seed, ValLen: c.ValLen}
	if v := a.Meta.Vocabulary; v != nil {
		var err error
		if o.Vocab, err = dataset.RestoreVocabulary(v.Unit, v.Tokens); err != nil {
			return nil, errors.Wrap(err, c.label())
		}
	}
	text, err := dataset.OpenText(c.Data, o)
	if err != nil {
		return nil, err
	}
	options := []zoo.Option{zoo.WithVocabulary(text.Vocab.Len())}
	if a.Meta.Model == c.Model {
		options = append(options, zoo.WithConfig(a.Meta.DecodeConfig))
	}
	m, err := zoo.New(c.Model, append(options, WithArchitecture(c.Architecture))...)
	if err != nil {
		return nil, err
	}
	p, err := c.params(m, a)
	if err != nil {
		return nil, err
	}
	r, err := newReader(m, p, text.Val)
	if err != nil {
		return nil, errors.Wrap(err, "validation text")
	}
	defer r.close()
	begin := time.Now()
	loss, err := r.loss(ctx, c.Progress)
	if err != nil {
		return nil, err
	}
	return &Evaluation{
		Task: zoo.Language, Model: m.Name(), N: text.Val.Len(), Loss: loss, Token: text.Vocab.Unit(),
		Seconds: time.Since(begin).Seconds(),
	}, nil
}

// classification measures a classifier.
func (c *EvalConfig) classification(ctx context.Context, a *weights.Archive) (*Evaluation, error) {
	d, err := openData(c.Data, dataset.Options{Seed: c.Seed, ValLen: c.ValLen, Log: c.Log})
	if err != nil {
		return nil, err
	}
	m, err := c.model(a, d)
	if err != nil {
		return nil, err
	}
	p, err := c.params(m, a)
	if err != nil {
		return nil, err
	}
	if have := a.Meta.Classes; len(have) > 0 && !slices.Equal(have, d.Val.Classes()) {
		c.Log.Warn("the weights were made for other classes, or for another order of them",
			slog.Any("weights", have), slog.Any("data", d.Val.Classes()))
	}
	e, err := newEvaluator(m, p, d.Val, c.pipeline(a, d, m), c.Workers, c.Log)
	if err != nil {
		return nil, err
	}
	defer e.close()
	begin := time.Now()
	metrics, err := e.run(ctx, c.Progress)
	if err != nil {
		return nil, err
	}
	return &Evaluation{
		Task: zoo.Classification, Model: m.Name(), N: metrics.N, Wrong: metrics.Wrong, Top1: metrics.Top1(), Top5: metrics.Top5(), Loss: metrics.Loss(),
		Seconds: time.Since(begin).Seconds(), Metrics: *metrics, Skipped: e.total - metrics.N, Classes: d.Val.Classes(),
	}, nil
}

// model returns the model for the weights, with the classes of the data set.
func (c *EvalConfig) model(a *weights.Archive, d *dataset.Data) (*zoo.Model, error) {
	options, err := fit(c.Model, d, 0)
	if err != nil {
		return nil, err
	}
	if a.Meta.Model == c.Model {
		options = append(options, zoo.WithConfig(a.Meta.DecodeConfig))
	}
	options = append(options, WithArchitecture(c.Architecture))
	options = append(options, zoo.WithClasses(len(d.Val.Classes())))
	if c.InputSize > 0 {
		options = append(options, func(arch zoo.Architecture) error {
			i := arch.(zoo.Classifier).Image()
			i.Height, i.Width = c.InputSize, c.InputSize
			return nil
		})
	}
	return zoo.New(c.Model, options...)
}

func (c *EvalConfig) pipeline(a *weights.Archive, d *dataset.Data, m *zoo.Model) dataset.Pipeline {
	p := d.ValPipeline(m.Input())
	switch in := a.Meta.Input; {
	case len(c.Mean) > 0 || len(c.Std) > 0:
		p.Normalize = dataset.Normalization{Mean: c.Mean, Std: c.Std}
	case len(in.Mean) > 0:
		p.Normalize = dataset.Normalization{Mean: in.Mean, Std: in.Std}
	}
	return p
}

// evaluator measures a model on a split.
type evaluator struct {
	program *graph.Program
	loader  *dataset.Loader
	x       *tensor.Dense // (N, C, H, W)
	total   int           // images of the split
	worst   mistakes      // of the last run
}

// newEvaluator compiles the inference graph of the model. What it measures does
// not depend on the number of images that it computes at once.
func newEvaluator(m *zoo.Model, p *graph.Params, split dataset.Dataset, pipeline dataset.Pipeline, workers int, log *slog.Logger) (*evaluator, error) {
	c, h, w := m.Input()
	n := min(evalBatch(h, w), split.Len())
	loader, err := dataset.NewLoader(split, dataset.Config{BatchSize: n, Pipeline: pipeline, Workers: workers, Log: log})
	if err != nil {
		return nil, errors.Wrap(err, "validation images")
	}
	e := &evaluator{loader: loader, total: split.Len()}
	g, err := m.Graph(p, graph.Infer, n)
	if err != nil {
		return nil, err
	}
	if e.program, err = graph.NewProgram(g); err != nil {
		return nil, err
	}
	e.x = tensor.New(tensor.WithShape(n, c, h, w), tensor.Of(tensor.Float32))
	return e, e.program.Let("x", e.x)
}

// evalBatch returns how many images are evaluated at once: 128, or fewer if they
// are large, since a machine keeps the values of all layers.
func evalBatch(h, w int) int { return max(1, min(128, 1<<21/(h*w))) }

// run goes once over the split.
func (e *evaluator) run(ctx context.Context, done func(done, total int)) (*Metrics, error) {
	if err := e.loader.Seek(0, 0); err != nil {
		return nil, err
	}
	m := new(Metrics)
	e.worst = nil
	for {
		b, err := e.loader.Next(ctx)
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		index := b.Index
		err = e.add(m, b)
		b.Release()
		if err != nil {
			return nil, err
		}
		if done != nil {
			done(min((index+1)*e.x.Shape()[0], e.total), e.total)
		}
	}
}

// add measures one batch. Where it is not full, the rows after its images are
// those of an earlier batch, whose logits are not looked at.
func (e *evaluator) add(m *Metrics, b *dataset.Batch) error {
	copy(e.x.Float32s(), b.Images.Float32s())
	if err := e.program.Run(); err != nil {
		return err
	}
	logits, err := e.program.Output("logits")
	if err != nil {
		return err
	}
	counted := logits.Float32s()[:len(b.Labels)*logits.Shape()[1]]
	if err := m.Add(counted, b.Labels); err != nil {
		return err
	}
	e.worst.addBatch(counted, b)
	return nil
}

func (e *evaluator) close() {
	e.loader.Close()
	e.program.Close()
}
