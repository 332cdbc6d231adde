package op

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// mixtureShape is that of every value in a mixture.
var mixtureShape = tensor.Shape{2, 3, 4, 4}

// ingredients are operations from mixtureShape to itself, some of them stock
// ones of Gorgonia, which may overwrite their inputs.
var ingredients = []struct {
	name  string
	arity int
	op    func(in G.Nodes) (*G.Node, error)
	ref   func(in [][]float64) []float64
}{
	{"ReLU", 1, func(in G.Nodes) (*G.Node, error) { return ReLU(in[0]) }, each(func(x float64) float64 { return math.Max(x, 0) })},
	{"Sigmoid", 1, func(in G.Nodes) (*G.Node, error) { return Sigmoid(in[0]) }, each(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) })},
	{"Tanh", 1, func(in G.Nodes) (*G.Node, error) { return Tanh(in[0]) }, each(math.Tanh)},
	{"GELU", 1, func(in G.Nodes) (*G.Node, error) { return GELU(in[0], "none") }, each(gelu)},
	{"Softmax", 1, func(in G.Nodes) (*G.Node, error) { return Softmax(in[0], 1) },
		func(in [][]float64) []float64 { return softmaxOf(in[0], mixtureShape, 1, false) }},
	{"LogSoftmax", 1, func(in G.Nodes) (*G.Node, error) { return LogSoftmax(in[0], -1) },
		func(in [][]float64) []float64 { return softmaxOf(in[0], mixtureShape, 3, true) }},
	{"MaxPool2d", 1, func(in G.Nodes) (*G.Node, error) { return MaxPool2d(in[0], mixturePool) },
		func(in [][]float64) []float64 { return pool(in[0], mixtureShape, mixturePool, false) }},
	{"AvgPool2d", 1, func(in G.Nodes) (*G.Node, error) { return AvgPool2d(in[0], mixturePool) },
		func(in [][]float64) []float64 { return pool(in[0], mixtureShape, mixturePool, true) }},
	{"BatchNormTrain", 1, func(in G.Nodes) (*G.Node, error) {
		g := in[0].Graph()
		statistics := func(name string) *G.Node {
			return G.NodeFromAny(g, random(1, 3), G.WithName(fmt.Sprint(name, len(g.AllNodes()))))
		}
		return BatchNormTrain(in[0], nil, nil, statistics("mean"), statistics("var"), BatchNormOptions{Eps: 0.1})
	}, func(in [][]float64) []float64 {
		return normTest{shape: mixtureShape, train: true, eps: 0.1}.ref([][]float64{in[0], nil, nil})
	}},
	{"MSELoss", 2, func(in G.Nodes) (*G.Node, error) { return MSELoss(in[0], in[1], MSELossOptions{None}) },
		both(func(a, b float64) float64 { return (a - b) * (a - b) })},
	{"Add", 2, func(in G.Nodes) (*G.Node, error) { return Add(in[0], in[1]) }, both(func(a, b float64) float64 { return a + b })},
	{"stock Add", 2, func(in G.Nodes) (*G.Node, error) { return G.Add(in[0], in[1]) }, both(func(a, b float64) float64 { return a + b })},
	{"stock Sub", 2, func(in G.Nodes) (*G.Node, error) { return G.Sub(in[0], in[1]) }, both(func(a, b float64) float64 { return a - b })},
	{"AddReLU", 2, func(in G.Nodes) (*G.Node, error) { return AddReLU(in[0], in[1]) }, both(func(a, b float64) float64 { return math.Max(a+b, 0) })},
	{"MatMul", 2, func(in G.Nodes) (*G.Node, error) { return MatMul(in[0], in[1]) }, plainMatMul(mixtureShape, mixtureShape)},
	{"Reshape", 1, func(in G.Nodes) (*G.Node, error) { return Reshape(in[0], mixtureShape...) }, each(func(x float64) float64 { return x })},
	{"ShortcutA", 1, func(in G.Nodes) (*G.Node, error) { return ShortcutA(in[0], 3, 1) }, each(func(x float64) float64 { return x })},
	{"Conv2d", 1, func(in G.Nodes) (*G.Node, error) {
		g := in[0].Graph()
		w := G.NodeFromAny(g, random(5, 3, 3, 3, 3), G.WithName(fmt.Sprint("weight", len(g.AllNodes()))))
		return Conv2d(in[0], w, nil, Conv2dOptions{Padding: [2]int{1, 1}})
	}, func(in [][]float64) []float64 {
		return plainConv(mixtureConv)([][]float64{in[0], float64s(random(5, 3, 3, 3, 3))})
	}},
	{"stock product", 2, func(in G.Nodes) (*G.Node, error) { return G.HadamardProd(in[0], in[1]) }, both(func(a, b float64) float64 { return a * b })},
}

var mixtureConv = kernel.ConvShape{
	N: 2, C: 3, H: 4, W: 4, K: 3, KH: 3, KW: 3, PadTop: 1, PadLeft: 1, PadBottom: 1, PadRight: 1,
	StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1,
}

var mixturePool = Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Padding: [2]int{1, 1}}

func each(f func(x float64) float64) func([][]float64) []float64 {
	return func(in [][]float64) []float64 {
		y := make([]float64, len(in[0]))
		for i, x := range in[0] {
			y[i] = f(x)
		}
		return y
	}
}

func both(f func(a, b float64) float64) func([][]float64) []float64 {
	return func(in [][]float64) []float64 {
		y := make([]float64, len(in[0]))
		for i, a := range in[0] {
			y[i] = f(a, in[1][i])
		}
		return y
	}
}

// step applies an ingredient to values made before: inputs, then earlier steps.
type step struct{ ingredient, a, b int }

// mixture draws some steps and then adds up what none of them has used.
func mixture(r *rand.Rand, inputs, steps int) []step {
	var m []step
	unused := map[int]bool{}
	for at := inputs; at < inputs+steps; at++ {
		s := step{r.IntN(len(ingredients)), r.IntN(at), r.IntN(at)}
		m = append(m, s)
		unused[at] = true
		delete(unused, s.a)
		if ingredients[s.ingredient].arity == 2 {
			delete(unused, s.b)
		}
	}
	const sum = 10 // our Add
	for i := range inputs + steps {
		if last := inputs + len(m) - 1; i < inputs || unused[i] && i != last {
			m = append(m, step{sum, last, i})
		}
	}
	return m
}

// TestMixtures runs random graphs in which values are shared, results are
// overwritten by stock operations and gradients are summed by Gorgonia, which
// must not meet in one buffer.
func TestMixtures(t *testing.T) {
	if ingredients[10].name != "Add" {
		t.Fatal("mixture takes another ingredient for Add")
	}
	for seed := range uint64(60) {
		m := mixture(rand.New(rand.NewPCG(seed, 1)), 2, 9)
		name := fmt.Sprint(seed)
		for _, s := range m {
			name += " " + ingredients[s.ingredient].name
		}
		checkOp(t, opCase{
			name: name,
			in:   []*tensor.Dense{random(2*seed, mixtureShape...), random(2*seed+1, mixtureShape...)},
			op: func(in G.Nodes) (*G.Node, error) {
				for _, s := range m {
					y, err := ingredients[s.ingredient].op(G.Nodes{in[s.a], in[s.b]})
					if err != nil {
						return nil, err
					}
					in = append(in, y)
				}
				return in[len(in)-1], nil
			},
			ref: func(in [][]float64) []float64 {
				for _, s := range m {
					in = append(in, ingredients[s.ingredient].ref([][]float64{in[s.a], in[s.b]}))
				}
				return in[len(in)-1]
			},
			tol: 1e-4,
		})
	}
}
