package zoo_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Stochastic depth rises from block to block over all stages, and is not in the
// settings of a net without it.
func TestResNetDropPath(t *testing.T) {
	drop := func(p float64) zoo.Option { return zoo.WithResNet(func(r *zoo.ResNet) { r.DropPath = p }) }
	m, err := zoo.New("resnet20", zoo.WithInput(3, 8, 8), drop(0.9))
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []graph.Mode{graph.Train, graph.Infer} {
		g, err := m.Graph(graph.NewParams(1), mode, 2)
		if err != nil {
			t.Fatal(err)
		}
		var rates []string
		for _, l := range g.Layers() {
			if l.Kind == "StochasticDepth" {
				rates = append(rates, strings.TrimPrefix(l.Detail, "p="))
			}
		}
		if want := []string{"0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"}; !slices.Equal(rates, want) {
			t.Errorf("%v: rates %v, want %v", mode, rates, want)
		}
	}
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := zoo.New("resnet20", drop(p)); err == nil || !strings.Contains(err.Error(), "drop path") || !strings.Contains(err.Error(), "0 to 1") {
			t.Errorf("drop path %v: %v", p, err)
		}
	}
}
