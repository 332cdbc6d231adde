package op

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// plainAdd adds by the coordinates of each element.
func plainAdd(as, bs, ys tensor.Shape) func(in [][]float64) []float64 {
	at := func(s tensor.Shape, i int) int {
		place, step := 0, 1
		for d := len(ys) - 1; d >= 0; d-- {
			if o := d - (len(ys) - len(s)); o >= 0 {
				if s[o] > 1 {
					place += i % ys[d] * step
				}
				step *= s[o]
			}
			i /= ys[d]
		}
		return place
	}
	return func(in [][]float64) []float64 {
		y := make([]float64, ys.TotalSize())
		for i := range y {
			y[i] = in[0][at(as, i)] + in[1][at(bs, i)]
		}
		return y
	}
}

func TestAdd(t *testing.T) {
	shape := func(s ...int) tensor.Shape { return s }
	for _, c := range []struct {
		name    string
		a, b, y tensor.Shape
	}{
		{"same", shape(2, 3, 4), shape(2, 3, 4), shape(2, 3, 4)},
		{"one number", shape(1), shape(1), shape(1)},
		{"channels", shape(2, 3, 4, 5), shape(3, 1, 1), shape(2, 3, 4, 5)},
		{"channels first", shape(1, 3, 1, 1), shape(2, 3, 4, 5), shape(2, 3, 4, 5)},
		{"row", shape(3, 5), shape(5), shape(3, 5)},
		{"column", shape(3, 5), shape(3, 1), shape(3, 5)},
		{"one for all", shape(3, 5), shape(1, 1), shape(3, 5)},
		{"image mask", shape(2, 3, 4, 5), shape(2, 1, 4, 5), shape(2, 3, 4, 5)},
		{"outer", shape(4, 1), shape(5), shape(4, 5)},
		{"both ways", shape(3, 1, 4, 1), shape(1, 5, 1, 2), shape(3, 5, 4, 2)},
		{"every other axis", shape(2, 3, 2, 3), shape(2, 1, 2, 1), shape(2, 3, 2, 3)},
		{"middle", shape(2, 3, 4), shape(2, 1, 4), shape(2, 3, 4)},
		{"positions", shape(3, 7, 6), shape(7, 6), shape(3, 7, 6)},
		{"one of one", shape(1, 1, 1), shape(1), shape(1, 1, 1)},
	} {
		checkOp(t, opCase{
			name: c.name,
			in:   []*tensor.Dense{random(1, c.a...), random(2, c.b...)},
			op: func(in G.Nodes) (*G.Node, error) {
				y, err := Add(in[0], in[1])
				if err == nil && !slices.Equal(y.Shape(), c.y) {
					t.Fatalf("%s: the result has shape %v, want %v", c.name, y.Shape(), c.y)
				}
				return y, err
			},
			ref: plainAdd(c.a, c.b, c.y),
		})
	}
}

func TestAddParity(t *testing.T) {
	checkParity(t, "Add", 0, func(_ parity.Op, in map[string]*G.Node) (*G.Node, error) { return Add(in["a"], in["b"]) }, nil)
}

// TestAddScalar adds a Gorgonia scalar, which is no tensor, and takes its
// gradient.
func TestAddScalar(t *testing.T) {
	g := G.NewGraph()
	x := G.NodeFromAny(g, random(1, 2, 3), G.WithName("x"))
	s := G.NewScalar(g, tensor.Float32, G.WithName("s"), G.WithValue(float32(0.5)))
	y, err := Add(s, x)
	if err != nil {
		t.Fatal(err)
	}
	u := random(2, 2, 3)
	loss, err := inner(y, G.NodeFromAny(g, u, G.WithName("u")))
	if err != nil {
		t.Fatal(err)
	}
	grads, err := G.Grad(loss, s)
	if err != nil {
		t.Fatal(err)
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	var want float64
	for _, v := range float64s(u) {
		want += v
	}
	compare(t, "gradient of the scalar", floats(grads[0].Value()), []float64{want}, 1e-6)
	plain := float64s(random(1, 2, 3))
	for i := range plain {
		plain[i] += 0.5
	}
	compare(t, "y", floats(y.Value()), plain, 1e-6)
}

// TestAddOperandsKeepTheirGradients is the case that makes handOn copy: x has a
// second gradient, which Gorgonia adds in place to the first one, and the first
// one is all there is for b.
func TestAddOperandsKeepTheirGradients(t *testing.T) {
	for name, add := range map[string]func(a, b *G.Node) (*G.Node, error){"Add": Add, "AddReLU": AddReLU} {
		for _, flip := range []bool{false, true} {
			r := compile(t, func(in G.Nodes) (*G.Node, error) {
				x, err := Tanh(in[0])
				if err != nil {
					return nil, err
				}
				more, err := Sigmoid(x)
				if err != nil {
					return nil, err
				}
				a, b := x, in[1]
				if flip {
					a, b = b, a
				}
				y, err := add(a, b)
				if err != nil {
					return nil, err
				}
				return Add(y, more)
			}, []*tensor.Dense{random(1, 3, 5), random(2, 3, 5)}, []bool{true, true})
			r.run(t)
			ref := func(in [][]float64) (y []float64) {
				for i, v := range in[0] {
					x := math.Tanh(v)
					sum := x + in[1][i]
					if name == "AddReLU" {
						sum = math.Max(sum, 0)
					}
					y = append(y, sum+1/(1+math.Exp(-x)))
				}
				return y
			}
			in := [][]float64{float64s(random(1, 3, 5)), float64s(random(2, 3, 5))}
			got := r.results()
			compare(t, name+" y", got[0], ref(in), 1e-5)
			for i := range in {
				compare(t, name+" gradient", got[1+i], differences(ref, in, i, float64s(r.upstream)), 1e-5)
			}
		}
	}
}

func TestAddOfOneNodeTwice(t *testing.T) {
	checkOp(t, opCase{
		name: "x+x",
		in:   []*tensor.Dense{random(1, 3, 5)},
		op:   func(in G.Nodes) (*G.Node, error) { return Add(in[0], in[0]) },
		ref: func(in [][]float64) (y []float64) {
			for _, v := range in[0] {
				y = append(y, v+v)
			}
			return y
		},
	})
}

func TestAddReLU(t *testing.T) {
	for _, shape := range []tensor.Shape{{1}, {3, 5}, {2, 3, 5, 7}} {
		checkOp(t, opCase{
			name: "AddReLU",
			in:   []*tensor.Dense{random(1, shape...), random(2, shape...)},
			op:   func(in G.Nodes) (*G.Node, error) { return AddReLU(in[0], in[1]) },
			ref: func(in [][]float64) (y []float64) {
				for i, v := range in[0] {
					y = append(y, math.Max(v+in[1][i], 0))
				}
				return y
			},
		})
	}
}

func TestAddSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	a, b := random(1, 2, 3), random(2, 3)
	copy(a.Float32s(), []float32{nan, inf, -inf})
	b.Float32s()[2] = inf
	for _, add := range []func(a, b *G.Node) (*G.Node, error){Add, func(a, b *G.Node) (*G.Node, error) { return Add(b, a) }} {
		onEachTier(t, "values", func(t *testing.T) {
			r := compile(t, func(in G.Nodes) (*G.Node, error) { return add(in[0], in[1]) }, []*tensor.Dense{a, b}, nil)
			r.run(t)
			compare(t, "y", floats(r.y.Value()), plainAdd(a.Shape(), b.Shape(), a.Shape())([][]float64{float64s(a), float64s(b)}), 1e-6)
		})
	}
}

func TestAddBias(t *testing.T) {
	for _, shape := range []tensor.Shape{{1, 1}, {3, 5}, {2, 3, 4}, {2, 5, 3, 7}, {1, 17, 1, 1}} {
		n := shape[2:].TotalSize()
		checkOp(t, opCase{
			name: "AddBias",
			in:   []*tensor.Dense{random(1, shape...), random(2, shape[1])},
			op:   func(in G.Nodes) (*G.Node, error) { return AddBias(in[0], in[1]) },
			ref: func(in [][]float64) (y []float64) {
				for i, v := range in[0] {
					y = append(y, v+in[1][i/n%shape[1]])
				}
				return y
			},
		})
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	big := func() *tensor.Dense { return random(1, 4, 16, 32, 32) }
	both := []bool{true, true}
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return Add(in[0], in[1]) }, []*tensor.Dense{big(), big()}, both)
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return Add(in[0], in[1]) }, []*tensor.Dense{big(), random(1, 4, 1, 32, 32)}, both)
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return AddReLU(in[0], in[1]) }, []*tensor.Dense{big(), big()}, both)
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return AddBias(in[0], in[1]) }, []*tensor.Dense{big(), random(1, 16)}, both)
}

func TestAddErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{2, 4}, tensor.Shape{3}, tensor.Shape{2, 1})
	_, err := Add(in[0], in[1])
	wantError(t, err, "Add: ", "(2, 3)", "(2, 4)", "cannot be broadcast")
	_, err = Add(nil, in[1])
	wantError(t, err, "Add: the first operand is nil")
	_, err = Add(in[0], nil)
	wantError(t, err, "Add: the second operand is nil")
	_, err = AddReLU(in[0], in[3])
	wantError(t, err, "AddReLU: ", "(2, 3)", "(2, 1)", "want the same")
	_, err = AddReLU(nil, nil)
	wantError(t, err, "AddReLU: the first operand is nil")
	_, err = AddBias(in[0], in[2])
	if err != nil {
		t.Error(err)
	}
	_, err = AddBias(in[1], in[2])
	wantError(t, err, "AddBias: bias has shape (3), want (4)")
	_, err = AddBias(in[2], in[2])
	wantError(t, err, "AddBias: input has shape (3), want (N, C, ...)")
	_, err = AddBias(nil, in[2])
	wantError(t, err, "AddBias: input is nil")
	_, err = AddBias(in[0], nil)
	wantError(t, err, "AddBias: bias is nil")
}

// TestResidualAllocatesNothing has gradients meet at the input of a residual
// block: Gorgonia sums them in place.
func TestResidualAllocatesNothing(t *testing.T) {
	block := func(x, w *G.Node) (*G.Node, error) {
		y, err := AddBias(x, w)
		if err != nil {
			return nil, err
		}
		if y, err = Tanh(y); err != nil {
			return nil, err
		}
		return AddReLU(y, x)
	}
	checkAllocates(t, 32<<10, func(in G.Nodes) (*G.Node, error) {
		y, err := block(in[0], in[1])
		if err != nil {
			return nil, err
		}
		return block(y, in[1])
	}, []*tensor.Dense{random(1, 4, 16, 32, 32), random(2, 16)}, []bool{true, true})
}
