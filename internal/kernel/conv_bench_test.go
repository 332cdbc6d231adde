package kernel

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// convLayers lists the convolutions of the ResNets, by network and layer.
func convLayers() (names []string, shapes []ConvShape) {
	add := func(name string, s ConvShape) { names, shapes = append(names, name), append(shapes, s) }
	add("cifar/stem", square(128, 3, 32, 16, 3, 1, 1))
	add("cifar/16@32", square(128, 16, 32, 16, 3, 1, 1))
	add("cifar/16-32@32s2", square(128, 16, 32, 32, 3, 2, 1))
	add("cifar/32@16", square(128, 32, 16, 32, 3, 1, 1))
	add("cifar/32-64@16s2", square(128, 32, 16, 64, 3, 2, 1))
	add("cifar/64@8", square(128, 64, 8, 64, 3, 1, 1))
	for _, n := range []int{1, 8} {
		net := fmt.Sprintf("resnet18_b%d/", n)
		add(net+"stem", square(n, 3, 224, 64, 7, 2, 3))
		for i, c := range []int{64, 128, 256, 512} {
			hw := 56 >> i
			add(fmt.Sprintf("%s%d@%d", net, c, hw), square(n, c, hw, c, 3, 1, 1))
			if i > 0 {
				add(fmt.Sprintf("%s%d-%d@%ds2", net, c/2, c, 2*hw), square(n, c/2, 2*hw, c, 3, 2, 1))
				add(fmt.Sprintf("%s1x1_%d-%d@%ds2", net, c/2, c, 2*hw), square(n, c/2, 2*hw, c, 1, 2, 0))
			}
		}
		net = fmt.Sprintf("resnet50_b%d/", n)
		for i, c := range []int{64, 128, 256, 512} {
			hw := 56 >> i
			add(fmt.Sprintf("%s1x1_%d-%d@%d", net, 4*c, c, hw), square(n, 4*c, hw, c, 1, 1, 0))
			add(fmt.Sprintf("%s1x1_%d-%d@%d", net, c, 4*c, hw), square(n, c, hw, 4*c, 1, 1, 0))
		}
		net = fmt.Sprintf("resnext_b%d/", n)
		add(net+"128g32@56", square(n, 128, 56, 128, 3, 1, 1).with(func(s *ConvShape) { s.Groups = 32 }))
		add(net+"256g32@28", square(n, 256, 28, 256, 3, 1, 1).with(func(s *ConvShape) { s.Groups = 32 }))
		add(net+"256g32@56s2", square(n, 256, 56, 256, 3, 2, 1).with(func(s *ConvShape) { s.Groups = 32 }))
		add(net+"1024g32@7", square(n, 1024, 7, 1024, 3, 1, 1).with(func(s *ConvShape) { s.Groups = 32 }))
		add(net+"depthwise128@28", square(n, 128, 28, 128, 3, 1, 1).with(func(s *ConvShape) { s.Groups = 128 }))
	}
	return names, shapes
}

// bestPlan returns the plan that networks use.
func bestPlan(b *testing.B, s ConvShape) *Conv {
	for _, l := range []Layout{Blocked, Entry} {
		if s.Suits(l) {
			return plan(b, s, l).Conv
		}
	}
	return plan(b, s, Planar).Conv
}

// BenchmarkConv reports the best run, because the machine may be shared: its
// milliseconds, its rate counting the multiply-adds of direct convolution, and
// that rate as part of the machine's peak, which Winograd's algorithm can exceed.
func BenchmarkConv(b *testing.B) {
	names, shapes := convLayers()
	peak := 0.0
	for i, s := range shapes {
		r := rand.New(rand.NewPCG(1, 1))
		x, w, y, dw := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), randomSlice(r, s.outLen()), make([]float32, s.weightLen())
		p := bestPlan(b, s)
		p.Pack(w)
		bias := randomSlice(r, s.K)
		for pass, f := range map[string]func(){
			"forward":    func() { p.Forward(y, x, Epilogue{Bias: bias, ReLU: true}) },
			"inputgrad":  func() { p.InputGrad(x, y, w) },
			"weightgrad": func() { p.WeightGrad(dw, x, y) },
		} {
			b.Run(names[i]+"/"+pass, func(b *testing.B) {
				if peak == 0 {
					peak = peakOf(runtime.GOMAXPROCS(0))
				}
				f()
				b.ResetTimer()
				best := time.Hour
				for range b.N {
					start := time.Now()
					f()
					best = min(best, time.Since(start))
				}
				rate := 2 * float64(s.macs()) / float64(best.Nanoseconds())
				b.ReportMetric(rate, "GFLOP/s")
				b.ReportMetric(float64(best.Microseconds())/1000, "ms")
				b.ReportMetric(0, "ns/op")
				if peak > 0 {
					b.ReportMetric(100*rate/peak, "%peak")
				}
			})
		}
	}
}
