package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// An attentionCase is an attention with all that goes in, in arrays with gaps.
type attentionCase struct {
	Attention
	q, k, v, dy Heads
}

// gap is what lies between positions and between items.
const gap = 3

func newAttentionCase(r *rand.Rand, a Attention) *attentionCase {
	heads := func(t, d int) Heads {
		x := emptyHeads(a.N, a.Heads, t, d)
		copy(x.X, randomSlice(r, len(x.X)))
		return x
	}
	if a.Scale == 0 {
		a.Scale = float32(1 / math.Sqrt(float64(a.D)))
	}
	return &attentionCase{a, heads(a.Tq, a.D), heads(a.Tk, a.D), heads(a.Tk, a.Dv), heads(a.Tq, a.Dv)}
}

// emptyHeads are heads whose values are all marked.
func emptyHeads(n, heads, t, d int) Heads {
	h := Heads{Row: heads*d + gap}
	h.Item = t*h.Row + gap
	h.X = make([]float32, n*h.Item)
	fill(h.X, 12345)
	return h
}

func (c *attentionCase) empty(t, d int) Heads { return emptyHeads(c.N, c.Heads, t, d) }

// withMask gives the case a mask of the shape of which the broadcast dimensions
// are 1.
func (c *attentionCase) withMask(r *rand.Rand, shape [4]int) *attentionCase {
	size := 1
	for i := 3; i >= 0; i-- {
		if shape[i] > 1 {
			c.Mask.Strides[i] = size
		}
		size *= shape[i]
	}
	c.Mask.Values = randomSlice(r, size)
	return c
}

// withDropout gives the case a dropout.
func (c *attentionCase) withDropout(p float32) *attentionCase {
	c.Dropout, c.Key = p, rng.New(1, "attention").State()
	return c
}

// kept returns what the probabilities of a query are multiplied by.
func (c *attentionCase) kept(n, head, i int) []float32 {
	mask := make([]float32, c.Tk)
	fill(mask, 1)
	if c.Dropout > 0 {
		row := (n*c.Heads+head)*c.Tq + i
		maskGo(mask, uint64(row)*uint64(ceilDiv(c.Tk, 32)*8), &c.Key, uint32(float64(c.Dropout)*(1<<32)), float32(1/(1-float64(c.Dropout))))
	}
	return mask
}

// attentionWant is an attention straight from the definition.
type attentionWant struct{ y, dq, dk, dv []float64 }

func (c *attentionCase) want() *attentionWant {
	w := &attentionWant{
		wide(c.empty(c.Tq, c.Dv).X), wide(c.empty(c.Tq, c.D).X), wide(c.empty(c.Tk, c.D).X), wide(c.empty(c.Tk, c.Dv).X),
	}
	for n := range c.N {
		for head := range c.Heads {
			for t := range max(c.Tq, c.Tk) {
				for _, x := range []struct {
					of   Heads
					to   []float64
					t, d int
				}{{c.dy, w.y, c.Tq, c.Dv}, {c.q, w.dq, c.Tq, c.D}, {c.k, w.dk, c.Tk, c.D}, {c.v, w.dv, c.Tk, c.Dv}} {
					if t < x.t {
						clear(vectorOf(x.to, x.of, n, head, t, x.d))
					}
				}
			}
			for i := range c.Tq {
				c.wantRow(w, n, head, i)
			}
		}
	}
	return w
}

// vectorOf returns the vector of a head at a position in an array that lies as x.
func vectorOf[T float32 | float64](array []T, x Heads, n, head, t, d int) []T {
	return array[n*x.Item+t*x.Row+head*d:][:d]
}

// wantRow adds what comes from a query.
func (c *attentionCase) wantRow(w *attentionWant, n, head, i int) {
	keys := c.Tk
	if c.Causal {
		keys = min(keys, i+c.Offset+1)
	}
	q := vectorOf(c.q.X, c.q, n, head, i, c.D)
	p, most := make([]float64, keys), math.Inf(-1)
	for j := range p {
		for e, k := range vectorOf(c.k.X, c.k, n, head, j, c.D) {
			p[j] += float64(c.Scale) * float64(q[e]) * float64(k)
		}
		if s := c.Mask.Strides; c.Mask.Values != nil {
			p[j] += float64(c.Mask.Values[n*s[0]+head*s[1]+i*s[2]+j*s[3]])
		}
		most = max(most, p[j])
	}
	var sum float64
	for j := range p {
		p[j] = math.Exp(p[j] - most)
		sum += p[j]
	}
	kept, dp, dot := c.kept(n, head, i), make([]float64, keys), 0.
	dy := vectorOf(c.dy.X, c.dy, n, head, i, c.Dv)
	for j := range p {
		p[j] /= sum
		dv := vectorOf(w.dv, c.v, n, head, j, c.Dv)
		for e, v := range vectorOf(c.v.X, c.v, n, head, j, c.Dv) {
			vectorOf(w.y, c.dy, n, head, i, c.Dv)[e] += p[j] * float64(kept[j]) * float64(v)
			dv[e] += p[j] * float64(kept[j]) * float64(dy[e])
			dp[j] += float64(kept[j]) * float64(dy[e]) * float64(v)
		}
		dot += p[j] * dp[j]
	}
	for j := range p {
		ds := p[j] * (dp[j] - dot) * float64(c.Scale)
		dk := vectorOf(w.dk, c.k, n, head, j, c.D)
		for e, k := range vectorOf(c.k.X, c.k, n, head, j, c.D) {
			vectorOf(w.dq, c.q, n, head, i, c.D)[e] += ds * float64(k)
			dk[e] += ds * float64(q[e])
		}
	}
}

// run computes all results.
func (c *attentionCase) run() (y, dq, dk, dv Heads) {
	y, dq, dk, dv = c.empty(c.Tq, c.Dv), c.empty(c.Tq, c.D), c.empty(c.Tk, c.D), c.empty(c.Tk, c.Dv)
	c.Forward(y, c.q, c.k, c.v)
	c.Backward(dq, dk, dv, c.dy, c.q, c.k, c.v)
	return y, dq, dk, dv
}

func (c *attentionCase) check(t *testing.T) {
	t.Helper()
	w := c.want()
	y, dq, dk, dv := c.run()
	for _, x := range []struct {
		what string
		got  []float32
		want []float64
	}{{"y", y.X, w.y}, {"dq", dq.X, w.dq}, {"dk", dk.X, w.dk}, {"dv", dv.X, w.dv}} {
		scale := make([]float64, len(x.want))
		for i := range scale {
			scale[i] = 5
		}
		checkNear(t, x.what, x.got, x.want, scale, 24)
	}
}

func (c *attentionCase) String() string {
	return fmt.Sprintf("%dx%d heads of %d and %d, %d to %d, causal %v, offset %d, mask %v, dropout %v",
		c.N, c.Heads, c.D, c.Dv, c.Tq, c.Tk, c.Causal, c.Offset, c.Mask.Strides, c.Dropout)
}

// attentionCases are sizes around those of vectors and of blocks of queries, and
// every option.
func attentionCases(r *rand.Rand) (cases []*attentionCase) {
	add := func(a Attention) *attentionCase {
		c := newAttentionCase(r, a)
		cases = append(cases, c)
		return c
	}
	for _, d := range []int{1, 3, 8, 17, 32, 64, 100} {
		for _, t := range []int{1, 2, 7, 16, 33, 64, 65} {
			for _, causal := range []bool{false, true} {
				add(Attention{N: 1, Heads: 2, Tq: t, Tk: t, D: d, Dv: d, Causal: causal})
			}
		}
	}
	for _, causal := range []bool{false, true} {
		for _, s := range [][2]int{{1, 9}, {9, 1}, {5, 70}, {70, 5}, {130, 130}, {3, 1200}, {200, 1200}} {
			add(Attention{N: 2, Heads: 1, Tq: s[0], Tk: s[1], D: 5, Dv: 9, Causal: causal})
			add(Attention{N: 1, Heads: 2, Tq: s[0], Tk: s[1], D: 16, Dv: 8, Causal: causal}).withDropout(0.3)
		}
		for _, shape := range [][4]int{{1, 1, 1, 1}, {2, 3, 11, 40}, {1, 3, 1, 40}, {2, 1, 11, 1}, {1, 1, 11, 40}} {
			add(Attention{N: 2, Heads: 3, Tq: 11, Tk: 40, D: 6, Dv: 6, Causal: causal}).withMask(r, shape)
		}
	}
	for _, s := range [][3]int{{1, 9, 8}, {4, 9, 5}, {4, 20, 3}, {70, 100, 30}} {
		add(Attention{N: 2, Heads: 2, Tq: s[0], Tk: s[1], D: 8, Dv: 8, Causal: true, Offset: s[2]})
	}
	return cases
}

func TestAttention(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		for _, c := range attentionCases(rand.New(rand.NewPCG(1, 2))) {
			t.Run(c.String(), c.check)
		}
	})
}

// A query with a NaN or an infinite score, or with no score but -Inf, becomes NaN
// and leaves the others alone.
func TestAttentionSpecialValues(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		for _, v := range []float32{nan, inf, -inf} {
			r := rand.New(rand.NewPCG(3, 4))
			c := newAttentionCase(r, Attention{N: 1, Heads: 2, Tq: 19, Tk: 21, D: 4, Dv: 4}).withMask(r, [4]int{1, 1, 19, 21})
			for j := range 21 {
				if v == -inf || j == 5 {
					c.Mask.Values[7*21+j] = v
				}
			}
			y, dq, _, _ := c.run()
			for _, x := range []Heads{y, dq} {
				for i := range 19 {
					for _, got := range vectorOf(x.X, x, 0, 1, i, 4) {
						if (got != got) != (i == 7) {
							t.Errorf("mask of %v for query 7: query %d becomes %v", v, i, got)
						}
					}
				}
			}
		}
	})
}

// Keys that are masked by -Inf are as if they were not there.
func TestAttentionMasksKeys(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		causal := newAttentionCase(r, Attention{N: 1, Heads: 1, Tq: 70, Tk: 70, D: 8, Dv: 8, Causal: true})
		masked := *causal
		masked.Causal = false
		masked.withMask(r, [4]int{1, 1, 70, 70})
		for i := range 70 {
			for j := range 70 {
				masked.Mask.Values[i*70+j] = 0
				if j > i {
					masked.Mask.Values[i*70+j] = -inf
				}
			}
		}
		y, dq, dk, dv := causal.run()
		my, mdq, mdk, mdv := masked.run()
		for i, x := range []Heads{y, dq, dk, dv} {
			checkNear(t, fmt.Sprint("result ", i), []Heads{my, mdq, mdk, mdv}[i].X, wide(x.X), nil, 400)
		}
	})
}

func TestAttentionRepeats(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		c := newAttentionCase(r, Attention{N: 2, Heads: 3, Tq: 130, Tk: 130, D: 20, Dv: 20, Causal: true}).withDropout(0.2).withMask(r, [4]int{1, 3, 130, 130})
		y, dq, dk, dv := c.run()
		checkRepeats(t, "Attention", func() []float32 {
			c.Forward(y, c.q, c.k, c.v)
			return y.X
		})
		for _, d := range []Heads{dq, dk, dv} {
			checkRepeats(t, "Attention backward", func() []float32 {
				c.Backward(dq, dk, dv, c.dy, c.q, c.k, c.v)
				return d.X
			})
		}
	})
}

// BenchmarkAttention measures a layer of a small language model, of larger ones,
// and one token with a cache.
func BenchmarkAttention(b *testing.B) {
	for _, a := range []Attention{
		{N: 12, Heads: 4, Tq: 64, Tk: 64, D: 32, Dv: 32, Causal: true},
		{N: 12, Heads: 4, Tq: 64, Tk: 64, D: 32, Dv: 32, Causal: true, Dropout: 0.1},
		{N: 2, Heads: 8, Tq: 512, Tk: 512, D: 64, Dv: 64},
		{N: 1, Heads: 8, Tq: 1024, Tk: 1024, D: 64, Dv: 64, Causal: true},
		{N: 1, Heads: 8, Tq: 1, Tk: 512, D: 64, Dv: 64, Causal: true, Offset: 511},
	} {
		c := newAttentionCase(rand.New(rand.NewPCG(9, 10)), a)
		y, dq, dk, dv := c.run()
		b.Run(c.String()+"/forward", func(b *testing.B) {
			for b.Loop() {
				c.Forward(y, c.q, c.k, c.v)
			}
		})
		b.Run(c.String()+"/backward", func(b *testing.B) {
			for b.Loop() {
				c.Backward(dq, dk, dv, c.dy, c.q, c.k, c.v)
			}
		})
	}
}
