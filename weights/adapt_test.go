package weights

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// adapted is a tensor of testdata/adapt.json, with the bytes of its values.
type adapted struct {
	Shape  []int
	Values string
}

func (a adapted) floats(t *testing.T) []float32 {
	t.Helper()
	data, err := hex.DecodeString(a.Values)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(data)/4)
	copy(memory(values), data)
	return values
}

// What becomes of the weights for three channels is what timm makes of them by
// PyTorch, to the last bit.
func TestAdaptInputAsTimm(t *testing.T) {
	if !littleEndian {
		t.Skip("the bytes of the file are little-endian")
	}
	data, err := os.ReadFile("testdata/adapt.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		From adapted
		To   []adapted
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.To) == 0 {
		t.Fatal("adapt.json has no cases")
	}
	for _, want := range file.To {
		a := &Archive{Tensors: []Tensor{{Name: "conv1.weight", Shape: slices.Clone(file.From.Shape), Values: file.From.floats(t)}}}
		if _, err := a.AdaptInput(tensors(t, 0, "conv1.weight", want.Shape)); err != nil {
			t.Fatal(err)
		}
		if got := a.Tensors[0]; !slices.Equal(got.Shape, want.Shape) || !slices.Equal(got.Values.([]float32), want.floats(t)) {
			t.Errorf("%v: got %v, PyTorch has %v", want.Shape, got, want.floats(t))
		}
	}
}

// These can be checked by hand. From one channel timm knows no way; a grey image in
// all channels then keeps its sum.
func TestAdaptChannels(t *testing.T) {
	rgb := []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for _, c := range []struct {
		w       []float32
		k, from int
		to      int
		want    []float32
	}{
		{rgb, 2, 3, 1, []float32{6, 9, 24, 27}},
		{rgb, 2, 3, 2, []float32{0, 1.5, 3, 4.5, 9, 10.5, 12, 13.5}},
		{rgb, 2, 3, 4, []float32{0, .75, 1.5, 2.25, 3, 3.75, 0, .75, 4.5, 5.25, 6, 6.75, 7.5, 8.25, 4.5, 5.25}},
		{[]float32{1, 2, 4, 8}, 2, 1, 2, []float32{.5, 1, .5, 1, 2, 4, 2, 4}},
	} {
		if got := adaptChannels(c.w, c.k, c.from, c.to, 2); !slices.Equal(got, c.want) {
			t.Errorf("%d to %d channels: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// The first convolution is adapted wherever it is, as in the deep stems of timm's
// ResNets; what is not the channels is left for loading to report.
func TestAdaptInput(t *testing.T) {
	for _, c := range []struct {
		name       string
		have, want []any // shapes of tensors by name
		message    string
		shape      []int // of the first tensor afterwards
	}{
		{"deep stem", []any{"conv1.0.weight", []int{2, 3, 3, 3}, "conv1.3.weight", []int{2, 2, 3, 3}}, []any{"conv1.0.weight", []int{2, 1, 3, 3}, "conv1.3.weight", []int{2, 2, 3, 3}},
			"conv1.0: 1 input channels made of 3", []int{2, 1, 3, 3}},
		{"nothing to do", []any{"conv1.weight", []int{2, 3, 1, 1}}, []any{"conv1.weight", []int{2, 3, 1, 1}}, "", []int{2, 3, 1, 1}},
		{"another kernel", []any{"conv1.weight", []int{2, 3, 1, 1}}, []any{"conv1.weight", []int{2, 1, 3, 3}}, "", []int{2, 3, 1, 1}},
		{"another width", []any{"conv1.weight", []int{2, 3, 1, 1}}, []any{"conv1.weight", []int{4, 1, 1, 1}}, "", []int{2, 3, 1, 1}},
		{"another name", []any{"stem.weight", []int{2, 3, 1, 1}}, []any{"conv1.weight", []int{2, 1, 1, 1}}, "", []int{2, 3, 1, 1}},
		{"a vector", []any{"conv1.weight", []int{2}}, []any{"conv1.weight", []int{2, 1, 1, 1}}, "", []int{2}},
	} {
		a := FromParams(tensors(t, 1, c.have...))
		message, err := a.AdaptInput(tensors(t, 1, c.want...))
		if err != nil || message != c.message || !slices.Equal(a.Tensors[0].Shape, c.shape) {
			t.Errorf("%s: %q, %v, shape %v; want %q and %v", c.name, message, err, a.Tensors[0].Shape, c.message, c.shape)
		}
	}
	var a Archive
	if _, err := a.AdaptInput(tensors(t, 1, "fc.weight", []int{5, 2})); err == nil || !strings.Contains(err.Error(), "no convolution") {
		t.Errorf("a model without convolutions: %v", err)
	}
}
