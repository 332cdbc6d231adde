package blocks

import (
	"fmt"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Table configures an embedding, as torch.nn.Embedding.
type Table struct {
	Vocab int // tokens are 0 to Vocab-1
	Dim   int // values for each
	// Init draws the weight; default normal with mean 0 and deviation 1.
	Init graph.Init
}

// Embedding looks up a vector for every token: tokens, ints of any shape, to
// values with a last axis of dim more, parameter "weight" (vocab, dim), drawn from
// the standard normal distribution.
func Embedding(s *graph.Scope, tokens *G.Node, vocab, dim int) *G.Node {
	y, _ := Table{Vocab: vocab, Dim: dim}.Emit(s, tokens)
	return y
}

// Emit is Embedding, and returns the weight too, for the layer that shares it; see
// TiedLinear.
func (t Table) Emit(s *graph.Scope, tokens *G.Node) (y, weight *G.Node) {
	if t.Init == nil {
		t.Init = graph.Normal(0, 1)
	}
	weight = s.Param("weight", t.Init, t.Vocab, t.Dim)
	y = s.Emit(op.Embedding(tokens, weight))
	record(s, "Embedding", fmt.Sprintf("%d → %d", t.Vocab, t.Dim), tokens, y, t.Vocab*t.Dim, 0)
	return y, weight
}

// TiedLinear is Linear with the weight (out, in) of another layer, such as an
// embedding, whose logits it makes (Press and Wolf 2017, "Using the output
// embedding to improve language models"): x (..., in) to (..., out). It has a
// parameter "bias" (out) of its own, which begins as that of Linear, if bias is
// set.
func TiedLinear(s *graph.Scope, x, weight *G.Node, bias bool) *G.Node {
	if s.Err() != nil {
		return nil
	}
	w := shape(weight)
	if len(w) != 2 {
		s.Fail(errors.Errorf("linear layer: weight %v, want (out, in)", w))
		return nil
	}
	var b *G.Node
	params := 0
	if bias {
		b, params = s.ParamNoDecay("bias", graph.UniformFanIn(w[1]), w[0]), w[0]
	}
	y := s.Emit(op.Linear(x, weight, b))
	recordLinear(s, w[1], w[0], params, x, y)
	return y
}
