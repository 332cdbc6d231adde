package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkWinograd reports the best run, because the machine may be shared, in
// operations of the definition of a convolution.
func BenchmarkWinograd(b *testing.B) {
	for _, n := range []int{1, 8} {
		for i, c := range []int{64, 128, 256, 512} {
			s := square(n, c, 56>>i, c, 3, 1, 1)
			r := rand.New(rand.NewPCG(1, 1))
			x, w, y, bias := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), randomSlice(r, s.outLen()), randomSlice(r, c)
			dw := make([]float32, s.weightLen())
			for _, m := range []int{4, 2} {
				forward, input, weights := newWinograd(s, m), newWinogradInput(s, m), newWinogradWeights(s, m)
				u, v := packed(forward, w), packed(input, w)
				for _, pass := range []struct {
					name string
					f    func()
				}{
					{"forward", func() { forward.run(y, x, u, Epilogue{Bias: bias, ReLU: true}) }},
					{"inputgrad", func() { input.run(x, y, v, Epilogue{}) }},
					{"weightgrad", func() { weights.run(dw, x, y) }},
					{"pack", func() { forward.pack(u, w) }},
					{"packinput", func() { input.pack(v, w) }},
				} {
					b.Run(fmt.Sprintf("b%d/%d@%d/F%d/%s", n, c, s.H, m, pass.name), func(b *testing.B) {
						best := bestOf(b.N, pass.f)
						b.ReportMetric(2*float64(s.macs())/float64(best.Nanoseconds()), "GFLOP/s")
						b.ReportMetric(float64(best.Microseconds())/1000, "ms")
						b.ReportMetric(0, "ns/op")
					})
				}
			}
		}
	}
}

// bestOf returns the time of the fastest of n runs of f.
func bestOf(n int, f func()) time.Duration {
	f()
	best := time.Hour
	for range n {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}
