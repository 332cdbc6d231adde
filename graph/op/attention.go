package op

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// AttentionOptions are the settings of attention.
type AttentionOptions struct {
	Heads int // at least 1; the size of a position is divided among them

	// Causal lets query i attend to keys 0 to i only, also where there are fewer or
	// more keys than queries: as is_causal of torch and ONNX.
	Causal bool
	Scale  float64 // of the scores; 0: 1/sqrt(size of a head)

	// Dropout is the probability with which a probability becomes 0, the others
	// being divided by 1-Dropout. It draws as the operation Dropout does.
	Dropout float64
	Seed    uint64

	// Mask, if set, is added to the scores: a node of a shape that can be broadcast
	// to (N, Heads, Tq, Tk). It has no gradient.
	Mask *G.Node
}

// Attention is scaled dot-product attention (Vaswani et al. 2017) of queries q
// (N, Tq, E) to keys k (N, Tk, E) and values v (N, Tk, Ev), all heads side by
// side; the result is (N, Tq, Ev). A query whose keys are all masked, by -Inf,
// becomes NaN, as in torch.
func Attention(q, k, v *G.Node, o AttentionOptions) (*G.Node, error) {
	const name = "Attention"
	for _, in := range []struct {
		what string
		node *G.Node
		want string
	}{{"query", q, "(N, Tq, E)"}, {"key", k, "(N, Tk, E)"}, {"value", v, "(N, Tk, Ev)"}} {
		if err := argument(name, in.what, in.node, 3, in.want); err != nil {
			return nil, err
		}
	}
	qs, ks, vs := q.Shape(), k.Shape(), v.Shape()
	if qs[0] != ks[0] || qs[0] != vs[0] || ks[1] != vs[1] || qs[2] != ks[2] {
		return nil, errors.Errorf("%s: query, key and value have shapes %v, %v and %v, want (N, Tq, E), (N, Tk, E) and (N, Tk, Ev)", name, qs, ks, vs)
	}
	a := &attention{name: name, of: G.Nodes{q, k, v}, e: qs[2], ev: vs[2]}
	a.N, a.Tq, a.Tk = qs[0], qs[1], ks[1]
	return a.with(o)
}

// SelfAttention is Attention among the positions of one sequence: qkv (N, T, 3E)
// holds at each position the query, then the key, then the value, as the packed
// projection of torch.nn.MultiheadAttention makes them. The result is (N, T, E).
func SelfAttention(qkv *G.Node, o AttentionOptions) (*G.Node, error) {
	a, err := newSelfAttention("SelfAttention", qkv)
	if err != nil {
		return nil, err
	}
	return a.with(o)
}

// newSelfAttention is one on a packed input, (N, T, 3E).
func newSelfAttention(name string, qkv *G.Node) (*attention, error) {
	if err := rank(name, qkv, 3, "(N, T, 3E)"); err != nil {
		return nil, err
	}
	s := qkv.Shape()
	if s[2]%3 != 0 {
		return nil, errors.Errorf("%s: input has shape %v, want (N, T, 3E)", name, s)
	}
	a := &attention{name: name, of: G.Nodes{qkv}, e: s[2] / 3, ev: s[2] / 3}
	a.N, a.Tq, a.Tk = s[0], s[1], s[1]
	return a, nil
}

// attention is one attention.
type attention struct {
	kernel.Attention
	name  string
	of    G.Nodes // queries, keys and values, or one node with all of them
	e, ev int     // of a position, of all heads: queries and keys, values

	mask, key *G.Node // or nil
}

// with takes the options and adds the operation to the graph.
func (a *attention) with(o AttentionOptions) (*G.Node, error) {
	if err := a.divide(o.Heads); err != nil {
		return nil, err
	}
	if math.IsNaN(o.Scale) || math.IsInf(o.Scale, 0) {
		return nil, errors.Errorf("%s: scale is %v, want a finite one", a.name, o.Scale)
	}
	if o.Scale != 0 {
		a.Scale = float32(o.Scale)
	}
	if !(o.Dropout >= 0 && o.Dropout <= 1) {
		return nil, errors.Errorf("%s: dropout is %v, want 0 to 1", a.name, o.Dropout)
	}
	a.Causal, a.Dropout = o.Causal, float32(o.Dropout)
	if err := a.masked(o.Mask); err != nil {
		return nil, err
	}
	if o.Dropout > 0 {
		var err error
		if a.key, err = dropoutKey(a.of[0], o.Seed); err != nil {
			return nil, err
		}
	}
	return a.node()
}

// divide divides the positions among heads.
func (a *attention) divide(heads int) error {
	if a.Tk < 1 || a.e < 1 {
		return errors.Errorf("%s: input has shape %v, want at least one key of at least one value", a.name, a.of[0].Shape())
	}
	if heads < 1 || a.e%heads != 0 || a.ev%heads != 0 {
		return errors.Errorf("%s: %d heads, want a number that divides %d and %d", a.name, heads, a.e, a.ev)
	}
	a.Heads, a.D, a.Dv = heads, a.e/heads, a.ev/heads
	a.Scale = float32(1 / math.Sqrt(float64(a.D)))
	return nil
}

// masked takes a mask, unless it is nil.
func (a *attention) masked(mask *G.Node) error {
	if a.mask = mask; mask == nil {
		return nil
	}
	if err := float(a.name, "mask", mask); err != nil {
		return err
	}
	full, s := tensor.Shape{a.N, a.Heads, a.Tq, a.Tk}, mask.Shape()
	if wide, err := broadcast(full, s); err != nil || !wide.Eq(full) {
		return errors.Errorf("%s: mask has shape %v, want one that can be broadcast to %v", a.name, s, full)
	}
	step := 1
	for i := s.Dims() - 1; i >= 0; i-- {
		if s[i] > 1 {
			a.Mask.Strides[len(full)-s.Dims()+i] = step
		}
		step *= s[i]
	}
	return nil
}

// attrs writes the attributes.
func (a *attention) attrs() string {
	s := fmt.Sprintf("heads=%d, scale=%v", a.Heads, a.Scale)
	if a.Causal {
		s += ", causal"
	}
	if a.mask != nil {
		s += ", mask"
	}
	if a.key != nil {
		s += fmt.Sprintf(", dropout=%v", a.Dropout)
	}
	return s
}

// macs is the number of multiply-adds in so many products of the size of the
// scores, half of them with keys and half with values.
func (a *attention) macs(products int) int64 {
	return int64(a.N) * int64(a.Tq) * int64(a.Tk) * int64(a.e+a.ev) * int64(products) / 2
}

// node is the output: inputs are those of the operation, the mask and the key.
func (a *attention) node() (*G.Node, error) {
	in := append(a.of[:len(a.of):len(a.of)], withoutNil(a.mask, a.key)...)
	diff := make([]bool, len(in))
	for i := range a.of {
		diff[i] = true
	}
	return apply(spec{
		name:  a.name,
		attrs: a.attrs(),
		data: map[string]any{
			"heads": a.Heads, "scale": float64(a.Scale), "causal": a.Causal, "mask": a.mask != nil, "dropout": a.key != nil,
		},
		shape: tensor.Shape{a.N, a.Tq, a.ev},
		macs:  a.macs(2),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			run, rest := a.run(in)
			q, k, v := a.split(rest...)
			run.Forward(a.rows(y.Float32s()), q, k, v)
			return nil
		},
		diff: diff,
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
			grads, err := a.gradients(dy)
			return append(grads, make(G.Nodes, len(in)-len(a.of))...), err
		},
	}, in...)
}

// run is the kernel with the mask and the key of a run, and the inputs before
// them.
func (a *attention) run(in []*tensor.Dense) (kernel.Attention, []*tensor.Dense) {
	k := a.Attention
	if a.key != nil {
		k.Key = readKey(in[len(in)-1].Float32s())
		in = in[:len(in)-1]
	}
	if a.mask != nil {
		k.Mask.Values = in[len(in)-1].Float32s()
		in = in[:len(in)-1]
	}
	return k, in
}

// split returns queries, keys and values of the inputs, or their gradients.
func (a *attention) split(in ...*tensor.Dense) (q, k, v kernel.Heads) {
	if len(a.of) > 1 {
		return a.separate(in[0].Float32s(), in[1].Float32s(), in[2].Float32s())
	}
	return a.packed(in[0].Float32s())
}

func (a *attention) packed(qkv []float32) (q, k, v kernel.Heads) {
	row := 3 * a.e
	at := func(i int) kernel.Heads { return kernel.Heads{X: qkv[i*a.e:], Item: a.Tq * row, Row: row} }
	return at(0), at(1), at(2)
}

func (a *attention) separate(q, k, v []float32) (kernel.Heads, kernel.Heads, kernel.Heads) {
	return kernel.Heads{X: q, Item: a.Tq * a.e, Row: a.e}, kernel.Heads{X: k, Item: a.Tk * a.e, Row: a.e},
		kernel.Heads{X: v, Item: a.Tk * a.ev, Row: a.ev}
}

// rows are the heads of an output.
func (a *attention) rows(y []float32) kernel.Heads {
	return kernel.Heads{X: y, Item: a.Tq * a.ev, Row: a.ev}
}

// gradients of queries, keys and values: one pass makes them all. Where they are
// inputs of their own, they lie one behind the other, and small operations hand
// them out.
func (a *attention) gradients(dy *G.Node) (G.Nodes, error) {
	shape, parts := a.of[0].Shape(), a.parts()
	if len(a.of) > 1 {
		shape = tensor.Shape{parts[3]}
	}
	d, err := apply(spec{
		name:  a.name + "Grad",
		attrs: a.attrs(),
		shape: shape,
		macs:  a.macs(5),
		do: func(d *tensor.Dense, in []*tensor.Dense) error {
			run, rest := a.run(in[1:])
			q, k, v := a.split(rest...)
			x := d.Float32s()
			if len(a.of) == 1 {
				dq, dk, dv := a.packed(x)
				run.Backward(dq, dk, dv, a.rows(in[0].Float32s()), q, k, v)
				return nil
			}
			dq, dk, dv := a.separate(x[:parts[1]], x[parts[1]:parts[2]], x[parts[2]:])
			run.Backward(dq, dk, dv, a.rows(in[0].Float32s()), q, k, v)
			return nil
		},
	}, append(append(G.Nodes{dy}, a.of...), withoutNil(a.mask, a.key)...)...)
	if err != nil || len(a.of) == 1 {
		return G.Nodes{d}, err
	}
	var grads G.Nodes
	for i, x := range a.of {
		g, err := stretch(d, parts[i], x.Shape())
		if err != nil {
			return nil, err
		}
		grads = append(grads, g)
	}
	return grads, nil
}

// parts are where queries, keys and values begin in an array that has one behind
// the other, and its length.
func (a *attention) parts() [4]int {
	q, k, v := a.N*a.Tq*a.e, a.N*a.Tk*a.e, a.N*a.Tk*a.ev
	return [4]int{0, q, q + k, q + k + v}
}

// stretch is what lies in x, of one dimension, from a value on, as a copy of the
// given shape.
func stretch(x *G.Node, from int, shape tensor.Shape) (*G.Node, error) {
	return apply(spec{
		name:  "Stretch",
		attrs: fmt.Sprintf("from=%d", from),
		shape: shape,
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			copy(y.Float32s(), in[0].Float32s()[from:])
			return nil
		},
	}, x)
}
