package onnx

import (
	"slices"
	"testing"

	"gorgonia.org/tensor"
)

func TestReshape(t *testing.T) {
	n, s := dim{3, []string{"n"}}, dim{5, []string{"s"}}
	known := map[string]int{"n": 3, "s": 5}
	for _, c := range []struct {
		from    dims
		to      tensor.Shape
		written []int // nil: an error
		names   []int // how many names each size has
	}{
		{dims{n, {size: 2}, {size: 4}}, tensor.Shape{3, 8}, []int{0, 8}, []int{1, 0}},
		{dims{n, {size: 8}}, tensor.Shape{3, 2, 4}, []int{0, 2, 4}, []int{1, 0, 0}},
		{dims{n, s, {size: 2}}, tensor.Shape{15, 2}, []int{-1, 2}, []int{2, 0}},
		{dims{n, s, {size: 2}}, tensor.Shape{3, 10}, []int{0, -1}, []int{1, 1}},
		{dims{{15, []string{"n", "s"}}, {size: 2}}, tensor.Shape{3, 5, 2}, nil, nil},
		{dims{{6, []string{"n"}}, {size: 2}}, tensor.Shape{3, 4}, []int{-1, 4}, []int{1, 0}},
		{dims{{size: 2}, n}, tensor.Shape{2, 3, 1}, []int{2, 0, 1}, []int{0, 1, 0}},
		{dims{{size: 4}, n}, tensor.Shape{2, 2, 3}, []int{2, 2, -1}, []int{0, 0, 1}},
		{dims{{size: 4}}, tensor.Shape{2, 2}, []int{2, 2}, []int{0, 0}},
		{dims{{size: 1}}, tensor.Shape{}, []int{}, nil},
	} {
		y, written, err := reshape(c.from, c.to, known)
		if c.written == nil {
			if err == nil {
				t.Errorf("%v to %v: no error, but %v", c.from, c.to, written)
			}
			continue
		}
		var names []int
		for _, d := range y {
			names = append(names, len(d.names))
		}
		if err != nil || !slices.Equal(written, c.written) || !slices.Equal(names, c.names) || !slices.Equal(y.sizes(), c.to) {
			t.Errorf("%v to %v: got %v, %v, %v", c.from, c.to, y, written, err)
		}
	}
}

func TestBroadcast(t *testing.T) {
	n := dim{3, []string{"n"}}
	got := broadcast(fixed(4), dims{n, {size: 1}})
	if !slices.Equal(got.sizes(), tensor.Shape{3, 4}) || !got[0].dynamic() || got[1].dynamic() {
		t.Errorf("got %v", got)
	}
	if got = broadcast(dims{n, {size: 2}}, fixed(3, 1)); !got[0].dynamic() || got[1].size != 2 {
		t.Errorf("got %v", got)
	}
}
