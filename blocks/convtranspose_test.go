package blocks_test

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

func init() {
	fragments = append(fragments, []fragment{
		{
			"transposed conv with bias", tensor.Shape{2, 3, 4, 5},
			func(s *graph.Scope, x *G.Node) *G.Node {
				return blocks.ConvTranspose2d(s, x, blocks.ConvTranspose{Out: 6, Kernel: 3, Stride: 2, Padding: 1, OutputPadding: 1, Bias: true})
			},
			tensor.Shape{2, 6, 8, 10}, []string{"weight", "bias"},
		},
		{
			"transposed conv, norm and ReLU", tensor.Shape{2, 5, 4, 4},
			func(s *graph.Scope, x *G.Node) *G.Node {
				return blocks.ConvTransposeNormAct{ConvName: "0", NormName: "1", Conv: blocks.ConvTranspose{Out: 3, Kernel: 4, Stride: 2, Padding: 1}, ReLU: true}.Emit(s, x)
			},
			tensor.Shape{2, 3, 8, 8}, []string{"0.weight", "1.*"},
		},
		{
			"transposed conv, norm and ReLU of many channels", tensor.Shape{2, 32, 4, 4},
			func(s *graph.Scope, x *G.Node) *G.Node {
				return blocks.ConvTransposeNormAct{ConvName: "0", NormName: "1", Conv: blocks.ConvTranspose{Out: 16, Kernel: 4, Stride: 2, Padding: 1}, ReLU: true}.Emit(s, x)
			},
			tensor.Shape{2, 16, 8, 8}, []string{"0.weight", "1.*"},
		},
		{
			"transposed conv and ReLU of blocked images", tensor.Shape{2, 16, 4, 4},
			func(s *graph.Scope, x *G.Node) *G.Node {
				x = blocks.Conv2d(s.Sub("first"), x, blocks.Conv{Out: 16, Kernel: 1})
				return blocks.ConvTransposeNormAct{ConvName: "0", Conv: blocks.ConvTranspose{Out: 3, Kernel: 4}, ReLU: true}.Emit(s, x)
			},
			tensor.Shape{2, 3, 7, 7}, []string{"first.weight", "0.weight"},
		},
	}...)
}

// A Dropout is there in training alone, and draws anew at every run.
func TestDropout(t *testing.T) {
	in := tensor.Shape{40, 50}
	emit := func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Dropout(s.Sub("drop"), x, 0.25) }
	x := image(in)
	for _, mode := range []graph.Mode{graph.Eval, graph.Infer} {
		g := build(t, graph.NewParams(1), mode, in, emit)
		if g.Output("y") != g.Input("x") {
			t.Errorf("%v: dropout is an operation", mode)
		}
	}
	y := run(t, build(t, graph.NewParams(1), graph.Train, in, emit), in)
	dropped := 0
	for i, v := range y {
		switch {
		case v == 0:
			dropped++
		case v != x[i]*(1/float32(0.75)):
			t.Fatalf("%v became %v", x[i], v)
		}
	}
	if dropped < 400 || dropped > 600 {
		t.Errorf("%d of 2000 values dropped, want about 500", dropped)
	}
	if again := run(t, build(t, graph.NewParams(1), graph.Train, in, emit), in); !slices.Equal(again, y) {
		t.Error("a second program of the same seed draws otherwise")
	}
}
