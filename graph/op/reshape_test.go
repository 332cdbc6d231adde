package op

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func identity(in [][]float64) []float64 { return slices.Clone(in[0]) }

func TestReshape(t *testing.T) {
	for _, c := range []struct{ from, to, want tensor.Shape }{
		{tensor.Shape{2, 3, 4}, tensor.Shape{6, 4}, tensor.Shape{6, 4}},
		{tensor.Shape{2, 3, 4}, tensor.Shape{-1}, tensor.Shape{24}},
		{tensor.Shape{2, 3, 4}, tensor.Shape{4, -1, 2}, tensor.Shape{4, 3, 2}},
		{tensor.Shape{2, 3}, tensor.Shape{1, 2, 1, -1, 1}, tensor.Shape{1, 2, 1, 3, 1}},
		{tensor.Shape{2, 3}, tensor.Shape{2, 3, -1}, tensor.Shape{2, 3, 1}},
		{tensor.Shape{5}, tensor.Shape{5}, tensor.Shape{5}},
		{tensor.Shape{1, 1}, tensor.Shape{}, tensor.Shape{}},
		{tensor.Shape{1}, tensor.Shape{1, -1}, tensor.Shape{1, 1}},
	} {
		checkOp(t, opCase{
			name: "Reshape",
			in:   []*tensor.Dense{random(1, c.from...)},
			op: func(in G.Nodes) (*G.Node, error) {
				y, err := Reshape(in[0], c.to...)
				if err == nil && !slices.Equal(y.Shape(), c.want) {
					t.Fatalf("Reshape(%v, %v) has shape %v, want %v", c.from, c.to, y.Shape(), c.want)
				}
				return y, err
			},
			ref: identity,
		})
	}
}

func TestFlatten(t *testing.T) {
	for _, c := range []struct {
		from  tensor.Shape
		start int
		want  tensor.Shape
	}{
		{tensor.Shape{2, 3, 4, 5}, 0, tensor.Shape{120}},
		{tensor.Shape{2, 3, 4, 5}, 1, tensor.Shape{2, 60}},
		{tensor.Shape{2, 3, 4, 5}, 2, tensor.Shape{2, 3, 20}},
		{tensor.Shape{2, 3, 4, 5}, 3, tensor.Shape{2, 3, 4, 5}},
		{tensor.Shape{2, 3, 4, 5}, -1, tensor.Shape{2, 3, 4, 5}},
		{tensor.Shape{2, 3, 4, 5}, -3, tensor.Shape{2, 60}},
		{tensor.Shape{7}, 0, tensor.Shape{7}},
	} {
		checkOp(t, opCase{
			name: "Flatten",
			in:   []*tensor.Dense{random(1, c.from...)},
			op: func(in G.Nodes) (*G.Node, error) {
				y, err := Flatten(in[0], c.start)
				if err == nil && !slices.Equal(y.Shape(), c.want) {
					t.Fatalf("Flatten(%v, %d) has shape %v, want %v", c.from, c.start, y.Shape(), c.want)
				}
				return y, err
			},
			ref: identity,
		})
	}
}

// TestReshapeIsACopy writes into the result and looks at the input.
func TestReshapeIsACopy(t *testing.T) {
	x := random(1, 2, 3)
	for _, op := range []func(in G.Nodes) (*G.Node, error){
		func(in G.Nodes) (*G.Node, error) { return Reshape(in[0], 3, 2) },
		func(in G.Nodes) (*G.Node, error) { return Reshape(in[0], 2, 3) },
		func(in G.Nodes) (*G.Node, error) { return Flatten(in[0], 0) },
		func(in G.Nodes) (*G.Node, error) { return Flatten(in[0], 1) },
	} {
		r := compile(t, op, []*tensor.Dense{x}, nil)
		r.run(t)
		r.y.Value().(*tensor.Dense).Float32s()[0] = 100
		if x.Float32s()[0] == 100 {
			t.Errorf("%v shares memory with its input", r.y)
		}
	}
}

// TestReshapeBeforeInPlaceWrites has several gradients meet behind reshapes,
// where Gorgonia's own Reshape lets one of its in-place sums destroy another
// value.
func TestReshapeBeforeInPlaceWrites(t *testing.T) {
	checkOp(t, opCase{
		name: "two reshapes of one node",
		in:   []*tensor.Dense{random(1, 2, 6)},
		op: func(in G.Nodes) (*G.Node, error) {
			x, err := Tanh(in[0])
			if err != nil {
				return nil, err
			}
			a, err := Reshape(x, 3, 4)
			if err != nil {
				return nil, err
			}
			b, err := Reshape(x, 12)
			if err != nil {
				return nil, err
			}
			if b, err = Reshape(b, 3, 4); err != nil {
				return nil, err
			}
			if a, err = Add(a, b); err != nil {
				return nil, err
			}
			if a, err = G.Add(a, b); err != nil { // Gorgonia's, in place
				return nil, err
			}
			if b, err = Reshape(x, 3, 4); err != nil {
				return nil, err
			}
			return Add(a, b)
		},
		ref: func(in [][]float64) (y []float64) {
			for _, v := range in[0] {
				y = append(y, 4*math.Tanh(v))
			}
			return y
		},
	})
}

func TestReshapeAllocatesNothing(t *testing.T) {
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return Reshape(in[0], -1) }, []*tensor.Dense{random(1, 64, 1024)}, []bool{true})
}

func TestReshapeErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3})
	for _, c := range []struct {
		to    []int
		parts []string
	}{
		{[]int{4}, []string{"shape (4) does not hold the 6 elements of (2, 3)"}},
		{[]int{-1, 4}, []string{"shape (-1, 4) does not hold the 6 elements of (2, 3)"}},
		{[]int{-1, -1}, []string{"at most one -1"}},
		{[]int{2, 0}, []string{"positive sizes"}},
		{[]int{-2, 3}, []string{"positive sizes"}},
		{[]int{far, far}, []string{"does not hold"}},
		{[]int{}, []string{"does not hold"}},
	} {
		_, err := Reshape(in[0], c.to...)
		wantError(t, err, append(c.parts, "Reshape: ")...)
	}
	_, err := Reshape(nil, 1)
	wantError(t, err, "Reshape: input is nil")
	_, err = Flatten(nil, 1)
	wantError(t, err, "Flatten: input is nil")
	_, err = Flatten(in[0], 2)
	wantError(t, err, "Flatten: no dimension 2 in shape (2, 3)")
	_, err = Flatten(in[0], -3)
	wantError(t, err, "Flatten: no dimension -3")
}
