package dataset

import (
	"math/rand/v2"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// What augmentation costs for 32x32 colour images, on one core.
func BenchmarkAugment(b *testing.B) {
	var in Image
	r := rand.New(rng.New(1, "benchmark"))
	if _, err := numbered(b, 1).Get(0, &in); err != nil {
		b.Fatal(err)
	}
	if err := in.Resize(32, 32); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		t    Transform
	}{{"TrivialAugmentWide", TrivialAugmentWide{}}, {"RandAugment", RandAugment{}}} {
		b.Run(c.name, func(b *testing.B) {
			var m Image
			for b.Loop() {
				m.CopyFrom(&in)
				if err := c.t.Apply(&m, r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
	for _, m := range []Mixing{{Mixup: 1}, {CutMix: 1}} {
		name, x := "mixup", make([]float32, 128*3*32*32)
		if m.CutMix > 0 {
			name = "CutMix"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				mix, _ := m.Params(32, 32, r)
				mix.Images(x, 128, 3, 32, 32)
			}
			b.ReportMetric(float64(128*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
	b.Run("RandomErasing", func(b *testing.B) {
		x := make([]float32, 3*32*32)
		for b.Loop() {
			RandomErasing{P: 0.5}.apply(x, 3, 32, 32, r)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
}

// What a turned and a sheared image cost, 224x224 in colour, on one core.
func BenchmarkWarp(b *testing.B) {
	in := NewImage(3, 224, 224)
	for name, by := range map[string]affine{"rotation": rotateBy(17, 224, 224), "shear across": shearXBy(0.3), "shear down": shearYBy(0.3)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				in.warp(by)
			}
		})
	}
}
