package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestEmbedding(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	for _, c := range []struct{ tokens, vocab, e int }{
		{1, 1, 1}, {5, 3, 2}, {7, 100, 17}, {2000, 5, 31}, {3000, 65, 128}, {0, 4, 8}, {40, 10, 1000},
	} {
		tokens, weight := make([]int, c.tokens), randomSlice(r, c.vocab*c.e)
		for i := range tokens {
			tokens[i] = r.IntN(c.vocab)
		}
		dy := randomSlice(r, c.tokens*c.e)
		want, size := make([]float64, len(weight)), make([]float64, len(weight))
		for i, token := range tokens {
			for k, v := range dy[i*c.e:][:c.e] {
				want[token*c.e+k] += float64(v)
				size[token*c.e+k] += math.Abs(float64(v))
			}
		}
		onEachTier(t, func(t *testing.T) {
			e := Embedding{c.vocab, c.e}
			y, guard := bordered(len(dy))
			e.Forward(y, tokens, weight)
			guard(t, "Forward")
			for i, v := range y {
				if v != weight[tokens[i/c.e]*c.e+i%c.e] {
					t.Fatalf("%v: y[%d] = %v", c, i, v)
				}
			}
			dw, guard := bordered(len(weight))
			e.Backward(dw, tokens, dy)
			guard(t, "Backward")
			checkNear(t, fmt.Sprint("dweight of ", c), dw, want, size, 16)
			checkRepeats(t, "embedding", func() []float32 {
				e.Forward(y, tokens, weight)
				e.Backward(dw, tokens, dy)
				return dw
			})
		})
	}
}

func BenchmarkEmbedding(b *testing.B) {
	const tokens, vocab, dim = 4096, 65, 128
	r := rand.New(rand.NewPCG(1, 2))
	index, weight, y := make([]int, tokens), randomSlice(r, vocab*dim), randomSlice(r, tokens*dim)
	for i := range index {
		index[i] = r.IntN(vocab)
	}
	e := Embedding{vocab, dim}
	b.Run("forward", func(b *testing.B) {
		b.SetBytes(4 * tokens * dim)
		for range b.N {
			e.Forward(y, index, weight)
		}
	})
	b.Run("backward", func(b *testing.B) {
		b.SetBytes(4 * tokens * dim)
		for range b.N {
			e.Backward(weight, index, y)
		}
	})
}
