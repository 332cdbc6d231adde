package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// CachedAttention is causal SelfAttention that goes on where earlier runs stopped,
// for making text a token at a time: qkv (N, T, 3E) holds T new positions, of
// which the first has the number that position, a node of dtype tensor.Int and
// shape (1), holds. They attend to themselves and to all positions before. The
// result is (N, T, E).
//
// Keys and values are in cache (N, 2, C, E), keys first, which has room for C
// positions: each run writes those of the new positions, in place in the tensor
// that is bound to the node, which must be an input of the graph. A position
// beyond the room is an error when the graph runs. There is no gradient.
func CachedAttention(qkv, cache, position *G.Node, heads int) (*G.Node, error) {
	const name = "CachedAttention"
	a, err := newSelfAttention(name, qkv)
	if err != nil {
		return nil, err
	}
	if err := a.divide(heads); err != nil {
		return nil, err
	}
	a.Causal = true
	if err := argument(name, "cache", cache, 4, "(N, 2, C, E)"); err != nil {
		return nil, err
	}
	if s := cache.Shape(); s[0] != a.N || s[1] != 2 || s[3] != a.e {
		return nil, errors.Errorf("%s: cache has shape %v, want (%d, 2, C, %d) for input of shape %v", name, s, a.N, a.e, qkv.Shape())
	}
	if cache.Op() != nil {
		return nil, errors.Errorf("%s: the cache is written in place, so it must be an input of the graph; %s is a %s", name, cache.Name(), Name(cache))
	}
	if position == nil || position.Dtype() != tensor.Int || !slices.Equal(position.Shape(), tensor.Shape{1}) {
		return nil, errors.Errorf("%s: position must be a node of integers of shape (1)", name)
	}
	return apply(spec{
		name:  name,
		attrs: a.attrs(),
		shape: tensor.Shape{a.N, a.Tq, a.e},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			return a.cached(y.Float32s(), in[0].Float32s(), in[1].Float32s(), in[2].Ints()[0])
		},
	}, qkv, cache, position)
}

// cached writes the new keys and values to the cache and attends.
func (a *attention) cached(y, qkv, cache []float32, position int) error {
	room := len(cache) / (2 * a.N * a.e)
	if position < 0 || position > room-a.Tq {
		return errors.Errorf("positions %d to %d, want 0 to %d at most: the cache has room for %d", position, position+a.Tq-1, room-1, room)
	}
	for n := range a.N {
		for t := range a.Tq {
			_, k, v := a.position(qkv, n, t)
			row := 2*n*room + position + t
			copy(cache[row*a.e:][:a.e], k)
			copy(cache[(row+room)*a.e:][:a.e], v)
		}
	}
	run := a.Attention
	run.Tk, run.Offset = position+a.Tq, position
	q, _, _ := a.packed(qkv)
	keys := kernel.Heads{X: cache, Item: 2 * room * a.e, Row: a.e}
	values := keys
	values.X = cache[room*a.e:]
	run.Forward(a.rows(y), q, keys, values)
	return nil
}

// position returns query, key and value of a position of a packed input.
func (a *attention) position(qkv []float32, n, t int) (q, k, v []float32) {
	x := qkv[(n*a.Tq+t)*3*a.e:]
	return x[:a.e], x[a.e : 2*a.e], x[2*a.e : 3*a.e]
}
