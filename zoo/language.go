package zoo

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// LanguageModel is the configuration of a network that foretells the next token
// of a text.
type LanguageModel interface {
	Architecture
	// Text gives the sizes that every language model has.
	Text() *Text
	// Forward emits the network for whole sequences: tokens (N, T) of ints to the
	// logits (N, T, Vocabulary) of the tokens that follow.
	Forward(s *graph.Scope, tokens *G.Node) *G.Node
	// Decode emits the network for one token after another, with what it knows of
	// the earlier ones in its DecodeState: tokens (N, 1) to logits (N, 1, Vocabulary).
	Decode(s *graph.Scope, tokens *G.Node) *G.Node
	// State is what Forward carries on from one sequence of tokens to the next, nil
	// if each sequence stands alone. DecodeState is what Decode carries on.
	State() []State
	DecodeState() []State
}

// Text is the part of a configuration that all language models share.
type Text struct {
	// Vocabulary is the number of tokens that there are.
	Vocabulary int `yaml:"vocabulary" json:"vocabulary"`
	// Context is the number of tokens of a sequence, T: as many as a Transformer
	// looks at, or through as many as a recurrent network is differentiated.
	Context int `yaml:"context" json:"context"`
}

func (t *Text) validate() error {
	if t.Vocabulary < 1 || t.Context < 1 {
		return errors.Errorf("a vocabulary of %d tokens and a context of %d, want at least 1 of each", t.Vocabulary, t.Context)
	}
	return nil
}

// State is an input of a language model's graph that carries over what it knows
// of the tokens before: at first zero, then what the graph made of it.
type State struct {
	// Input is the name of an input of float32 values.
	Input string
	// Output is the name of the output, of the same shape, that is its next value;
	// "" for an input that the graph writes to itself.
	Output string
}

// WithVocabulary sets the number of tokens of a language model.
func WithVocabulary(n int) Option {
	return withText(func(t *Text) { t.Vocabulary = n })
}

// WithContext sets the number of tokens of a sequence of a language model.
func WithContext(n int) Option {
	return withText(func(t *Text) { t.Context = n })
}

func withText(change func(*Text)) Option {
	return func(a Architecture) error {
		l, ok := a.(LanguageModel)
		if !ok {
			return errors.Errorf("a model of family %q is no language model: it has neither a vocabulary nor a context", a.Family())
		}
		change(l.Text())
		return nil
	}
}

// Text returns the sizes of a language model, zeros for other models.
func (m *Model) Text() Text {
	if l, ok := m.arch.(LanguageModel); ok {
		return *l.Text()
	}
	return Text{}
}

// State returns what a recurrent language model carries on; see LanguageModel.
func (m *Model) State() []State {
	if l, ok := m.arch.(LanguageModel); ok {
		return l.State()
	}
	return nil
}

// language is the task of a language model.
type language struct{ LanguageModel }

func (l language) name() Task          { return Language }
func (l language) input() []int        { return []int{l.Text().Context} }
func (l language) items(batch int) int { return batch * l.Text().Context }

func (l language) forward(s *graph.Scope, batch int) { l.logits(s, batch) }

func (l language) logits(s *graph.Scope, batch int) *G.Node {
	logits := l.Forward(s, s.Labels("x", batch, l.Text().Context))
	s.Output("logits", logits)
	return logits
}

func (l language) loss(s *graph.Scope, batch int, o Loss) {
	if o.Probabilities {
		s.Fail(errors.New("a language model is trained with tokens, not with their probabilities"))
	}
	logits := l.logits(s, batch)
	y := s.Labels("y", batch, l.Text().Context)
	s.Loss(s.Emit(op.CrossEntropy(logits, y, op.CrossEntropyOptions{ClassesLast: true, LabelSmoothing: o.LabelSmoothing})))
}

// decode emits the network for one token of each of the texts of a batch.
func (l language) decode(s *graph.Scope, batch int) {
	s.Output("logits", l.Decode(s, s.Labels("x", batch, 1)))
}
