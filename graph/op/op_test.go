package op

import (
	"math"
	"testing"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// identityOf is an operation with a do of the test's.
func identityOf(x *G.Node, do func(y *tensor.Dense, in []*tensor.Dense) error) (*G.Node, error) {
	return apply(spec{name: "Test", shape: x.Shape(), do: do}, x)
}

// runGraph makes one run and gives its error.
func runGraph(g *G.ExprGraph) error {
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	return vm.RunAll()
}

func TestOperationPanics(t *testing.T) {
	for _, value := range []any{"a message", errors.New("an error"), 7} {
		g := G.NewGraph()
		_, err := identityOf(inputs(g, random(1, 3))[0], func(*tensor.Dense, []*tensor.Dense) error { panic(value) })
		if err != nil {
			t.Fatal(err)
		}
		if err := runGraph(g); err == nil {
			t.Errorf("a panic with %v is no error", value)
		}
	}
}

func TestOperationFails(t *testing.T) {
	g := G.NewGraph()
	_, err := identityOf(inputs(g, random(1, 3))[0], func(*tensor.Dense, []*tensor.Dense) error { return errors.New("no luck") })
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, runGraph(g), "Test: no luck")
}

// TestOperationTakesViews feeds what Gorgonia's own operations make without
// copying: transposes and slices.
func TestOperationTakesViews(t *testing.T) {
	x := random(1, 4, 6)
	for _, c := range []struct {
		name string
		view func(x *G.Node) (*G.Node, error)
		at   func(i, j int) (int, int) // of the view in x
		rows int
		cols int
	}{
		{"transpose", func(x *G.Node) (*G.Node, error) { return G.Transpose(x, 1, 0) }, func(i, j int) (int, int) { return j, i }, 6, 4},
		{"columns", func(x *G.Node) (*G.Node, error) { return G.Slice(x, nil, G.S(1, 4)) }, func(i, j int) (int, int) { return i, j + 1 }, 4, 3},
		{"rows", func(x *G.Node) (*G.Node, error) { return G.Slice(x, G.S(2, 4)) }, func(i, j int) (int, int) { return i + 2, j }, 2, 6},
	} {
		checkOp(t, opCase{
			name: c.name,
			in:   []*tensor.Dense{x},
			op: func(in G.Nodes) (*G.Node, error) {
				y, err := Tanh(in[0])
				if err != nil {
					return nil, err
				}
				if y, err = c.view(y); err != nil {
					return nil, err
				}
				return Sigmoid(y)
			},
			ref: func(in [][]float64) (y []float64) {
				for i := range c.rows {
					for j := range c.cols {
						a, b := c.at(i, j)
						y = append(y, 1/(1+math.Exp(-math.Tanh(in[0][a*6+b]))))
					}
				}
				return y
			},
		})
	}
}

// TestOperationWrongInputs gives an operation what it was not built for, as a
// graph cannot be made to.
func TestOperationWrongInputs(t *testing.T) {
	in := nodes(tensor.Shape{2, 3})
	y, err := ReLU(in[0])
	if err != nil {
		t.Fatal(err)
	}
	double := tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float64))
	for _, c := range []struct {
		in    []G.Value
		parts []string
	}{
		{[]G.Value{random(1, 3, 2)}, []string{"input 0 has shape (3, 2)", "built for (2, 3)"}},
		{[]G.Value{random(1, 2, 3), random(1, 2, 3)}, []string{"2 inputs, want 1"}},
		{[]G.Value{G.NewF64(1)}, []string{"input 0 is a", "want a float32 tensor"}},
		{[]G.Value{double}, []string{"ReLU"}},
		{[]G.Value{nil}, []string{"input 0 is a <nil>"}},
	} {
		_, err := y.Op().Do(c.in...)
		wantError(t, err, c.parts...)
	}
}

// TestOperationsAreDistinct applies one operation twice to one node: Gorgonia
// must not take the second for the first.
func TestOperationsAreDistinct(t *testing.T) {
	in := nodes(tensor.Shape{2, 3})
	hashes := map[uint32]bool{}
	const n = 100
	for range n {
		y, err := ReLU(in[0])
		if err != nil {
			t.Fatal(err)
		}
		hashes[y.Hashcode()] = true
	}
	if len(hashes) != n {
		t.Errorf("%d hashes of %d nodes", len(hashes), n)
	}
	if got := len(in[0].Graph().AllNodes()); got != n+1 {
		t.Errorf("the graph has %d nodes, want %d", got, n+1)
	}
}

// TestGraphsAreRepeatable builds a graph twice and wants the same hashes: they
// decide the order in which Gorgonia runs it.
func TestGraphsAreRepeatable(t *testing.T) {
	build := func() (hashes []uint32) {
		r := compile(t, func(in G.Nodes) (*G.Node, error) { return Linear(in[0], in[1], nil) },
			[]*tensor.Dense{random(1, 2, 3), random(2, 4, 3)}, []bool{true, true})
		for _, n := range r.y.Graph().AllNodes() {
			hashes = append(hashes, n.Hashcode())
		}
		return hashes
	}
	a, b := build(), build()
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("node %d has hash %x and then %x", i, a[i], b[i])
		}
	}
}

func TestNameAndOwn(t *testing.T) {
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{4, 3})
	linear, err := Linear(in[0], in[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	stock, err := G.Tanh(in[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		node *G.Node
		name string
		own  bool
	}{{linear, "Linear", true}, {in[0], "", false}, {stock, "tanh", false}} {
		if got := Name(c.node); got != c.name {
			t.Errorf("the name of %v is %q, want %q", c.node, got, c.name)
		}
		if got := Own(c.node); got != c.own {
			t.Errorf("Own(%v) is %t", c.node, got)
		}
	}
}

func TestNotDifferentiable(t *testing.T) {
	in := nodes(tensor.Shape{2, 3})
	y, err := identityOf(in[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	op := y.Op().(G.SDOp)
	if d := op.DiffWRT(1); len(d) != 1 || d[0] {
		t.Errorf("DiffWRT is %v, want [false]", d)
	}
	_, err = op.SymDiff(in, y, y)
	wantError(t, err, "Test is not differentiable")
}
