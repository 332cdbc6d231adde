package op

import (
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/hollow"
)

// blockedCase is a case whose kernels have room.
func blockedCase() inferCase {
	return inferCase{
		bias: true, norm: true, affine: true, relu: true,
		x: tensor.Shape{1, 16, 9, 9}, w: tensor.Shape{32, 16, 3, 3}, y: tensor.Shape{1, 32, 9, 9},
		o: Conv2dOptions{Padding: [2]int{1, 1}, Blocked: true},
	}
}

// inBlocks is the fused operation on images in the blocked layout.
func (c inferCase) inBlocks(in G.Nodes) (*G.Node, error) {
	x, err := ToBlocked(in[0])
	if err != nil {
		return nil, err
	}
	return c.fused(append(G.Nodes{x}, in[1:]...))
}

// TestStore wants the same bits whether weights are stored before a run or during
// it.
func TestStore(t *testing.T) {
	planar := inferCase{x: tensor.Shape{2, 5, 7, 6}, w: tensor.Shape{4, 5, 3, 3}, y: tensor.Shape{2, 4, 5, 4}}
	plain := blockedCase()
	plain.bias, plain.norm, plain.affine = false, false, false
	noAffine := blockedCase()
	noAffine.bias, noAffine.affine = false, false
	for name, f := range map[string]struct {
		inferCase
		op func(G.Nodes) (*G.Node, error)
	}{
		"planar":    {planar, planar.fused},
		"entry":     {blockedCase(), blockedCase().fused},
		"blocked":   {blockedCase(), blockedCase().inBlocks},
		"plain":     {plain, plain.inBlocks},
		"no affine": {noAffine, noAffine.inBlocks},
	} {
		c := f.inferCase
		onEachTier(t, name, func(t *testing.T) {
			during, before := compile(t, f.op, c.in(0), nil), compile(t, f.op, c.in(0), nil)
			during.run(t)
			n := before.y
			if Stored(n) != before.in[1] || IsStored(n) || StoredBytes(n) < 4*int64(c.w.TotalSize()) {
				t.Fatalf("stored: %v, %t, %d bytes", Stored(n), IsStored(n), StoredBytes(n))
			}
			for range 2 {
				w := slices.Clone(before.in[1].Value().(*tensor.Dense).Float32s())
				if err := Store(n, w); err != nil {
					t.Fatal(err)
				}
				if !IsStored(n) || Room(n) != nil {
					t.Error("stored, and there is still room or no mark of it")
				}
				before.run(t)
				if !sameBits(floats(before.y.Value()), floats(during.y.Value())) {
					t.Error("the result is another than without Store")
				}
				Refresh(n.Graph())
				if IsStored(n) {
					t.Error("stored after Refresh")
				}
			}
		})
	}
}

// TestStoredWeightsAreNotRead takes the values of the weights away after they
// were stored, and then has them asked for.
func TestStoredWeightsAreNotRead(t *testing.T) {
	r := compile(t, blockedCase().fused, blockedCase().in(0), nil)
	r.run(t)
	want := floats(r.y.Value())
	hollow.Out(r.in[1].Value().(*tensor.Dense))
	r.run(t)
	if !sameBits(floats(r.y.Value()), want) {
		t.Error("the result is another without the weights' values")
	}
	Refresh(r.y.Graph())
	if err := r.vm.RunAll(); err == nil || !strings.Contains(err.Error(), "the values of input 1 are not in memory") {
		t.Errorf("got %v", err)
	}
}

func TestStoreErrors(t *testing.T) {
	r := compile(t, blockedCase().fused, blockedCase().in(0), nil)
	wantError(t, Store(r.y, make([]float32, 3)), "3 values", "want 4608")
	wantError(t, Store(r.in[0], nil), "stores nothing")
	if Stored(r.in[0]) != nil || IsStored(r.in[0]) || StoredBytes(r.in[0]) != 0 || Room(r.in[0]) != nil {
		t.Error("an input stores something")
	}
	hollow.Out(r.in[5].Value().(*tensor.Dense))
	wantError(t, Store(r.y, make([]float32, 4608)), "the values of input")
	x := nodes(blockedCase().x, blockedCase().w, tensor.Shape{32})
	y, err := Conv2dInfer(x[0], x[1], x[2], Conv2dInferOptions{Conv2dOptions: Conv2dOptions{Padding: [2]int{1, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, Store(y, make([]float32, 4608)), "has no value")
}
