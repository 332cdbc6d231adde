package op

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Embedding looks tokens up in a table, as torch.nn.Embedding: for tokens, an int
// node of any shape, and weight (V, E) the result has the shape of tokens and a
// last axis E more. A token that is not from 0 to V-1 is an error of the run. The
// gradient of weight is dense.
func Embedding(tokens, weight *G.Node) (*G.Node, error) {
	const name = "Embedding"
	if err := integers(name, "tokens", tokens); err != nil {
		return nil, err
	}
	if err := argument(name, "weight", weight, 2, "(V, E)"); err != nil {
		return nil, err
	}
	ws := weight.Shape()
	table := kernel.Embedding{Vocab: ws[0], E: ws[1]}
	return apply(spec{
		name:  name,
		shape: append(tokens.Shape().Clone(), ws[1]),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			t := in[0].Ints()
			if err := checkTokens(t, table.Vocab); err != nil {
				return err
			}
			table.Forward(y.Float32s(), t, in[1].Float32s())
			return nil
		},
		diff: []bool{false, true},
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in, nil, func() (*G.Node, error) { return embeddingGrad(name, table, in[0], dy) })
		},
	}, tokens, weight)
}

func embeddingGrad(name string, table kernel.Embedding, tokens, dy *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name + "Grad",
		shape: tensor.Shape{table.Vocab, table.E},
		do: func(dw *tensor.Dense, in []*tensor.Dense) error {
			t := in[0].Ints()
			if err := checkTokens(t, table.Vocab); err != nil {
				return err
			}
			table.Backward(dw.Float32s(), t, in[1].Float32s())
			return nil
		},
	}, tokens, dy)
}

// checkTokens reports the first token that a vocabulary does not have.
func checkTokens(tokens []int, vocab int) error {
	for i, t := range tokens {
		if t < 0 || t >= vocab {
			return errors.Errorf("token %d at position %d, want 0 to %d", t, i, vocab-1)
		}
	}
	return nil
}

// integers reports an error unless n is an int node that is no scalar.
func integers(name, what string, n *G.Node) error {
	switch {
	case n == nil:
		return errors.Errorf("%s: %s is nil", name, what)
	case n.Dtype() != tensor.Int:
		return errors.Errorf("%s: %s (%s) is %v, want int", name, what, n.Name(), n.Dtype())
	case n.IsScalar():
		return errors.Errorf("%s: %s (%s) is a scalar, want a tensor", name, what, n.Name())
	}
	return nil
}
