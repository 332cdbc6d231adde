package tfevents

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkHistogram is for a million weights.
func BenchmarkHistogram(b *testing.B) {
	values := make([]float32, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = float32(0.05 * r.NormFloat64())
	}
	b.SetBytes(4 << 20)
	for b.Loop() {
		newHistogram(values).encode()
	}
}
