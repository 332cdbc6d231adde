package op

import (
	"maps"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// checkParity runs every case of PyTorch's for the operation called name on
// every CPU tier and compares the result y and the gradients. op builds the
// operation from the inputs by PyTorch's names; absent ones are nil. A
// tolerance of 0 is 1e-5. after, if set, gets each case when it has run once.
func checkParity(t *testing.T, name string, tolerance float64,
	op func(c parity.Op, in map[string]*G.Node) (*G.Node, error),
	after func(t *testing.T, c parity.Op, values map[string]*tensor.Dense)) {
	t.Helper()
	cases, err := parity.Ops(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatalf("no case for %s", name)
	}
	checkCases(t, cases, tolerance, op, after)
}

// checkCases is checkParity for some cases.
func checkCases(t *testing.T, cases []parity.Op, tolerance float64,
	op func(c parity.Op, in map[string]*G.Node) (*G.Node, error),
	after func(t *testing.T, c parity.Op, values map[string]*tensor.Dense)) {
	t.Helper()
	if tolerance == 0 {
		tolerance = 1e-5
	}
	for _, c := range cases {
		onEachTier(t, c.Name, func(t *testing.T) {
			names := slices.Sorted(maps.Keys(c.Inputs))
			byName := map[string]*tensor.Dense{}
			var values []*tensor.Dense
			var wrt []bool
			for _, n := range names {
				byName[n] = dense(c.Inputs[n])
				_, differentiated := c.Grads[n]
				values, wrt = append(values, byName[n]), append(wrt, differentiated)
			}
			var upstream *tensor.Dense
			if c.Dy != nil {
				upstream = dense(*c.Dy)
			}
			r := compileWith(t, func(in G.Nodes) (*G.Node, error) {
				node := map[string]*G.Node{}
				for i, n := range names {
					node[n] = in[i]
				}
				return op(c, node)
			}, values, wrt, upstream)
			r.run(t)
			results := r.results()
			if got, want := []int(r.y.Shape()), c.Outputs["y"].Shape; !slices.Equal(got, want) {
				t.Errorf("y has shape %v, want %v", got, want)
			}
			if err := c.Outputs["y"].Check(results[0], tolerance); err != nil {
				t.Error(err)
			}
			next := 1
			for i, n := range names {
				if !wrt[i] {
					continue
				}
				if err := c.Grads[n].Check(results[next], tolerance); err != nil {
					t.Errorf("gradient of %s: %v", n, err)
				}
				next++
			}
			if after != nil {
				after(t, c, byName)
			}
		})
	}
}

// dense makes a tensor of one of the formula; a scalar has the shape (1).
func dense(x parity.Tensor) *tensor.Dense {
	shape := x.Shape
	if len(shape) == 0 {
		shape = []int{1}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x.Data()))
}
