package op

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// softmaxOf is softmax, or its logarithm, along an axis, straight from the
// definition.
func softmaxOf(x []float64, shape tensor.Shape, axis int, log bool) []float64 {
	y := make([]float64, len(x))
	inner := shape[axis+1:].TotalSize()
	line := shape[axis] * inner
	for i, v := range x {
		first := i/line*line + i%inner
		var sum float64
		for k := range shape[axis] {
			sum += math.Exp(x[first+k*inner] - v)
		}
		if log {
			y[i] = -math.Log(sum)
		} else {
			y[i] = 1 / sum
		}
	}
	return y
}

func TestSoftmax(t *testing.T) {
	for _, shape := range []tensor.Shape{{1}, {7}, {3, 5}, {4, 1}, {1, 6}, {2, 3, 4, 5}, {2, 19, 3}} {
		for dim := -shape.Dims(); dim < shape.Dims(); dim++ {
			for _, log := range []bool{false, true} {
				name, op := "Softmax", Softmax
				if log {
					name, op = "LogSoftmax", LogSoftmax
				}
				axis := (dim + shape.Dims()) % shape.Dims()
				checkOp(t, opCase{
					name: name,
					in:   []*tensor.Dense{scaled(4, random(2, shape...))},
					op:   func(in G.Nodes) (*G.Node, error) { return op(in[0], dim) },
					ref:  func(in [][]float64) []float64 { return softmaxOf(in[0], shape, axis, log) },
				})
			}
		}
	}
}

func TestSoftmaxParity(t *testing.T) {
	checkParity(t, "Softmax", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) { return Softmax(in["x"], c.Attrs.Dim) }, nil)
	checkParity(t, "LogSoftmax", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) { return LogSoftmax(in["x"], c.Attrs.Dim) }, nil)
}

func TestSoftmaxAtTheEdges(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, test := range []struct {
		name     string
		x        []float32
		soft     []float64
		logarith []float64
	}{
		{"large", []float32{1e4, 1e4, -1e4}, []float64{0.5, 0.5, 0}, []float64{-math.Ln2, -math.Ln2, -2e4 - math.Ln2}},
		{"a class ruled out", []float32{0, -inf, 0}, []float64{0.5, 0, 0.5}, []float64{-math.Ln2, math.Inf(-1), -math.Ln2}},
		{"NaN", []float32{0, nan, 1}, []float64{math.NaN(), math.NaN(), math.NaN()}, []float64{math.NaN(), math.NaN(), math.NaN()}},
		{"+Inf", []float32{0, inf, 1}, []float64{math.NaN(), math.NaN(), math.NaN()}, []float64{math.NaN(), math.NaN(), math.NaN()}},
	} {
		onEachTier(t, test.name, func(t *testing.T) {
			// A sound line follows, which the first one must not touch.
			x := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(append(slices.Clone(test.x), 1, 1, 1)))
			for _, log := range []bool{false, true} {
				op, want := Softmax, append(slices.Clone(test.soft), 1./3, 1./3, 1./3)
				if log {
					op, want = LogSoftmax, append(slices.Clone(test.logarith), -math.Log(3), -math.Log(3), -math.Log(3))
				}
				r := compile(t, func(in G.Nodes) (*G.Node, error) { return op(in[0], 1) }, []*tensor.Dense{x}, nil)
				r.run(t)
				compare(t, "y", r.results()[0], want, 1e-6)
			}
		})
	}
}

// Gorgonia's own two are merged into one node if they have the same input.
func TestSoftmaxAndLogSoftmaxOfOneInput(t *testing.T) {
	x := []*tensor.Dense{random(3, 2, 4)}
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		p, err := Softmax(in[0], 1)
		if err != nil {
			return nil, err
		}
		l, err := LogSoftmax(in[0], 1)
		if err != nil {
			return nil, err
		}
		if p == l || p.Hashcode() == l.Hashcode() {
			t.Error("Softmax and LogSoftmax are one node")
		}
		again, err := Softmax(in[0], 1)
		if err != nil {
			return nil, err
		}
		if again == p {
			t.Error("two calls of Softmax are one node")
		}
		return G.HadamardProd(p, l)
	}, x, []bool{true})
	r.run(t)
	p := softmaxOf(float64s(x[0]), tensor.Shape{2, 4}, 1, false)
	var want []float64
	for _, v := range p {
		want = append(want, v*math.Log(v))
	}
	compare(t, "p log p", r.results()[0], want, 1e-5)
}

func TestSoftmaxErrors(t *testing.T) {
	for _, op := range []func(*G.Node, int) (*G.Node, error){Softmax, LogSoftmax} {
		_, err := op(nil, 0)
		wantError(t, err, "Softmax", "input is nil")
		x := nodes(tensor.Shape{2, 3})[0]
		for _, dim := range []int{-3, 2} {
			_, err = op(x, dim)
			wantError(t, err, "Softmax", "dim", "(2, 3)", "-2 to 1")
		}
		_, err = op(G.NewScalar(G.NewGraph(), G.Float32, G.WithName("x")), 0)
		wantError(t, err, "Softmax")
	}
}

func TestSoftmaxAllocatesNothing(t *testing.T) {
	for _, op := range []func(*G.Node, int) (*G.Node, error){Softmax, LogSoftmax} {
		checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return op(in[0], 1) },
			[]*tensor.Dense{random(1, 32, 64, 32)}, []bool{true})
	}
}
