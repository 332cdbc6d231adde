package kernel

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkTile runs the tile kernels on operands that lie in the first-level
// cache.
func BenchmarkTile(b *testing.B) {
	for _, tier := range Tiers() {
		defer SetTier(SetTier(tier))
		peak := peakOf(1)
		set := tileSets.get()
		for _, class := range set.classes {
			for i, kernel := range class.kernels {
				b.Run(fmt.Sprintf("%v/%dx%d", tier, class.rows, i+1), func(b *testing.B) {
					const depth = 128
					t, width := tileArgsPool.take(), (i+1)*set.lanes
					defer tileArgsPool.put(t)
					x, y, c := make([]float32, depth*class.rows), make([]float32, depth*width), make([]float32, class.rows*width)
					t.a, t.b, t.c, t.off = &x[0], &y[0], &c[0], &packedOffsets[width/minLanes][0]
					t.depth, t.rows, t.ldc, t.flags, t.residual = depth, class.rows, 4*width, 0, nil
					for v := range i + 1 {
						t.vectors[v] = set.vector(4*v*set.lanes, set.full())
					}
					best := time.Hour
					for range b.N {
						start := time.Now()
						for range 1000 {
							kernel.run(t)
						}
						best = min(best, time.Since(start))
					}
					rate := float64(2*1000*depth*class.rows*width) / float64(best.Nanoseconds())
					b.ReportMetric(rate, "GFLOP/s")
					b.ReportMetric(0, "ns/op")
					if peak > 0 {
						b.ReportMetric(100*rate/peak, "%peak")
					}
				})
			}
		}
	}
}
