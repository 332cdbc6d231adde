package peak

import (
	"fmt"
	"testing"
)

func TestLoopsRun(t *testing.T) {
	for _, l := range Loops() {
		if g := l.GFLOPS(1); g <= 0 {
			t.Errorf("%s: %v GFLOP/s", l.Name, g)
		}
	}
}

func BenchmarkFMA(b *testing.B) {
	for _, l := range Loops() {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", l.Name, threads), func(b *testing.B) {
				best := 0.0
				for range b.N {
					best = max(best, l.GFLOPS(threads))
				}
				b.ReportMetric(best, "GFLOP/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
