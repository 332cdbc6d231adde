package op

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestDescribe(t *testing.T) {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 4, G.WithShape(1, 2, 7, 9), G.WithName("x"))
	w := G.NewTensor(g, tensor.Float32, 4, G.WithShape(4, 1, 3, 3), G.WithName("w"))
	y, err := Conv2d(x, w, nil, Conv2dOptions{Stride: [2]int{2, 3}, Padding: [2]int{1, 0}, Groups: 2})
	if err != nil {
		t.Fatal(err)
	}
	d, ok := Describe(y)
	want := map[string]any{
		"strides": []int{2, 3}, "pads": []int{1, 0, 1, 0}, "dilations": []int{1, 1}, "groups": 2,
		"output_padding": []int{0, 0},
	}
	if diff := cmp.Diff(want, d.Attrs); !ok || d.Name != "Conv2d" || len(d.Inputs) != 2 || d.Inputs[0] != x || d.Inputs[1] != w || diff != "" {
		t.Errorf("got %v, %v %s", ok, d, diff)
	}
	// The order and number of inputs is that of the operation.
	sum, err := Add(y, y)
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := Describe(sum); len(d.Inputs) != 2 || d.Inputs[0] != y || d.Inputs[1] != y {
		t.Errorf("inputs are %v", d.Inputs)
	}
	if d, ok := Describe(x); ok {
		t.Errorf("an input is described as %v", d)
	}
	if d, ok := Describe(G.Must(G.Square(y))); !ok || d.Name == "" || d.Attrs != nil || len(d.Inputs) != 1 {
		t.Errorf("a stock operation is described as %v, %v", d, ok)
	}
}
