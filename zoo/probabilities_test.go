package zoo_test

import (
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// With probabilities a classifier's y has a value for each class; a language model
// has none.
func TestLossOfProbabilities(t *testing.T) {
	m, err := zoo.New("resnet20")
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.LossGraph(graph.NewParams(1), graph.Train, 4, zoo.Loss{Probabilities: true, LabelSmoothing: 0.1}, graph.WithoutInit())
	if err != nil {
		t.Fatal(err)
	}
	y := g.Input("y")
	if y == nil || !slices.Equal(y.Shape(), tensor.Shape{4, 10}) || y.Dtype() != tensor.Float32 {
		t.Errorf("y is %v", y)
	}
	if m, err = zoo.New("transformer-lm"); err != nil {
		t.Fatal(err)
	}
	_, err = m.LossGraph(graph.NewParams(1), graph.Train, 2, zoo.Loss{Probabilities: true}, graph.WithoutInit())
	if err == nil || !strings.Contains(err.Error(), "trained with tokens, not with their probabilities") {
		t.Errorf("got %v", err)
	}
}
