package weights

import "testing"

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		name string
		list shapes
		want int
	}{
		{"classifier", small(7), 7},
		{"no bias", shapes{{"conv.weight", []int{4, 1, 3, 3}}, {"classifier.6.weight", []int{5, 4}}}, 5},
		{"ends in a norm", append(small(7), shapes{{"norm.weight", []int{7}}, {"norm.bias", []int{7}}}...), 0},
		{"ends in a convolution", shapes{{"conv.weight", []int{4, 1, 3, 3}}}, 0},
		{"no layer", shapes{{"scale", []int{4}}}, 0},
		{"nothing", nil, 0},
	} {
		a := FromParams(model(t, 1, c.list))
		a.Tensors = append(a.Tensors, Tensor{Section: "solver", Name: "fc.weight", Shape: []int{1, 1}, Values: []float32{1}})
		if got := a.Classes(); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
