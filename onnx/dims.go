package onnx

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/onnxmodel"
)

// dim is one size of a value: the number that the graph was built for, and the
// names of what in it may be another number when the model is run.
type dim struct {
	size  int
	names []string
}

func (d dim) dynamic() bool { return len(d.names) > 0 }

// dims are the sizes of a value as ONNX has it: images are (N, C, H, W).
type dims []dim

// fixed are sizes that are always the same.
func fixed(sizes ...int) (d dims) {
	for _, s := range sizes {
		d = append(d, dim{size: s})
	}
	return d
}

func (d dims) sizes() tensor.Shape {
	var s tensor.Shape
	for _, e := range d {
		s = append(s, e.size)
	}
	return s
}

// shape is how a file tells them.
func (d dims) shape() (list []onnxmodel.Dim) {
	for _, e := range d {
		if e.dynamic() {
			list = append(list, onnxmodel.Dim{Name: strings.Join(e.names, "*")})
		} else {
			list = append(list, onnxmodel.Dim{Size: e.size})
		}
	}
	return list
}

// broadcast are the sizes of an elementwise result. The shapes are known to agree.
func broadcast(a, b dims) dims {
	if len(a) < len(b) {
		a, b = b, a
	}
	y := slices.Clone(a)
	for i, e := range b {
		at := &y[len(a)-len(b)+i]
		if at.size == 1 && !at.dynamic() || e.dynamic() {
			*at = e
		}
	}
	return y
}

// reshape finds the sizes of a reshaped value and how they are written for ONNX:
// 0 is the size that the input has at the same place, -1 what is left. known are
// the numbers behind the names.
func reshape(from dims, to tensor.Shape, known map[string]int) (y dims, written []int, err error) {
	same := 0
	for same < min(len(from), len(to)) && from[same].size == to[same] {
		y = append(y, from[same])
		if from[same].dynamic() {
			written = append(written, 0)
		} else {
			written = append(written, to[same])
		}
		same++
	}
	var names []string
	product := 1
	for _, e := range from[same:] {
		for _, name := range e.names {
			names = append(names, name)
			product *= known[name]
		}
	}
	for _, size := range to[same:] {
		if len(names) > 0 && size%product == 0 {
			y, written, names = append(y, dim{size, names}), append(written, -1), nil
			continue
		}
		y, written = append(y, dim{size: size}), append(written, size)
	}
	if len(names) > 0 {
		return nil, nil, errors.Errorf("a reshape from %v to %v takes %s apart, which may be any size", from.sizes(), to, strings.Join(names, "*"))
	}
	return y, written, nil
}
