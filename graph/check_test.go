package graph

import (
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// sharing are networks in which values share gradients, or have terms of it in
// unusual numbers: from the parameter "w" (4, 3), to a value of shape (4, 3).
var sharing = []struct {
	name string
	emit func(s *Scope, w *G.Node) *G.Node
}{
	{"a table that is the last layer too", func(s *Scope, w *G.Node) *G.Node {
		x := s.Emit(op.Embedding(s.Labels("tokens", 3), w))
		return s.Emit(op.Linear(s.Emit(op.Tanh(x)), w, nil))
	}},
	{"a parameter used three times", func(s *Scope, w *G.Node) *G.Node {
		x := s.Emit(op.Tanh(w))
		x = s.Emit(op.Add(x, w))
		return s.Emit(op.Add(x, w))
	}},
	{"a value added to itself", func(s *Scope, w *G.Node) *G.Node {
		x := s.Emit(op.Tanh(w))
		return s.Emit(op.Tanh(s.Emit(op.Add(x, x))))
	}},
	{"a parameter added to itself", func(s *Scope, w *G.Node) *G.Node { return s.Emit(op.Tanh(s.Emit(op.Add(w, w)))) }},
	{"two values that the same sums use", func(s *Scope, w *G.Node) *G.Node {
		a, b := s.Emit(op.Tanh(w)), s.Emit(op.Sigmoid(w))
		return s.Emit(op.Add(s.Emit(op.AddReLU(a, b)), s.Emit(op.Tanh(s.Emit(op.Add(a, b))))))
	}},
	{"three values that the same sums use", func(s *Scope, w *G.Node) *G.Node {
		a, b, c := s.Emit(op.Tanh(w)), s.Emit(op.Sigmoid(w)), s.Emit(op.GELU(w, "none"))
		x := s.Emit(op.Tanh(s.Emit(op.Add(s.Emit(op.Add(a, b)), c))))
		y := s.Emit(op.Sigmoid(s.Emit(op.Add(s.Emit(op.Add(a, b)), c))))
		return s.Emit(op.Add(s.Emit(op.Add(x, y)), s.Emit(op.Add(a, b))))
	}},
	{"a residual sum", func(s *Scope, w *G.Node) *G.Node {
		x := s.Emit(op.Tanh(w))
		for range 3 {
			x = s.Emit(op.Add(x, s.Emit(op.GELU(x, "none"))))
		}
		return x
	}},
	{"a residual sum in a norm", func(s *Scope, w *G.Node) *G.Node {
		x := s.Emit(op.Tanh(w))
		for range 3 {
			x = s.Emit(op.LayerNorm(s.Emit(op.GELU(x, "none")), nil, nil, op.LayerNormOptions{Residual: x, Eps: 0.1}))
		}
		return x
	}},
	{"stock operations", func(s *Scope, w *G.Node) *G.Node {
		x := s.Emit(G.HadamardProd(s.Emit(op.Tanh(w)), s.Emit(G.Square(w))))
		return s.Emit(G.Add(s.Emit(G.Sub(x, w)), s.Emit(op.Sigmoid(x))))
	}},
	{"a stock sum of two values that own sums use", func(s *Scope, w *G.Node) *G.Node {
		a, b := s.Emit(op.Tanh(w)), s.Emit(op.Sigmoid(w))
		return s.Emit(op.Add(s.Emit(G.Add(a, b)), s.Emit(op.Tanh(s.Emit(op.Add(a, b))))))
	}},
	{"statistics that are computed", func(s *Scope, w *G.Node) *G.Node {
		// There is no gradient through statistics, and none through the sigmoid.
		x := s.Emit(op.Tanh(w))
		ones := s.Buffer("ones", Ones, 1, 4)
		mean := s.Emit(op.Reshape(s.Emit(op.MatMul(ones, s.Emit(op.Sigmoid(x)))), 3))
		variance := s.Buffer("variance", Ones, 3)
		return s.Emit(op.BatchNormEval(x, nil, nil, mean, variance, op.BatchNormOptions{}))
	}},
}

// buildSharing makes the graph with the loss sum(u * y) for some fixed u, and y as
// an output.
func buildSharing(t *testing.T, emit func(s *Scope, w *G.Node) *G.Node) (*Graph, *Params) {
	t.Helper()
	params := NewParams(3)
	g, err := Build(params, Train, func(s *Scope) {
		y := emit(s, s.Param("w", Uniform(-1, 1), 4, 3))
		s.Output("y", y)
		n := y.Shape().TotalSize()
		u := s.Buffer("u", Uniform(-1, 1), 1, n)
		one := s.Emit(op.Linear(s.Emit(op.Reshape(y, 1, n)), u, nil))
		s.Loss(s.Emit(op.MSELoss(one, s.Input("target", 1, 1), op.MSELossOptions{})))
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, params
}

// TestSharedGradients wants the gradient of networks with shared values accepted
// and right: that of differences.
func TestSharedGradients(t *testing.T) {
	for _, c := range sharing {
		t.Run(c.name, func(t *testing.T) {
			g, params := buildSharing(t, c.emit)
			p, err := NewProgram(g)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			p.Let("target", tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{0.7})))
			if g.Input("tokens") != nil {
				p.Let("tokens", tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{3, 0, 3})))
			}
			loss := func() float64 {
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				return float64(p.Loss())
			}
			loss()
			d, err := p.Grads()[0].Grad()
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Clone(d.Data().([]float32))
			if c.name == "statistics that are computed" {
				return // what passes through them is no part of the gradient
			}
			e, _ := params.Get("w")
			w := e.Value.Float32s()
			largest := 0.0
			for _, v := range got {
				largest = max(largest, math.Abs(float64(v)))
			}
			for i, v := range w {
				const step = 1.0 / 128
				w[i] = v + step
				up := loss()
				w[i] = v - step
				want := (up - loss()) / (2 * step)
				w[i] = v
				if math.Abs(float64(got[i])-want) > 2e-3*(largest+0.1) {
					t.Errorf("the gradient of w[%d] is %v, want %v", i, got[i], want)
				}
			}
		})
	}
}

// TestMergedSums gives nodes gradients that are those of others, as a chance
// collision of hashes does, and wants an error.
func TestMergedSums(t *testing.T) {
	emit := func(s *Scope, w *G.Node) *G.Node {
		a, b := s.Emit(op.Tanh(w)), s.Emit(op.Sigmoid(w))
		x := s.Emit(op.Add(a, s.Emit(op.GELU(a, "none"))))
		return s.Emit(op.Add(x, s.Emit(op.Add(b, s.Emit(op.GELU(b, "none"))))))
	}
	differentiated := func() *Graph {
		g, _ := buildSharing(t, emit)
		if _, err := G.Grad(g.loss, g.trainable...); err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := differentiated()
	if err := checkSums(g.loss, g.trainable); err != nil {
		t.Fatal(err)
	}
	for _, n := range g.expr.AllNodes() {
		d := n.Deriv()
		if d == nil || n == g.loss {
			continue
		}
		for _, other := range g.expr.AllNodes() {
			wrong := other.Deriv()
			if wrong == nil || wrong == d || other == g.loss {
				continue
			}
			G.SetDerivOf(wrong, n)
			err := checkSums(g.loss, g.trainable)
			G.SetDerivOf(d, n)
			if err == nil || !strings.Contains(err.Error(), n.Name()) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v with the gradient of %v: error %v", n, other, err)
			}
		}
	}
}
