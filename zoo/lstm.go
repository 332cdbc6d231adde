package zoo

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// LSTMLM is a recurrent language model: an embedding of the tokens, layers of LSTM
// (Hochreiter and Schmidhuber 1997, "Long short-term memory"), and a linear layer
// to the logits of the next token.
//
// The parameters are those of PyTorch's word_language_model: "encoder.weight",
// "rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0", ...,
// "decoder.weight" and "decoder.bias". With TieWeights there is no
// "decoder.weight": it is "encoder.weight".
//
// The state is "h0" and "c0", to be followed by "hn" and "cn": (Layers, N, Hidden)
// each.
type LSTMLM struct {
	Sizes Text `yaml:",inline" json:"sizes"`

	// Dim is the size of a token's embedding, Hidden that of the state of a layer.
	Dim    int `yaml:"dim" json:"dim"`
	Hidden int `yaml:"hidden" json:"hidden"`
	Layers int `yaml:"layers" json:"layers"`
	// Dropout is the probability with which values are dropped behind the embedding,
	// between the layers and before the logits, in training (Zaremba et al. 2014,
	// "Recurrent neural network regularization").
	Dropout float64 `yaml:"dropout" json:"dropout"`
	// TieWeights has the logits computed with the embedding's weights (Press and Wolf
	// 2016, "Using the output embedding to improve language models"); Dim must be
	// Hidden then.
	TieWeights bool `yaml:"tie_weights" json:"tie_weights"`
}

const hochreiterSchmidhuber = "Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735"

func init() {
	net := &LSTMLM{Sizes: Text{Vocabulary: 65, Context: 64}, Dim: 256, Hidden: 256, Layers: 2}
	if err := Register(Entry{"lstm-lm", net, 1086017, 1065216, hochreiterSchmidhuber}); err != nil {
		panic(err)
	}
}

// Family is "lstm".
func (l *LSTMLM) Family() string { return "lstm" }

// Text gives the size of the vocabulary and the number of tokens in a sequence.
func (l *LSTMLM) Text() *Text { return &l.Sizes }

// Clone returns a copy.
func (l *LSTMLM) Clone() Architecture {
	c := *l
	return &c
}

// Validate reports what is wrong with the configuration.
func (l *LSTMLM) Validate() error {
	if err := l.Sizes.validate(); err != nil {
		return err
	}
	switch {
	case l.Dim < 1 || l.Hidden < 1 || l.Layers < 1:
		return errors.Errorf("dim %d, hidden %d, %d layers, want at least 1 of each", l.Dim, l.Hidden, l.Layers)
	case !(l.Dropout >= 0 && l.Dropout < 1):
		return errors.Errorf("dropout %g, want at least 0 and less than 1", l.Dropout)
	case l.TieWeights && l.Dim != l.Hidden:
		return errors.Errorf("tied weights with dim %d and hidden %d, want both the same", l.Dim, l.Hidden)
	}
	return nil
}

// State is h and c of all layers.
func (l *LSTMLM) State() []State { return []State{{"h0", "hn"}, {"c0", "cn"}} }

// DecodeState is State: a step of one token is a sequence of one.
func (l *LSTMLM) DecodeState() []State { return l.State() }

// Decode is Forward.
func (l *LSTMLM) Decode(s *graph.Scope, tokens *G.Node) *G.Node { return l.Forward(s, tokens) }

// Forward emits the network: tokens (N, T) to the logits (N, T, Vocabulary).
func (l *LSTMLM) Forward(s *graph.Scope, tokens *G.Node) *G.Node {
	n := batchOf(tokens)
	h := s.Input("h0", l.Layers, n, l.Hidden)
	c := s.Input("c0", l.Layers, n, l.Hidden)
	x, table := blocks.Table{Vocab: l.Sizes.Vocabulary, Dim: l.Dim}.Emit(s.Sub("encoder"), tokens)
	x = blocks.Dropout(s.Sub("drop"), x, l.Dropout)
	x, h, c = blocks.LSTM{Hidden: l.Hidden, Layers: l.Layers, Dropout: l.Dropout}.Emit(s.Sub("rnn"), x, h, c)
	s.Output("hn", h)
	s.Output("cn", c)
	x = blocks.Dropout(s.Sub("drop2"), x, l.Dropout)
	if l.TieWeights {
		return blocks.TiedLinear(s.Sub("decoder"), x, table, true)
	}
	return blocks.Linear(s.Sub("decoder"), x, l.Sizes.Vocabulary)
}

// batchOf returns the number of texts in tokens (N, T), 0 after an error.
func batchOf(tokens *G.Node) int {
	if tokens == nil {
		return 0
	}
	return tokens.Shape()[0]
}
