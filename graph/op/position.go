package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// AddPositions adds to every vector of x (N, T, E) the row of table (context, E)
// for its place: row position+t to that at step t. position, an int node of shape
// (1), is where a sequence goes on that was begun in earlier runs; nil is 0. Steps
// beyond the context are an error, of the run where position decides.
func AddPositions(x, table, position *G.Node) (*G.Node, error) {
	const name = "AddPositions"
	if err := argument(name, "table", table, 2, "(context, E)"); err != nil {
		return nil, err
	}
	p, err := newPositions(name, x, table.Shape(), position)
	if err != nil {
		return nil, err
	}
	return apply(spec{
		name:  name,
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			return p.add(y, in[0], in[1].Float32s(), in[2:])
		},
		diff: []bool{true, true, false}[:2+len(p.position)],
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in,
				func() (*G.Node, error) { return handOn(dy, x) },
				func() (*G.Node, error) { return p.tableGrad(dy) }, nil)
		},
	}, append(G.Nodes{x, table}, p.position...)...)
}

// AddSinusoids is AddPositions of a table that is no parameter but made of waves
// (Vaswani et al. 2017, "Attention is all you need", section 3.5): even columns
// 2i are sin(place / 10000^(2i/E)) and odd ones 2i+1 the cosines of the same.
func AddSinusoids(x *G.Node, context int, position *G.Node) (*G.Node, error) {
	const name = "AddSinusoids"
	if err := rank(name, x, 3, "(N, T, E)"); err != nil {
		return nil, err
	}
	if context < 1 {
		return nil, errors.Errorf("%s: context %d, want 1 or more", name, context)
	}
	e := x.Shape()[2]
	p, err := newPositions(name, x, tensor.Shape{context, e}, position)
	if err != nil {
		return nil, err
	}
	table := sinusoids(context, e)
	return apply(spec{
		name:  name,
		attrs: fmt.Sprintf("context=%d", context),
		data:  map[string]any{"context": context, "table": table},
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			return p.add(y, in[0], table, in[1:])
		},
		diff: []bool{true, false}[:1+len(p.position)],
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			return gradients(in, func() (*G.Node, error) { return handOn(dy, x) }, nil)
		},
	}, append(G.Nodes{x}, p.position...)...)
}

// sinusoids is the table (context, e) of AddSinusoids.
func sinusoids(context, e int) []float32 {
	table := make([]float32, context*e)
	for i := range table {
		place, column := i/e, i%e
		angle := float64(place) / math.Pow(10000, float64(column&^1)/float64(e))
		if column%2 == 0 {
			table[i] = float32(math.Sin(angle))
		} else {
			table[i] = float32(math.Cos(angle))
		}
	}
	return table
}

// positions are the rows of a table that are added to the vectors of sequences.
type positions struct {
	name             string
	n, t, e, context int
	position         G.Nodes // the first place, one node or none
}

func newPositions(name string, x *G.Node, table tensor.Shape, position *G.Node) (p positions, err error) {
	if err = rank(name, x, 3, "(N, T, E)"); err != nil {
		return p, err
	}
	s := x.Shape()
	p = positions{name: name, n: s[0], t: s[1], e: s[2], context: table[0], position: withoutNil(position)}
	if table[1] != p.e {
		return p, errors.Errorf("%s: table has shape %v, want (context, %d) for input of shape %v", name, table, p.e, s)
	}
	if p.t > p.context {
		return p, errors.Errorf("%s: %d steps, want at most the context of %d", name, p.t, p.context)
	}
	if position == nil {
		return p, nil
	}
	if err = integers(name, "position", position); err != nil {
		return p, err
	}
	if !slices.Equal(position.Shape(), tensor.Shape{1}) {
		return p, errors.Errorf("%s: position has shape %v, want (1)", name, position.Shape())
	}
	return p, nil
}

// rows are those of the table, or of its gradient, that the steps take.
func (p positions) rows(table []float32, position []*tensor.Dense) ([]float32, error) {
	first := 0
	if len(position) > 0 {
		first = position[0].Ints()[0]
	}
	if first < 0 || first > p.context-p.t {
		return nil, errors.Errorf("position %d and %d steps, want places 0 to %d", first, p.t, p.context-1)
	}
	return table[first*p.e:][:p.t*p.e], nil
}

func (p positions) add(y, x *tensor.Dense, table []float32, position []*tensor.Dense) error {
	rows, err := p.rows(table, position)
	if err != nil {
		return err
	}
	kernel.AddBias(y.Float32s(), x.Float32s(), rows, p.n, p.t*p.e, 1)
	return nil
}

// tableGrad is the gradient of the table: the sums over the sequences, and zeros
// in the rows that were not taken.
func (p positions) tableGrad(dy *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  p.name + "Grad",
		shape: tensor.Shape{p.context, p.e},
		do: func(dtable *tensor.Dense, in []*tensor.Dense) error {
			rows, err := p.rows(dtable.Float32s(), in[1:])
			if err != nil {
				return err
			}
			clear(dtable.Float32s())
			kernel.BiasGrad(rows, in[0].Float32s(), p.n, p.t*p.e, 1)
			return nil
		},
	}, append(G.Nodes{dy}, p.position...)...)
}
