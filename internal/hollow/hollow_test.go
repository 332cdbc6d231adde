package hollow

import (
	"testing"

	"gorgonia.org/tensor"
)

func TestHollow(t *testing.T) {
	full := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	if Is(full) {
		t.Error("a tensor with values is said to have none")
	}
	alias := full
	Out(full)
	small, large := New(tensor.Shape{1}), New(tensor.Shape{100, 100})
	static := len(static)
	for _, x := range []*tensor.Dense{
		alias, small, large, New(tensor.Shape{2}),
		New(tensor.Shape{static}), New(tensor.Shape{static + 1}), New(tensor.Shape{2, static}), New(tensor.Shape{static + 2}),
	} {
		if !Is(x) {
			t.Errorf("shape %v: a tensor without values is said to have some", x.Shape())
		}
		if got := len(x.Float32s()); got != x.Shape().TotalSize() {
			t.Errorf("shape %v: %d values", x.Shape(), got)
		}
	}
	if other := New(tensor.Shape{50}); &other.Float32s()[0] != &large.Float32s()[0] {
		t.Error("tensors do not share their memory")
	}
	Fill(alias, []float32{6, 5, 4, 3, 2, 1})
	if Is(full) || full.Float32s()[0] != 6 || !full.Shape().Eq(tensor.Shape{2, 3}) {
		t.Errorf("filled: %v", full)
	}
}
