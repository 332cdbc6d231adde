package weights

import (
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// Names that are plainly the model's under another module, or of another habit, become
// the model's; others stay.
func TestRenameFor(t *testing.T) {
	p := graph.NewParams(1)
	for _, name := range []string{"conv1.weight", "bn1.running_mean", "fc.weight", "fc.bias"} {
		if err := p.Add(graph.Param{Name: name, Value: tensor.New(tensor.WithShape(1), tensor.Of(tensor.Float32))}); err != nil {
			t.Fatal(err)
		}
	}
	model := []string{"conv1.weight", "bn1.running_mean", "fc.weight", "fc.bias"}
	for _, c := range []struct{ names, want []string }{
		{model, model},
		{[]string{"module.conv1.weight", "module.bn1.running_mean", "module.linear.weight", "module.linear.bias"}, model},
		{[]string{"conv1.weight", "bn1.running_mean", "classifier.weight", "classifier.bias"}, model},
		{[]string{"conv1.weight", "bn1.running_mean", "fc.weight", "linear.weight"}, []string{"conv1.weight", "bn1.running_mean", "fc.weight", "linear.weight"}},
		{[]string{"conv1.weight", "head.weight", "head.scale"}, []string{"conv1.weight", "fc.weight", "head.scale"}},
		{[]string{"conv1.weight", "module.fc.weight"}, []string{"conv1.weight", "module.fc.weight"}},
		{[]string{"features.0.weight"}, []string{"features.0.weight"}},
	} {
		var a Archive
		for _, name := range c.names {
			a.Tensors = append(a.Tensors, Tensor{Name: name, Shape: []int{1}, Values: []float32{0}})
		}
		a.Tensors = append(a.Tensors, Tensor{Section: "solver", Name: "module.x"})
		a.RenameFor(p)
		var got []string
		for _, tensor := range a.Section("") {
			got = append(got, tensor.Name)
		}
		if !slices.Equal(got, c.want) || a.Tensors[len(a.Tensors)-1].Name != "module.x" {
			t.Errorf("%v became %v, want %v", c.names, got, c.want)
		}
	}
}
