package blocks

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// SelfAttention configures multi-head attention among the positions of a sequence
// (Vaswani et al. 2017), as torch.nn.MultiheadAttention with batch_first.
type SelfAttention struct {
	Heads   int
	Causal  bool    // a position attends to itself and those before it
	Dropout float64 // of the probabilities, in Train graphs

	// OutScale multiplies the initial weight of the projection at the end; 0: 1.
	OutScale float64
}

// Emit is the attention of x (N, T, E), of the same shape: parameters
// "in_proj_weight" (3E, E), drawn as graph.XavierUniform, "in_proj_bias" (3E),
// "out_proj.weight" (E, E), drawn as that of Linear, and "out_proj.bias" (E); the
// biases begin at 0.
//
// The multiply-adds in the description are those of the two projections.
func (a SelfAttention) Emit(s *graph.Scope, x *G.Node) *G.Node {
	return a.emit(s, x, a.params(s, features(x)), a.attend(s))
}

// EmitCached is Emit for making text: x (N, T, E) holds T new positions, the first
// of which has the number in position, ints of shape (1). Keys and values of the
// positions before come from cache (N, 2, C, E), an input to which those of the new
// ones are written; see op.CachedAttention. It is causal, and without dropout.
func (a SelfAttention) EmitCached(s *graph.Scope, x, cache, position *G.Node) *G.Node {
	a.Causal = true
	return a.emit(s, x, a.params(s, features(x)), a.attendCached(cache, position))
}

// attention is what makes (N, T, E) of packed queries, keys and values (N, T, 3E).
type attention func(qkv *G.Node) (*G.Node, error)

func (a SelfAttention) attend(s *graph.Scope) attention {
	o := op.AttentionOptions{Heads: a.Heads, Causal: a.Causal}
	if s.Mode() == graph.Train {
		o.Dropout, o.Seed = a.Dropout, s.Seed()
	}
	return func(qkv *G.Node) (*G.Node, error) { return op.SelfAttention(qkv, o) }
}

func (a SelfAttention) attendCached(cache, position *G.Node) attention {
	return func(qkv *G.Node) (*G.Node, error) { return op.CachedAttention(qkv, cache, position, a.Heads) }
}

// attentionParams are the parameters of a SelfAttention.
type attentionParams struct{ in, out affine }

func (a SelfAttention) params(s *graph.Scope, e int) attentionParams {
	out := s.Sub("out_proj")
	return attentionParams{
		affine{s.Param("in_proj_weight", graph.XavierUniform, 3*e, e), s.ParamNoDecay("in_proj_bias", graph.Zeros, 3*e)},
		affine{out.Param("weight", scaled(graph.Default, a.OutScale), e, e), out.ParamNoDecay("bias", graph.Zeros, e)},
	}
}

func (a SelfAttention) emit(s *graph.Scope, x *G.Node, p attentionParams, attend attention) *G.Node {
	y := p.out.emit(s, s.Emit(attend(p.in.emit(s, x))))
	e := features(x)
	record(s, "MultiheadAttention", detail(fmt.Sprintf("%d heads", a.Heads), when(a.Causal, "causal")),
		x, y, 4*e*(e+1), int64(4*e)*int64(shape(x).TotalSize()))
	return y
}

// emit is a linear layer that the description does not name.
func (p affine) emit(s *graph.Scope, x *G.Node) *G.Node {
	return s.Emit(op.Linear(x, p.weight, p.bias))
}

// scaled is init times a factor; 0 means 1.
func scaled(init graph.Init, by float64) graph.Init {
	if by == 0 || by == 1 {
		return init
	}
	return func(dst []float32, shape tensor.Shape, src *rng.Source) {
		init(dst, shape, src)
		for i := range dst {
			dst[i] *= float32(by)
		}
	}
}

// when is the text if it holds.
func when(holds bool, text string) string {
	if !holds {
		return ""
	}
	return text
}
