package train

import (
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// A step of ResNet-18, eight images of 224x224, with more and more of it frozen.
func BenchmarkFrozenStep(b *testing.B) {
	for _, c := range []struct {
		name   string
		freeze []string
	}{
		{"nothing", nil},
		{"layer1 and 2", []string{"conv1.*", "bn1.*", "layer1.*", "layer2.*"}},
		{"all but layer4 and fc", []string{"conv1.*", "bn1.*", "layer[123].*"}},
		{"all but fc", []string{"conv1.*", "bn1.*", "layer*"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			m, err := zoo.New("resnet18")
			if err != nil {
				b.Fatal(err)
			}
			tuning := FineTuning{Freeze: c.freeze}
			params := graph.NewParams(1)
			g, err := m.LossGraph(params, graph.Train, 8, zoo.Loss{}, tuning.GraphOptions()...)
			if err != nil {
				b.Fatal(err)
			}
			p, err := graph.NewProgram(g)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			x := tensor.New(tensor.WithShape(8, 3, 224, 224), tensor.Of(tensor.Float32))
			y := tensor.New(tensor.WithShape(8), tensor.Of(tensor.Int))
			for name, v := range map[string]*tensor.Dense{"x": x, "y": y} {
				if err := p.Let(name, v); err != nil {
					b.Fatal(err)
				}
			}
			backward, mem := backwardOps(b, p), p.Memory()
			solver := NewSGD(1e-3)
			solver.KeepGrads = true
			for b.Loop() {
				if err := p.Step(solver); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(backward), "backward-ops")
			b.ReportMetric(float64(mem.Gradients+mem.Pinned+mem.Arena)/(1<<20), "MiB")
		})
	}
}

// backwardOps counts the operations of the gradient.
func backwardOps(b *testing.B, p *graph.Program) (n int) {
	profile, err := p.Profile(1)
	if err != nil {
		b.Fatal(err)
	}
	for _, o := range profile.Ops {
		if o.Backward {
			n++
		}
	}
	return n
}
