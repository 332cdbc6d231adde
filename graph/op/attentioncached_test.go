package op

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// cachedRun is CachedAttention compiled for some new positions of two items.
type cachedRun struct {
	*running
	qkv, cache, position *tensor.Dense
}

func newCachedRun(t *testing.T, positions, room, e, heads int) *cachedRun {
	t.Helper()
	c := &cachedRun{
		qkv:      random(1, 2, positions, 3*e),
		cache:    random(2, 2, 2, room, e), // what is not written yet does not matter
		position: tensor.New(tensor.WithShape(1), tensor.WithBacking([]int{0})),
	}
	c.running = compile(t, func(in G.Nodes) (*G.Node, error) {
		return CachedAttention(in[0], in[1], in[2], heads)
	}, []*tensor.Dense{c.qkv, c.cache, c.position}, nil)
	return c
}

// Positions that come one by one, or some at a time, become what they become
// together.
func TestCachedAttention(t *testing.T) {
	const length, room, heads = 70, 75, 2
	for _, d := range []int{1, 16, 33, 64} {
		for _, count := range []int{1, 2, 7, 35, 70} {
			onEachTier(t, fmt.Sprintf("heads of %d, %d at a time", d, count), func(t *testing.T) {
				e := heads * d
				all := random(3, 2, length, 3*e)
				whole := compile(t, func(in G.Nodes) (*G.Node, error) {
					return SelfAttention(in[0], AttentionOptions{Heads: heads, Causal: true})
				}, []*tensor.Dense{all}, nil)
				whole.run(t)
				want := whole.results()[0]
				c := newCachedRun(t, count, room, e, heads)
				for at := 0; at < length; at += count {
					for n := range 2 {
						copy(c.qkv.Float32s()[n*count*3*e:][:count*3*e], all.Float32s()[(n*length+at)*3*e:])
					}
					c.position.Ints()[0] = at
					c.run(t)
					got := c.results()[0]
					for n := range 2 {
						compare(t, fmt.Sprintf("item %d from position %d", n, at), got[n*count*e:][:count*e], wide(want[(n*length+at)*e:][:count*e]), 1e-5)
					}
				}
			})
		}
	}
}

// wide is x in float64.
func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func TestCachedAttentionOutOfRoom(t *testing.T) {
	c := newCachedRun(t, 2, 5, 4, 1)
	before := floats(c.cache)
	for _, position := range []int{4, -1, 5, far, -far} {
		c.position.Ints()[0] = position
		err := c.vm.RunAll()
		c.vm.Reset()
		wantError(t, err, "CachedAttention", fmt.Sprint("positions ", position), "room for 5")
	}
	if !sameBits(before, floats(c.cache)) {
		t.Error("a position out of range is written to the cache")
	}
	c.position.Ints()[0] = 3
	c.run(t)
}

func TestCachedAttentionErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 1, 12}, tensor.Shape{2, 2, 7, 4}, tensor.Shape{2, 2, 7, 5}, tensor.Shape{1})
	qkv, cache := in[0], in[1]
	position := G.NewTensor(qkv.Graph(), tensor.Int, 1, G.WithShape(1), G.WithName("position"))
	_, err := CachedAttention(nil, cache, position, 2)
	wantError(t, err, "CachedAttention: input is nil")
	_, err = CachedAttention(qkv, nil, position, 2)
	wantError(t, err, "cache is nil")
	_, err = CachedAttention(qkv, in[2], position, 2)
	wantError(t, err, "cache has shape (2, 2, 7, 5), want (2, 2, C, 4)")
	_, err = CachedAttention(qkv, qkv, position, 2)
	wantError(t, err, "cache has shape (2, 1, 12), want (N, 2, C, E)")
	_, err = CachedAttention(qkv, cache, position, 3)
	wantError(t, err, "3 heads")
	for _, p := range []*G.Node{nil, in[3]} {
		_, err = CachedAttention(qkv, cache, p, 2)
		wantError(t, err, "position", "integers of shape (1)")
	}
	y, err := ReLU(cache)
	if err != nil {
		t.Fatal(err)
	}
	_, err = CachedAttention(qkv, y, position, 2)
	wantError(t, err, "must be an input", "ReLU")
}

func TestCachedAttentionAllocatesNothing(t *testing.T) {
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return CachedAttention(in[0], in[1], in[2], 4) },
		[]*tensor.Dense{random(1, 1, 2, 3*64), random(2, 1, 2, 1024, 64), tensor.New(tensor.WithShape(1), tensor.WithBacking([]int{1000}))}, nil)
}
