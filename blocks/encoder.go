package blocks

import (
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// EncoderLayer configures a layer of a Transformer, as
// torch.nn.TransformerEncoderLayer with batch_first: attention among positions and
// a feed-forward network for each of them, x + part(x) both.
type EncoderLayer struct {
	Heads       int
	FeedForward int  // width inside the feed-forward network
	GELU        bool // its activation, instead of ReLU

	// PreNorm normalises what enters a part, as torch's norm_first (Xiong et al.
	// 2020, "On Layer Normalization in the Transformer Architecture"), instead of
	// the sum after it.
	PreNorm bool
	Causal  bool    // a position attends to itself and those before it
	Dropout float64 // of the probabilities and of both parts' values, in Train graphs
	Eps     float64 // of the norms; 0: 1e-5

	// ResidualScale multiplies the initial weights of the layers that end the two
	// parts, out_proj and linear2; 0: 1.
	ResidualScale float64
}

// Emit makes (N, T, E) of x of that shape. The parameters, in torch's order, are
// those of SelfAttention in "self_attn", of Linear in "linear1" and "linear2", and of
// LayerNorm in "norm1" and "norm2".
func (l EncoderLayer) Emit(s *graph.Scope, x *G.Node) *G.Node {
	return l.emit(s, x, l.attention().attend(s.Sub("self_attn")))
}

// EmitCached is Emit for making text; see SelfAttention.EmitCached.
func (l EncoderLayer) EmitCached(s *graph.Scope, x, cache, position *G.Node) *G.Node {
	l.Causal = true
	return l.emit(s, x, l.attention().attendCached(cache, position))
}

func (l EncoderLayer) attention() SelfAttention {
	return SelfAttention{Heads: l.Heads, Causal: l.Causal, Dropout: l.Dropout, OutScale: l.ResidualScale}
}

func (l EncoderLayer) emit(s *graph.Scope, x *G.Node, attend attention) *G.Node {
	p := l.params(s, features(x))
	attended := func(x *G.Node) *G.Node {
		return l.drop(s.Sub("dropout1"), l.attention().emit(s.Sub("self_attn"), x, p.attention, attend))
	}
	fed := func(x *G.Node) *G.Node { return l.feedForward(s, x, p) }
	x = l.part(s.Sub("norm1"), x, p.norm1, attended)
	return l.part(s.Sub("norm2"), x, p.norm2, fed)
}

// encoderParams are the parameters of an EncoderLayer.
type encoderParams struct {
	attention        attentionParams
	linear1, linear2 affine
	norm1, norm2     affine
}

// params defines them in the order of torch's state dict, which is not that in
// which they are used.
func (l EncoderLayer) params(s *graph.Scope, e int) (p encoderParams) {
	p.attention = l.attention().params(s.Sub("self_attn"), e)
	p.linear1 = linearParams(s.Sub("linear1"), graph.Default, e, l.FeedForward)
	p.linear2 = linearParams(s.Sub("linear2"), scaled(graph.Default, l.ResidualScale), l.FeedForward, e)
	p.norm1, p.norm2 = layerNormParams(s.Sub("norm1"), e), layerNormParams(s.Sub("norm2"), e)
	return p
}

// part is the sum of x and a part of the layer, and the norm before or after.
func (l EncoderLayer) part(norm *graph.Scope, x *G.Node, p affine, of func(*G.Node) *G.Node) *G.Node {
	if !l.PreNorm {
		return normaliseRows(norm, of(x), x, p, l.Eps)
	}
	return norm.Emit(op.Add(x, of(normaliseRows(norm, x, nil, p, l.Eps))))
}

func (l EncoderLayer) feedForward(s *graph.Scope, x *G.Node, p encoderParams) *G.Node {
	act := ReLU
	if l.GELU {
		act = GELU
	}
	y := l.drop(s.Sub("dropout"), act.Emit(s, linear(s.Sub("linear1"), x, p.linear1)))
	return l.drop(s.Sub("dropout2"), linear(s.Sub("linear2"), y, p.linear2))
}

// drop is Dropout, unless it is none.
func (l EncoderLayer) drop(s *graph.Scope, x *G.Node) *G.Node {
	if l.Dropout == 0 {
		return x
	}
	return Dropout(s, x, l.Dropout)
}
