package zoo

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// TransformerLM is a language model of encoder layers (Vaswani et al. 2017,
// "Attention is all you need") as torch.nn.TransformerEncoderLayer has them: an
// embedding of the tokens and of their positions, the layers, and a linear layer
// to the logits of the next token.
//
// The parameters are "encoder.weight", "pos_encoder.weight" for learned positions,
// those of "transformer_encoder.layers.0", ..., and "decoder.weight" and
// "decoder.bias". With NormFirst there is a last norm, "transformer_encoder.norm",
// and with TieWeights no "decoder.weight": it is "encoder.weight".
type TransformerLM struct {
	Sizes Text `yaml:",inline" json:"sizes"`

	// Width is the size of a token's embedding (d_model), Heads the number of
	// attention heads, which must divide it, FeedForward the size of the layer
	// within the feed-forward part (dim_feedforward), and Layers the number of
	// encoder layers.
	Width       int `yaml:"width" json:"width"`
	Heads       int `yaml:"heads" json:"heads"`
	FeedForward int `yaml:"feed_forward" json:"feed_forward"`
	Layers      int `yaml:"layers" json:"layers"`
	// Activation of the feed-forward part: "relu" or "gelu".
	Activation blocks.Activation `yaml:"activation" json:"activation"`
	// NormFirst normalises before attention and feed-forward, and once more at the
	// end, instead of after them (Xiong et al. 2020, "On layer normalization in the
	// Transformer architecture").
	NormFirst bool `yaml:"norm_first" json:"norm_first"`
	// Dropout is the probability with which values are dropped in training, where
	// torch.nn.TransformerEncoderLayer does, and behind the embedding.
	Dropout float64 `yaml:"dropout" json:"dropout"`
	// Causal has a token see itself and those before it only. Without, the network is
	// the plain encoder, which is no model of the next token and cannot decode.
	Causal bool `yaml:"causal" json:"causal"`
	// Positions are "learned", "sinusoidal" (Vaswani et al. 2017, section 3.5) or
	// "none".
	Positions string `yaml:"positions" json:"positions"`
	// TieWeights has the logits computed with the embedding's weights (Press and Wolf
	// 2016).
	TieWeights bool `yaml:"tie_weights" json:"tie_weights"`
	// ScaledInit begins as GPT-2 does (Radford et al. 2019): the layers that end a
	// residual branch by 1/sqrt(2 Layers) smaller, so that their sum does not grow
	// with the depth.
	ScaledInit bool `yaml:"scaled_init" json:"scaled_init"`
	// Eps is that of the norms.
	Eps float64 `yaml:"eps" json:"eps"`
}

// The kinds of positions.
const (
	learnedPositions    = "learned"
	sinusoidalPositions = "sinusoidal"
	noPositions         = "none"
)

const vaswaniEtAl = "Vaswani et al. 2017, arXiv:1706.03762"

func init() {
	net := &TransformerLM{
		Sizes: Text{Vocabulary: 65, Context: 64},
		Width: 128, Heads: 4, FeedForward: 512, Layers: 4,
		Activation: blocks.ReLU, Dropout: 0.1, Causal: true, Positions: learnedPositions,
		Eps: 1e-5,
	}
	if err := Register(Entry{"transformer-lm", net, 817985, 794752, vaswaniEtAl}); err != nil {
		panic(err)
	}
}

// Family is "transformer".
func (t *TransformerLM) Family() string { return "transformer" }

// Text gives the size of the vocabulary and the number of tokens in a sequence.
func (t *TransformerLM) Text() *Text { return &t.Sizes }

// Clone returns a copy.
func (t *TransformerLM) Clone() Architecture {
	c := *t
	return &c
}

// Validate reports what is wrong with the configuration.
func (t *TransformerLM) Validate() error {
	if err := t.Sizes.validate(); err != nil {
		return err
	}
	switch {
	case t.Width < 1 || t.Heads < 1 || t.FeedForward < 1 || t.Layers < 1:
		return errors.Errorf("width %d, %d heads, feed-forward %d, %d layers, want at least 1 of each", t.Width, t.Heads, t.FeedForward, t.Layers)
	case t.Width%t.Heads != 0:
		return errors.Errorf("%d heads do not divide a width of %d", t.Heads, t.Width)
	case t.Activation != blocks.ReLU && t.Activation != blocks.GELU:
		return errors.Errorf("activation %q, want %q or %q", t.Activation, blocks.ReLU, blocks.GELU)
	case !(t.Dropout >= 0 && t.Dropout < 1):
		return errors.Errorf("dropout %g, want at least 0 and less than 1", t.Dropout)
	case t.Positions != learnedPositions && t.Positions != sinusoidalPositions && t.Positions != noPositions:
		return errors.Errorf("positions %q, want %q, %q or %q", t.Positions, learnedPositions, sinusoidalPositions, noPositions)
	case !(t.Eps > 0):
		return errors.Errorf("eps %g, want more than 0", t.Eps)
	}
	return nil
}

// State is nil: each sequence stands alone.
func (t *TransformerLM) State() []State { return nil }

// DecodeState is the keys and values of each layer.
func (t *TransformerLM) DecodeState() (list []State) {
	for i := range t.Layers {
		list = append(list, State{Input: cacheName(i)})
	}
	return list
}

// cacheName is the input with the keys and values of a layer, (N, 2, Context,
// Width).
func cacheName(layer int) string { return fmt.Sprintf("cache%d", layer) }

// layer is what all encoder layers have.
func (t *TransformerLM) layer() blocks.EncoderLayer {
	e := blocks.EncoderLayer{
		Heads: t.Heads, FeedForward: t.FeedForward, GELU: t.Activation == blocks.GELU,
		PreNorm: t.NormFirst, Causal: t.Causal, Dropout: t.Dropout, Eps: t.Eps,
	}
	if t.ScaledInit {
		e.ResidualScale = 1 / math.Sqrt(2*float64(t.Layers))
	}
	return e
}

// Forward emits the network: tokens (N, T) to the logits (N, T, Vocabulary).
func (t *TransformerLM) Forward(s *graph.Scope, tokens *G.Node) *G.Node {
	return t.emit(s, tokens, nil, func(s *graph.Scope, _ int, x *G.Node) *G.Node { return t.layer().Emit(s, x) })
}

// Decode emits the network for one token, the number of which is the input
// PositionInput: tokens (N, 1) to the logits (N, 1, Vocabulary).
func (t *TransformerLM) Decode(s *graph.Scope, tokens *G.Node) *G.Node {
	if !t.Causal {
		s.Fail(errors.New("a Transformer that is not causal knows the tokens that follow and cannot continue a text"))
	}
	position := s.Labels(PositionInput, 1)
	n := batchOf(tokens)
	return t.emit(s, tokens, position, func(sub *graph.Scope, i int, x *G.Node) *G.Node {
		cache := s.Input(cacheName(i), n, 2, t.Sizes.Context, t.Width)
		return t.layer().EmitCached(sub, x, cache, position)
	})
}

// emit is the network around its layers.
func (t *TransformerLM) emit(s *graph.Scope, tokens, position *G.Node, layer func(s *graph.Scope, i int, x *G.Node) *G.Node) *G.Node {
	x, table := blocks.Table{Vocab: t.Sizes.Vocabulary, Dim: t.Width, Init: transformerNormal}.Emit(s.Sub("encoder"), tokens)
	switch t.Positions {
	case learnedPositions:
		x = blocks.LearnedPositions(s.Sub("pos_encoder"), x, t.Sizes.Context, position)
	case sinusoidalPositions:
		x = blocks.SinusoidalPositions(s.Sub("pos_encoder"), x, t.Sizes.Context, position)
	}
	x = blocks.Dropout(s.Sub("drop"), x, t.Dropout)
	stack := s.Sub("transformer_encoder")
	for i := range t.Layers {
		x = layer(stack.Sub("layers").Sub(fmt.Sprint(i)), i, x)
	}
	if t.NormFirst {
		x = blocks.LayerNorm(stack.Sub("norm"), x, t.Eps)
	}
	if t.TieWeights {
		return blocks.TiedLinear(s.Sub("decoder"), x, table, true)
	}
	return blocks.Linear(s.Sub("decoder"), x, t.Sizes.Vocabulary)
}

// transformerNormal is how the embedding begins, as in GPT-2.
var transformerNormal = graph.Normal(0, 0.02)
