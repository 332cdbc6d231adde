package op

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// gelu is the exact function, geluTanh its approximation.
func gelu(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) }
func geluTanh(x float64) float64 {
	return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

var activationTests = []struct {
	name string
	op   func(x *G.Node) (*G.Node, error)
	f    func(x float64) float64
}{
	{"ReLU", ReLU, func(x float64) float64 { return math.Max(x, 0) }},
	{"LeakyReLU", func(x *G.Node) (*G.Node, error) { return LeakyReLU(x, 0.01) },
		func(x float64) float64 { return math.Max(x, 0) + 0.01*math.Min(x, 0) }},
	{"LeakyReLU rising to both sides", func(x *G.Node) (*G.Node, error) { return LeakyReLU(x, -0.5) }, // the sign of y is not that of x
		func(x float64) float64 { return math.Max(x, 0) - 0.5*math.Min(x, 0) }},
	{"Sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
	{"Tanh", Tanh, math.Tanh},
	{"GELU none", func(x *G.Node) (*G.Node, error) { return GELU(x, "none") }, gelu},
	{"GELU tanh", func(x *G.Node) (*G.Node, error) { return GELU(x, "tanh") }, geluTanh},
}

func TestActivations(t *testing.T) {
	for _, test := range activationTests {
		for _, shape := range []tensor.Shape{{1}, {17}, {1, 1}, {3, 5}, {2, 3, 5, 7}, {2, 1, 1, 1, 9}} {
			checkOp(t, opCase{
				name: test.name,
				in:   []*tensor.Dense{scaled(4, random(1, shape...))},
				op:   func(in G.Nodes) (*G.Node, error) { return test.op(in[0]) },
				ref: func(in [][]float64) []float64 {
					y := make([]float64, len(in[0]))
					for i, x := range in[0] {
						y[i] = test.f(x)
					}
					return y
				},
			})
		}
	}
}

func TestActivationParity(t *testing.T) {
	checkParity(t, "ReLU", 0, func(_ parity.Op, in map[string]*G.Node) (*G.Node, error) { return ReLU(in["x"]) }, nil)
	checkParity(t, "LeakyReLU", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return LeakyReLU(in["x"], c.Attrs.NegativeSlope)
	}, nil)
	checkParity(t, "Sigmoid", 0, func(_ parity.Op, in map[string]*G.Node) (*G.Node, error) { return Sigmoid(in["x"]) }, nil)
	checkParity(t, "Tanh", 0, func(_ parity.Op, in map[string]*G.Node) (*G.Node, error) { return Tanh(in["x"]) }, nil)
	checkParity(t, "GELU", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return GELU(in["x"], c.Attrs.Approximate)
	}, nil)
}

// Activations work on scalars too, which Gorgonia keeps apart from tensors.
func TestActivationOfScalar(t *testing.T) {
	g := G.NewGraph()
	x := G.NewScalar(g, G.Float32, G.WithName("x"), G.WithValue(G.NewF32(-0.5)))
	y, err := Tanh(x)
	if err != nil {
		t.Fatal(err)
	}
	dx, err := G.Grad(y, x)
	if err != nil {
		t.Fatal(err)
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	want := math.Tanh(-0.5)
	compare(t, "y", floats(y.Value()), []float64{want}, 1e-6)
	compare(t, "dx", floats(dx[0].Value()), []float64{1 - want*want}, 1e-6)
}

func TestActivationErrors(t *testing.T) {
	for _, test := range activationTests {
		_, err := test.op(nil)
		wantError(t, err, "input is nil")
		_, err = test.op(G.NewVector(G.NewGraph(), tensor.Float64, G.WithShape(3), G.WithName("x")))
		wantError(t, err, "x", "float64", "want float32")
		_, err = test.op(G.NewVector(G.NewGraph(), tensor.Int, G.WithShape(3), G.WithName("x")))
		wantError(t, err, "x", "int", "want float32")
	}
	_, err := GELU(nodes(tensor.Shape{3})[0], "Tanh")
	wantError(t, err, "GELU", `"Tanh"`, "none or tanh")
}

func TestActivationsAllocateNothing(t *testing.T) {
	for _, test := range activationTests {
		checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return test.op(in[0]) },
			[]*tensor.Dense{random(1, 4, 8, 64, 64)}, []bool{true})
	}
}

// scaled multiplies x, in place, by s.
func scaled(s float32, x *tensor.Dense) *tensor.Dense {
	for i := range x.Float32s() {
		x.Float32s()[i] *= s
	}
	return x
}
