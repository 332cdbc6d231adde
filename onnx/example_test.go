package onnx_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/onnx"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// A network of one's own is written as those of the zoo are. Axes of its input that
// may be of any size are named.
func ExampleSave() {
	dir, err := os.MkdirTemp("", "onnx")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mine.onnx")

	g, err := graph.Build(graph.NewParams(1), graph.Eval, func(s *graph.Scope) {
		x := s.Input("x", onnx.Batch, 5, 8)
		x = blocks.SelfAttention{Heads: 2, Causal: true}.Emit(s.Sub("attention"), x)
		s.Output("y", blocks.Linear(s.Sub("fc"), x, 10))
	})
	check(err)
	axes := map[string][]string{"x": {"batch", "sequence", ""}}
	check(onnx.Save(path, g, weights.Meta{Model: "mine"}, onnx.Options{Axes: axes}))

	a, err := weights.Load(path)
	check(err)
	for _, t := range a.Tensors {
		fmt.Println(t.Name, t.Shape)
	}
	// Output:
	// attention.in_proj_weight [24 8]
	// attention.in_proj_bias [24]
	// attention.out_proj.weight [8 8]
	// attention.out_proj.bias [8]
	// fc.weight [10 8]
	// fc.bias [10]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
