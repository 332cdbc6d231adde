package zoo_test

import (
	"testing"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestMemory wants arenas that are hardly larger than what is in use at once.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		model string
		size  int
		mode  graph.Mode
		batch int
		live  int64 // at most, in KiB
	}{
		{"resnet18", 224, graph.Infer, 1, 4000},
		{"resnet50", 224, graph.Infer, 1, 9500},
		{"resnet18", 224, graph.Train, 8, 160000},
		{"resnet50", 224, graph.Eval, 2, 170000},
		{"resnet20", 32, graph.Train, 128, 195000},
	} {
		m, err := zoo.New(c.model, zoo.WithInput(3, c.size, c.size))
		if err != nil {
			t.Fatal(err)
		}
		params := graph.NewParams(1)
		var g *graph.Graph
		if c.mode == graph.Infer {
			g, err = m.Graph(params, c.mode, c.batch, graph.WithoutInit())
		} else {
			g, err = m.LossGraph(params, c.mode, c.batch, zoo.Loss{}, graph.WithoutInit())
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.NewProgram(g)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		got := p.Memory()
		if got.Arena > got.Live*13/10 || got.Live > c.live<<10 || got.Live == 0 {
			t.Errorf("%s, %v, batch %d: an arena of %d KiB for %d KiB, want at most %d", c.model, c.mode, c.batch, got.Arena>>10, got.Live>>10, c.live)
		}
		if want := 4 * int64(params.Count()); got.Params < want || c.mode != graph.Infer && got.Gradients != want {
			t.Errorf("%s, %v: %d bytes of parameters and %d of gradients, want %d", c.model, c.mode, got.Params, got.Gradients, want)
		}
	}
}
