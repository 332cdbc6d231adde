package blocks_test

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// checkCase compares the result, to a tolerance, and all gradients with those of
// PyTorch, after a second run of a program that plans its memory. The inputs are
// parameters here, so that they have gradients.
func checkCase(t *testing.T, c parity.Op, tolerance float64, emit func(s *graph.Scope, input func(name string) *G.Node) *G.Node) {
	t.Helper()
	params := graph.NewParams(1)
	g, err := graph.Build(params, graph.Train, func(s *graph.Scope) {
		y := emit(s, func(name string) *G.Node { return s.Param(name, graph.Zeros, c.Inputs[name].Shape...) })
		s.Output("y", y)
		s.Loss(s.Emit(G.Sum(G.Must(G.HadamardProd(y, s.Input("dy", c.Dy.Shape...))))))
	})
	if err != nil {
		t.Fatal(err)
	}
	for e := range params.All() {
		copy(e.Value.Float32s(), c.Inputs[e.Name].Data())
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Let("dy", tensor.New(tensor.WithShape(c.Dy.Shape...), tensor.WithBacking(c.Dy.Data())))
	for range 2 {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
	}
	y, err := p.Output("y")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Outputs["y"].Check(y.Float32s(), tolerance); err != nil {
		t.Error(err)
	}
	if len(p.Grads()) != len(c.Grads) {
		t.Fatalf("%d gradients, want %d", len(p.Grads()), len(c.Grads))
	}
	for _, v := range p.Grads() {
		n := v.(*G.Node)
		d, err := n.Grad()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Grads[n.Name()].Check(d.Data().([]float32), 2e-5); err != nil {
			t.Error(err)
		}
	}
}
