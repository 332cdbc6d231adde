package op

import (
	"errors"
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// lookedUp are the rows of a table of the given width.
func lookedUp(table, tokens []float64, e int) []float64 {
	var y []float64
	for _, t := range tokens {
		y = append(y, table[int(t)*e:][:e]...)
	}
	return y
}

func TestEmbedding(t *testing.T) {
	for _, c := range []struct {
		shape  []int
		tokens []int
		v, e   int
	}{
		{[]int{1}, []int{0}, 1, 1},
		{[]int{5}, []int{3, 0, 3, 3, 1}, 4, 3},
		{[]int{2, 3}, []int{6, 5, 4, 6, 5, 4}, 7, 33},
		{[]int{2, 1, 2}, []int{1, 1, 1, 1}, 3, 2},
	} {
		checkOp(t, opCase{
			name: fmt.Sprintf("%v of %dx%d", c.shape, c.v, c.e),
			in:   []*tensor.Dense{ints(c.tokens, c.shape...), random(1, c.v, c.e)},
			op: func(in G.Nodes) (*G.Node, error) {
				y, err := Embedding(in[0], in[1])
				if want := append(tensor.Shape(c.shape).Clone(), c.e); err == nil && !y.Shape().Eq(want) {
					t.Errorf("shape %v, want %v", y.Shape(), want)
				}
				return y, err
			},
			ref: func(in [][]float64) []float64 { return lookedUp(in[1], in[0], c.e) },
		})
	}
}

// One weight is the table and the last layer.
func TestTiedEmbedding(t *testing.T) {
	tokens := []int{2, 0, 2, 1}
	checkOp(t, opCase{
		name: "tied",
		in:   []*tensor.Dense{ints(tokens, 2, 2), random(1, 5, 3)},
		op: func(in G.Nodes) (*G.Node, error) {
			x, err := Embedding(in[0], in[1])
			if err != nil {
				return nil, err
			}
			return Linear(x, in[1], nil)
		},
		ref: func(in [][]float64) []float64 {
			var y []float64
			for _, t := range tokens {
				for row := range 5 {
					sum := 0.0
					for k := range 3 {
						sum += in[1][t*3+k] * in[1][row*3+k]
					}
					y = append(y, sum)
				}
			}
			return y
		},
	})
}

func TestEmbeddingErrors(t *testing.T) {
	in := nodes(tensor.Shape{65, 8}, tensor.Shape{3})
	g := in[0].Graph()
	tokens := G.NewTensor(g, tensor.Int, 1, G.WithShape(4), G.WithName("tokens"))
	_, err := Embedding(nil, in[0])
	wantError(t, err, "Embedding", "tokens is nil")
	_, err = Embedding(in[1], in[0])
	wantError(t, err, "Embedding", "tokens (in1) is float32, want int")
	_, err = Embedding(tokens, in[1])
	wantError(t, err, "Embedding", "weight has shape (3)", "(V, E)")
	_, err = Embedding(tokens, nil)
	wantError(t, err, "Embedding", "weight is nil")
	_, err = Embedding(G.NewScalar(g, tensor.Int, G.WithName("token")), in[0])
	wantError(t, err, "Embedding", "scalar")
	for _, bad := range []int{70, 65, -1} {
		r := compile(t, func(in G.Nodes) (*G.Node, error) { return Embedding(in[0], in[1]) },
			[]*tensor.Dense{ints([]int{1, 2, 64, bad}, 4), random(1, 65, 8)}, nil)
		wantError(t, oneLine(r.vm.RunAll()), fmt.Sprintf("Embedding: token %d at position 3, want 0 to 64", bad))
	}
}

func TestEmbeddingAllocatesNothing(t *testing.T) {
	tokens := make([]int, 32*64)
	for i := range tokens {
		tokens[i] = i * i % 65
	}
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return Embedding(in[0], in[1]) },
		[]*tensor.Dense{ints(tokens, 32, 64), random(1, 65, 128)}, []bool{false, true})
}

// oneLine is the operation's own error out of a machine's account.
func oneLine(err error) error {
	if e := (*RunError)(nil); errors.As(err, &e) {
		return e
	}
	return err
}

func TestEmbeddingParity(t *testing.T) {
	cases, err := parity.SequenceOps("Embedding")
	if err != nil {
		t.Fatal(err)
	}
	checkCases(t, cases, 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		shape := c.Outputs["y"].Shape
		tokens := ints(c.Labels, shape[:len(shape)-1]...)
		return Embedding(G.NodeFromAny(in["weight"].Graph(), tokens, G.WithName("tokens")), in["weight"])
	}, nil)
}
