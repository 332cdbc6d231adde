package blocks_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

func init() {
	for _, a := range activations {
		fragments = append(fragments, fragment{string(a.Activation), tensor.Shape{3, 5}, a.Emit, tensor.Shape{3, 5}, nil})
	}
	fragments = append(fragments, []fragment{
		{
			"conv and ReLU", tensor.Shape{2, 3, 7, 5},
			func(s *graph.Scope, x *G.Node) *G.Node {
				return blocks.ConvReLU(s, x, blocks.Conv{Out: 6, Kernel: 3, Padding: 1, Bias: true})
			},
			tensor.Shape{2, 6, 7, 5}, []string{"weight", "bias"},
		},
		{
			"conv without bias and ReLU, on blocked images", tensor.Shape{2, 16, 6, 6},
			func(s *graph.Scope, x *G.Node) *G.Node {
				x = blocks.ConvReLU(s.Sub("first"), x, blocks.Conv{Out: 32, Kernel: 1})
				return blocks.ConvReLU(s, x, blocks.Conv{Out: 3, Kernel: 3, Stride: 2})
			},
			tensor.Shape{2, 3, 2, 2}, []string{"first.weight", "weight"},
		},
		{
			"flatten", tensor.Shape{2, 3, 4, 5},
			blocks.Flatten, tensor.Shape{2, 60}, nil,
		},
		{
			"flatten of blocked images", tensor.Shape{2, 16, 3, 2},
			func(s *graph.Scope, x *G.Node) *G.Node {
				return blocks.Flatten(s, blocks.Conv2d(s, x, blocks.Conv{Out: 16, Kernel: 1}))
			},
			tensor.Shape{2, 96}, []string{"weight"},
		},
		{
			"unflatten", tensor.Shape{2, 60},
			func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Unflatten(s, x, 3, 4, 5) },
			tensor.Shape{2, 3, 4, 5}, nil,
		},
	}...)
}

// activations with their definitions.
var activations = []struct {
	blocks.Activation
	want func(x float64) float64
}{
	{blocks.ReLU, func(x float64) float64 { return max(x, 0) }},
	{blocks.GELU, func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }},
	{blocks.LeakyReLU, func(x float64) float64 { return max(x, 0.2*x) }},
	{blocks.Tanh, math.Tanh},
}

func TestActivations(t *testing.T) {
	in := tensor.Shape{2, 3, 4, 5}
	x := image(in)
	for _, a := range activations {
		for _, mode := range []graph.Mode{graph.Train, graph.Eval, graph.Infer} {
			for i, y := range run(t, build(t, graph.NewParams(1), mode, in, a.Emit), in) {
				if want := a.want(float64(x[i])); math.Abs(float64(y)-want) > 1e-6 {
					t.Errorf("%s of %v in mode %v is %v, want %v", a.Activation, x[i], mode, y, want)
					break
				}
			}
		}
	}
}

// A ReLU after a convolution leaves nothing below 0, and the rest alone.
func TestConvReLU(t *testing.T) {
	in := tensor.Shape{2, 3, 7, 5}
	c := blocks.Conv{Out: 6, Kernel: 3, Stride: 2, Padding: 1, Bias: true}
	for _, mode := range []graph.Mode{graph.Train, graph.Eval, graph.Infer} {
		params := graph.NewParams(1)
		with := build(t, params, mode, in, func(s *graph.Scope, x *G.Node) *G.Node { return blocks.ConvReLU(s, x, c) })
		want := run(t, build(t, params, mode, in, func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Conv2d(s, x, c) }), in)
		for i, v := range want {
			want[i] = max(v, 0)
		}
		if got := run(t, with, in); !slices.Equal(got, want) {
			t.Errorf("mode %v: a convolution with a ReLU is not the ReLU of one without", mode)
		}
		if l := with.Layers(); len(l) != 1 || l[0].Kind != "Conv2d" || l[0].Params != 6*3*9+6 {
			t.Errorf("mode %v: layers %+v, want one of the convolution", mode, l)
		}
	}
}

// Unflatten is the way back from Flatten, which keeps the order of PyTorch's whatever
// the layout of the images is.
func TestFlatten(t *testing.T) {
	in := tensor.Shape{2, 16, 3, 2}
	same := func(t *testing.T, emit func(s *graph.Scope, x *G.Node) *G.Node) {
		t.Helper()
		for _, mode := range []graph.Mode{graph.Train, graph.Infer} {
			if got := run(t, build(t, graph.NewParams(1), mode, in, emit), in); !slices.Equal(got, image(in)) {
				t.Errorf("mode %v: the order is another", mode)
			}
		}
	}
	same(t, blocks.Flatten)
	same(t, func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Unflatten(s, blocks.Flatten(s, x), 16, 3, 2) })
	identity := func(dst []float32, shape tensor.Shape, _ *rng.Source) {
		for i := range shape[0] {
			dst[i*shape[1]+i] = 1
		}
	}
	same(t, func(s *graph.Scope, x *G.Node) *G.Node {
		x = blocks.Conv2d(s, x, blocks.Conv{Out: 16, Kernel: 1, Init: identity})
		if x != nil && x.Dims() != 5 {
			t.Errorf("images %v are not blocked", x.Shape())
		}
		return blocks.Flatten(s, x)
	})
}

func TestActivationErrors(t *testing.T) {
	for _, c := range []struct {
		what string
		emit func(s *graph.Scope, x *G.Node) *G.Node
		want string
	}{
		{"activation", blocks.Activation("rleu").Emit, `no activation "rleu"; there are relu, gelu, leaky_relu and tanh`},
		{"no activation", blocks.Activation("").Emit, `no activation ""`},
		{"unflatten", func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Unflatten(s.Sub("view"), x, 3, 3, 3) }, "view: "},
		{"groups", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.ConvReLU(s.Sub("conv1"), x, blocks.Conv{Out: 8, Kernel: 1, Groups: 3})
		}, "conv1: 3 groups do not divide 8 input channels"},
		{"kernel over the edge", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.ConvReLU(s.Sub("conv1"), x, blocks.Conv{Out: 8, Kernel: 9})
		}, "conv1"},
		{"after an error", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Unflatten(s, blocks.Flatten(s, blocks.Activation("x").Emit(s, x)), 1, 1, 1)
		}, `no activation "x"`},
	} {
		for _, mode := range []graph.Mode{graph.Train, graph.Infer} {
			_, err := graph.Build(graph.NewParams(1), mode, func(s *graph.Scope) {
				s.Output("y", c.emit(s, s.Input("x", 1, 8, 4, 4)))
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, %v: got %v, want one line with %q", c.what, mode, err, c.want)
			}
		}
	}
}
