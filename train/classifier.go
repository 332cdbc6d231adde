package train

import (
	"context"
	"log/slog"

	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// sizeKey is the setting of an architecture, of type zoo.Image, that comes from
// the data set unless it is given.
const sizeKey = "size"

// WithArchitecture is the model option for settings in YAML, by the keys of the
// family's type (zoo.ResNet). A key that does not exist is an error that gives the
// nearest ones. The zero Node sets nothing.
func WithArchitecture(n yaml.Node) zoo.Option {
	return zoo.WithConfig(func(into any) error {
		if n.Kind == 0 {
			return nil
		}
		if err := checkKeys(&n, into); err != nil {
			return err
		}
		if err := n.Decode(into); err != nil {
			return errors.New(oneLine(err))
		}
		return nil
	})
}

// ParseArchitecture reads settings for WithArchitecture, such as {width: 32}.
func ParseArchitecture(text string) (yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil || len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return yaml.Node{}, errors.New("want a YAML mapping such as {width: 32}")
	}
	return *document.Content[0], nil
}

// classifier trains an image classifier.
type classifier struct {
	*Run
	imageFeed
	program *graph.Program
	labels  []int
	mixer   *mixer // nil if batches are not mixed
	eval    *evaluator
	metrics *Metrics        // of the last evaluation
	best    *bestEvaluation // see bestSoFar
	unshown *Metrics        // of the best one, until they are written
}

func (t *classifier) open() (err error) {
	c := &t.config
	if t.data, err = openData(c.Data, t.dataOptions()); err != nil {
		return err
	}
	t.originSize(t.data)
	if t.model, err = c.model(t.data, t.originOptions()); err != nil {
		return err
	}
	channels, _, _ := t.model.Input()
	t.originNormalization(channels)
	return c.resolve(t.model, t.data)
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

func (t *classifier) describe(m *weights.Meta) {
	ch, h, w := t.model.Input()
	m.Classes = t.data.Train.Classes()
	m.Input = weights.Input{Channels: ch, Height: h, Width: w, Mean: t.config.Mean, Std: t.config.Std}
	for _, transform := range t.data.ValPipeline(ch, h, w).Transforms {
		if r, ok := transform.(dataset.Resize); ok {
			m.Input.Resize, m.Input.Interpolation = r.Size, "bilinear"
		}
	}
}

func (t *classifier) compile() (err error) {
	c := &t.config
	ch, h, w := t.model.Input()
	if err = t.load(t.Run, ch, h, w, c.normalization()); err != nil {
		return err
	}
	t.mixer = newMixer(c, c.BatchSize, t.model.Classes())
	loss := zoo.Loss{LabelSmoothing: c.LabelSmoothing, Probabilities: t.mixer != nil}
	g, err := t.model.LossGraph(t.params, graph.Train, c.BatchSize, loss, c.FineTuning.GraphOptions()...)
	if err != nil {
		return err
	}
	if err := c.FineTuning.Check(g); err != nil {
		return err
	}
	if t.program, err = graph.NewProgram(g); err != nil {
		return err
	}
	t.labels = make([]int, c.BatchSize)
	y := tensor.New(tensor.WithShape(c.BatchSize), tensor.WithBacking(t.labels))
	if t.mixer != nil {
		y = t.mixer.target
	}
	if err = t.program.Let("y", y); err != nil {
		return err
	}
	val := t.data.ValPipeline(ch, h, w)
	val.Normalize = c.normalization()
	t.eval, err = newEvaluator(t.model, t.shown(), t.data.Val, val, t.options.Workers, t.log)
	return err
}

func (c *Config) normalization() dataset.Normalization {
	return dataset.Normalization{Mean: c.Mean, Std: c.Std}
}

func (t *classifier) makeSolver() (Solver, error) {
	return t.config.Optimizer.Solver(t.params, t.config.FineTuning.Scale(t.params))
}

func (t *classifier) toEvaluate() int { return t.eval.total }

func (t *classifier) step(ctx context.Context, sums *tally, check check) (loss float64, err error) {
	b, err := t.next(ctx, sums)
	if err != nil {
		return 0, err
	}
	defer b.Release()
	copy(t.labels, b.Labels)
	if t.mixer != nil {
		t.mixer.mix(b, t.labels)
	}
	if err := t.program.Let("x", b.Images); err != nil {
		return 0, err
	}
	t.program.Seek(uint64(t.batchNumber()))
	if err := t.program.Run(); err != nil {
		return 0, err
	}
	loss = float64(t.program.Loss())
	if err := check("the loss", loss); err != nil {
		return 0, err
	}
	if err := t.move(t.program, check); err != nil {
		return 0, err
	}
	return loss, t.count(sums, loss, t.labels)
}

// count adds a batch to what is measured while training.
func (t *classifier) count(sums *tally, loss float64, labels []int) error {
	logits, err := t.program.Output("logits")
	if err != nil {
		return err
	}
	sums.LossSum += loss * float64(len(labels))
	sums.Items += len(labels)
	classes := t.model.Classes()
	for i, label := range labels {
		if rank(logits.Float32s()[i*classes:(i+1)*classes], label).above > 0 {
			sums.Wrong++
		}
	}
	return nil
}

func (t *classifier) evaluate(ctx context.Context, r *EpochResult, done func(done, total int)) error {
	m, err := t.eval.run(ctx, done)
	if err != nil {
		return err
	}
	if m.NaN > 0 {
		t.log.Warn("logits that are not numbers", slog.Int("images", m.NaN), slog.Int("of", m.N))
	}
	if lost := t.eval.total - m.N; lost > 0 {
		t.log.Warn("validation images that cannot be decoded do not count", slog.Int("images", lost), slog.Int("of", t.eval.total))
	}
	t.metrics = m
	r.ValTop1, r.ValTop5, r.ValLoss, r.ValImages = m.Top1(), m.Top5(), m.Loss(), m.N
	r.ValECE = m.Calibration.Error()
	return nil
}

func (t *classifier) better(a, b EpochResult) bool { return a.ValTop1 > b.ValTop1 }

func (t *classifier) artifacts(best bool) error {
	if best {
		e, err := t.evaluationNow()
		if err != nil {
			return err
		}
		t.best, t.unshown = e, t.metrics
	}
	if t.unshown == nil {
		return nil
	}
	if err := t.best.write(t.dir.path(EvaluationFile)); err != nil {
		return err
	}
	if err := writeConfusion(t.dir.path(ConfusionFile), t.data.Val.Classes(), t.unshown.Confusion); err != nil {
		return err
	}
	t.unshown = nil
	return nil
}

func (t *classifier) network() *graph.Graph { return t.program.Graph() }

func (t *classifier) exhibits() ([]exhibit, error) {
	list, err := t.imageFeed.exhibits()
	if err != nil || len(t.eval.worst) == 0 {
		return list, err
	}
	var inputs []float32
	for _, m := range t.eval.worst {
		inputs = append(inputs, m.input...)
	}
	sheet, err := t.show.sheet(inputs, sheetColumns)
	return append(list, exhibit{name: "worst_mistakes", picture: sheet}), err
}

func (t *classifier) close() {
	t.stop()
	if t.eval != nil {
		t.eval.close()
	}
	if t.program != nil {
		t.program.Close()
	}
}

// model returns the model that the settings name, for the classes and the image
// size of the data set. Options come from the weights to start from, if there are any.
func (c *Config) model(d *dataset.Data, options []zoo.Option) (*zoo.Model, error) {
	fitted, err := fit(c.Model, d, c.InputSize)
	if err != nil {
		return nil, err
	}
	m, err := zoo.New(c.Model, append(append(options, fitted...), WithArchitecture(c.Architecture))...)
	if err != nil {
		return nil, err
	}
	return m, checkClasses(m, d)
}

func checkClasses(m *zoo.Model, d *dataset.Data) error {
	if have := len(d.Train.Classes()); m.Classes() != have {
		return errors.Errorf("%s has %d classes, but the data set %s has %d", m.Name(), m.Classes(), d.Kind, have)
	}
	return nil
}

// fit returns the options that bring a registered model to the classes and the
// image size of a data set; size is the input's, 0 for the data set's or, where
// images have all sizes, the model's.
func fit(model string, d *dataset.Data, size int) ([]zoo.Option, error) {
	e, err := zoo.Lookup(model)
	if err != nil {
		return nil, err
	}
	a, ok := e.Architecture.(zoo.Classifier)
	if !ok {
		return nil, errors.Errorf("%s is no image classifier", model)
	}
	usual := a.Image()
	c, h, w := d.Train.Shape()
	if c == 0 {
		c = usual.Channels
	}
	if h == 0 || w == 0 {
		h, w = usual.Height, usual.Width
	}
	if size > 0 {
		h, w = size, size
	}
	return []zoo.Option{zoo.WithClasses(len(d.Train.Classes())), zoo.WithInput(c, h, w)}, nil
}

// resolve replaces what the settings leave open by what it turned out to be, so
// that they do not depend on the defaults of a later version. Classes and image
// size remain the data set's.
func (c *Config) resolve(m *zoo.Model, d *dataset.Data) error {
	if err := c.setArchitecture(m, sizeKey); err != nil {
		return err
	}
	ch, h, w := m.Input()
	if anySize(d) && h == w && c.InputSize == 0 {
		c.InputSize = h
	}
	c.Augment = c.Augment.resolve(d, ch, h, w)
	if len(c.Mean) == 0 {
		n := d.Norm.For(ch)
		c.Mean, c.Std = n.Mean, n.Std
	}
	return nil
}

// anySize reports whether the images of a data set differ in size.
func anySize(d *dataset.Data) bool {
	_, h, w := d.Train.Shape()
	return h == 0 || w == 0
}

// setArchitecture makes the settings of the model complete, but for a key that
// comes from the data set unless it was given.
func (c *Config) setArchitecture(m *zoo.Model, fromData string) error {
	var full yaml.Node
	if err := full.Encode(m.Config()); err != nil {
		return errors.Wrap(err, "model configuration")
	}
	setKey(&full, fromData, valueOf(&c.Architecture, fromData))
	c.Architecture = full
	return nil
}
