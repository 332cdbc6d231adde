package train

import (
	"context"
	"slices"
	"time"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// writer trains a language model. A recurrent one reads the text in order, with its
// state carried over from window to window and differentiated within each
// (truncated back-propagation through time); others read windows from anywhere.
type writer struct {
	*Run
	text    *dataset.Text
	feed    *sequences
	streams *dataset.Streams // of a recurrent model
	windows *dataset.Windows // of others
	read    *reader
	decoder *zoo.Decoder // made when a sample is wanted
	said    string       // the last sample
}

func (t *writer) open() (err error) {
	o := t.config.textOptions()
	if o.Vocab, err = t.originVocabulary(); err != nil {
		return err
	}
	if t.text, err = dataset.OpenText(t.config.Data, o); err != nil {
		return err
	}
	t.model, err = t.config.languageModel(t.text.Vocab, t.originOptions())
	return err
}

// originVocabulary returns that of the weights to start from or to go on with, nil if
// there is none.
func (t *writer) originVocabulary() (*dataset.Vocabulary, error) {
	v := t.originMeta().Vocabulary
	if v == nil {
		return nil, nil
	}
	vocab, err := dataset.RestoreVocabulary(v.Unit, v.Tokens)
	return vocab, errors.Wrap(err, "vocabulary of the weights")
}

func (c *Config) textOptions() dataset.TextOptions {
	return dataset.TextOptions{MinCount: c.MinCount, Seed: c.Seed, TrainLen: c.TrainLen, ValLen: c.ValLen}
}

// languageModel returns the model that the settings name, for a vocabulary, and
// completes the settings.
func (c *Config) languageModel(v *dataset.Vocabulary, options []zoo.Option) (*zoo.Model, error) {
	m, err := zoo.New(c.Model, append(options, zoo.WithVocabulary(v.Len()), WithArchitecture(c.Architecture))...)
	if err != nil {
		return nil, err
	}
	if have := m.Text().Vocabulary; have != v.Len() {
		return nil, errors.Errorf("%s has a vocabulary of %d, but that of the data set %s has %d", c.Model, have, c.Data, v.Len())
	}
	return m, c.setArchitecture(m, "vocabulary")
}

func (t *writer) describe(m *weights.Meta) {
	m.Vocabulary = &weights.Vocabulary{Unit: t.text.Vocab.Unit(), Tokens: t.text.Vocab.Tokens()}
}

func (t *writer) compile() (err error) {
	c := &t.config
	g, err := t.model.LossGraph(t.params, graph.Train, c.BatchSize, zoo.Loss{LabelSmoothing: c.LabelSmoothing}, c.FineTuning.GraphOptions()...)
	if err != nil {
		return err
	}
	if err := c.FineTuning.Check(g); err != nil {
		return err
	}
	if t.feed, err = newSequences(g, t.model.State()); err != nil {
		return err
	}
	context := t.model.Text().Context
	if len(t.model.State()) > 0 {
		t.streams, err = dataset.NewStreams(t.text.Train, c.BatchSize, context)
	} else {
		t.windows, err = dataset.NewWindows(t.text.Train, c.BatchSize, context, c.Seed)
	}
	if err != nil {
		return errors.Wrap(err, "training text")
	}
	if err := c.resolveSteps(t.streams, t.text.Train.Len()/(c.BatchSize*context*c.Accumulate)); err != nil {
		return err
	}
	t.read, err = newReader(t.model, t.shown(), t.text.Val)
	return errors.Wrap(err, "validation text")
}

// resolveSteps completes the number of steps of an epoch, which a text that is read
// in order has anyway.
func (c *Config) resolveSteps(s *dataset.Streams, covering int) error {
	if s == nil {
		if c.StepsPerEpoch == 0 {
			c.StepsPerEpoch = max(1, covering)
		}
		return nil
	}
	if n := s.Batches() / c.Accumulate; c.StepsPerEpoch != 0 && c.StepsPerEpoch != n {
		return errors.Errorf("steps_per_epoch %d, but a recurrent model reads the text in order, in %d steps: leave it out", c.StepsPerEpoch, n)
	}
	return nil
}

func (t *writer) makeSolver() (Solver, error) {
	return t.config.Optimizer.Solver(t.params, t.config.FineTuning.Scale(t.params))
}

func (t *writer) sizes() (train, val int) { return t.text.Train.Len(), t.text.Val.Len() }

func (t *writer) epochSteps() int {
	if t.streams != nil {
		return t.streams.Batches() / t.config.Accumulate
	}
	return t.config.StepsPerEpoch
}

func (t *writer) perStep() int    { return len(t.feed.x) * t.config.Accumulate }
func (t *writer) toEvaluate() int { return t.read.total() }
func (t *writer) skipped() int    { return 0 }

// seek begins an epoch without a memory of the last one. Within an epoch the state
// is where the last step, or a checkpoint, left it.
func (t *writer) seek(_, step int) error {
	if t.streams == nil {
		return nil
	}
	if step == 0 {
		t.feed.forget()
	}
	return t.streams.Seek(step * t.config.Accumulate)
}

func (t *writer) step(ctx context.Context, sums *tally, check check) (loss float64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	begin := time.Now()
	if t.streams != nil {
		t.streams.Next(t.feed.x, t.feed.y, t.feed.reset)
	} else {
		t.windows.At(t.batchNumber(), t.feed.x, t.feed.y)
	}
	sums.waited(begin)
	t.feed.program.Seek(uint64(t.batchNumber()))
	loss, n, err := t.feed.run()
	if err != nil {
		return 0, err
	}
	if err := check("the loss", loss); err != nil {
		return 0, err
	}
	if err := t.move(t.feed.program, check); err != nil {
		return 0, err
	}
	sums.LossSum += loss * float64(n)
	sums.Items += n
	return loss, t.feed.carry()
}

func (t *writer) finish(context.Context) error { return nil }

// stateSection holds what a recurrent model carries on, in a checkpoint.
const stateSection = "state"

func (t *writer) state() (list []weights.Tensor) {
	for _, s := range t.feed.states {
		list = append(list, weights.Tensor{Section: stateSection, Name: s.Input, Shape: slices.Clone(s.value.Shape()), Values: s.value.Float32s()})
	}
	return list
}

func (t *writer) restoreState(a *weights.Archive) error {
	for _, s := range t.feed.states {
		w, ok := a.Get(stateSection, s.Input)
		if !ok {
			return errors.Errorf("the checkpoint lacks the state %s of the model", s.Input)
		}
		v, ok := w.Values.([]float32)
		if have := s.value.Float32s(); !ok || len(v) != len(have) {
			return errors.Errorf("state %s of the model: shape %v, want %v of float32", s.Input, w.Shape, s.value.Shape())
		}
		copy(s.value.Float32s(), v)
	}
	return nil
}

func (t *writer) evaluate(ctx context.Context, r *EpochResult, done func(done, total int)) (err error) {
	r.Token = t.text.Vocab.Unit()
	r.ValLoss, err = t.read.loss(ctx, done)
	return err
}

func (t *writer) better(a, b EpochResult) bool { return a.ValLoss < b.ValLoss }

func (t *writer) network() *graph.Graph { return t.feed.program.Graph() }

func (t *writer) close() {
	if t.feed != nil {
		t.feed.program.Close()
	}
	if t.read != nil {
		t.read.close()
	}
	if t.decoder != nil {
		t.decoder.Close()
	}
}

// sequences feeds a language model's program with windows of text.
type sequences struct {
	program *graph.Program
	x, y    []int // (N, T)
	reset   []bool
	states  []carried
}

// carried is a state of the model with its value, (..., N, size).
type carried struct {
	zoo.State
	value *tensor.Dense
}

// newSequences compiles a graph with a loss.
func newSequences(g *graph.Graph, states []zoo.State) (*sequences, error) {
	p, err := graph.NewProgram(g)
	if err != nil {
		return nil, err
	}
	shape := g.Input("x").Shape()
	n := shape.TotalSize()
	s := &sequences{program: p, x: make([]int, n), y: make([]int, n), reset: make([]bool, shape[0])}
	for name, tokens := range map[string][]int{"x": s.x, "y": s.y} {
		if err := p.Let(name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(tokens))); err != nil {
			return nil, err
		}
	}
	for _, state := range states {
		v := tensor.New(tensor.WithShape(g.Input(state.Input).Shape()...), tensor.Of(tensor.Float32))
		if err := p.Let(state.Input, v); err != nil {
			return nil, err
		}
		s.states = append(s.states, carried{state, v})
	}
	return s, nil
}

// run computes the loss of the windows in x and y, and how many tokens count in it.
func (s *sequences) run() (loss float64, counted int, err error) {
	for _, state := range s.states {
		state.clear(s.reset)
	}
	for _, y := range s.y {
		if y != dataset.IgnoreIndex {
			counted++
		}
	}
	err = s.program.Run()
	return float64(s.program.Loss()), counted, err
}

// carry makes the state after the run the one before the next.
func (s *sequences) carry() error {
	for _, state := range s.states {
		v, err := s.program.Output(state.Output)
		if err != nil {
			return err
		}
		copy(state.value.Float32s(), v.Float32s())
	}
	return nil
}

// forget sets all states to zero.
func (s *sequences) forget() {
	for _, state := range s.states {
		clear(state.value.Float32s())
	}
}

// clear sets the states of some rows to zero.
func (c carried) clear(rows []bool) {
	shape := c.value.Shape()
	size, n := shape[len(shape)-1], len(rows)
	v := c.value.Float32s()
	for from := 0; from < len(v); from += size {
		if rows[from/size%n] {
			clear(v[from : from+size])
		}
	}
}

// reader measures a language model on a text.
type reader struct {
	feed    *sequences
	streams *dataset.Streams // of a recurrent model
	cover   *dataset.Cover   // of others
}

// readerBatch is how many windows are read at once.
const readerBatch = 16

// newReader compiles the inference graph of the model. What it measures of a
// Transformer does not depend on the number of windows that it reads at once; a
// recurrent model reads as many parts of the text and knows nothing at their
// beginnings.
func newReader(m *zoo.Model, p *graph.Params, c *dataset.Corpus) (*reader, error) {
	var r reader
	var err error
	context := m.Text().Context
	batch := min(readerBatch, max(1, c.Len()/(context+1)))
	if len(m.State()) > 0 {
		r.streams, err = dataset.NewStreams(c, batch, context)
	} else {
		r.cover, err = dataset.NewCover(c, batch, context)
	}
	if err != nil {
		return nil, err
	}
	g, err := m.LossGraph(p, graph.Infer, batch, zoo.Loss{})
	if err != nil {
		return nil, err
	}
	r.feed, err = newSequences(g, m.State())
	return &r, err
}

func (r *reader) batches() int {
	if r.streams != nil {
		return r.streams.Batches()
	}
	return r.cover.Batches()
}

// total is the number of places in all batches, a few more than there are tokens.
func (r *reader) total() int { return r.batches() * len(r.feed.x) }

// loss is the mean cross-entropy of the tokens of the text, in nats.
func (r *reader) loss(ctx context.Context, done func(done, total int)) (float64, error) {
	sum, counted := 0.0, 0
	r.feed.forget()
	for i := range r.batches() {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if r.streams != nil {
			if err := r.streams.Seek(i); err != nil {
				return 0, err
			}
			r.streams.Next(r.feed.x, r.feed.y, r.feed.reset)
		} else {
			r.cover.At(i, r.feed.x, r.feed.y)
		}
		loss, n, err := r.feed.run()
		if err != nil {
			return 0, err
		}
		if n > 0 {
			sum += loss * float64(n)
			counted += n
		}
		if err := r.feed.carry(); err != nil {
			return 0, err
		}
		if done != nil {
			done((i+1)*len(r.feed.x), r.total())
		}
	}
	return sum / float64(counted), nil
}

func (r *reader) close() {
	if r.feed != nil {
		r.feed.program.Close()
	}
}
