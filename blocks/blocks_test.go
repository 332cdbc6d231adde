package blocks_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// A fragment is a block on an input of its own.
type fragment struct {
	name string
	in   tensor.Shape
	emit func(s *graph.Scope, x *G.Node) *G.Node
	out  tensor.Shape
	// params are the names of the state, in order.
	params []string
}

// fragments are all the blocks.
var fragments = []fragment{
	{
		"conv with bias", tensor.Shape{2, 3, 7, 5},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Conv2d(s, x, blocks.Conv{Out: 6, Kernel: 3, Stride: 2, Padding: 1, Groups: 3, Bias: true})
		},
		tensor.Shape{2, 6, 4, 3}, []string{"weight", "bias"},
	},
	{
		"basic", tensor.Shape{2, 8, 5, 5},
		func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 8}) },
		tensor.Shape{2, 8, 5, 5}, []string{"conv1.weight", "bn1.*", "conv2.weight", "bn2.*"},
	},
	{
		"basic with projection", tensor.Shape{2, 8, 5, 7},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 12, Stride: 2})
		},
		tensor.Shape{2, 12, 3, 4}, []string{"conv1.weight", "bn1.*", "conv2.weight", "bn2.*", "downsample.0.weight", "downsample.1.*"},
	},
	{
		"basic with option A", tensor.Shape{2, 8, 5, 7},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 16, Stride: 2, Shortcut: blocks.PadChannels})
		},
		tensor.Shape{2, 16, 3, 4}, []string{"conv1.weight", "bn1.*", "conv2.weight", "bn2.*"},
	},
	{
		"bottleneck", tensor.Shape{2, 16, 4, 4},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Bottleneck{}.Emit(s, x, blocks.Residual{Width: 4})
		},
		tensor.Shape{2, 16, 4, 4}, []string{"conv1.weight", "bn1.*", "conv2.weight", "bn2.*", "conv3.weight", "bn3.*"},
	},
	{
		"grouped, dilated bottleneck", tensor.Shape{2, 8, 6, 6},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Bottleneck{}.Emit(s, x, blocks.Residual{Width: 16, Groups: 4, BaseWidth: 8, Dilation: 2})
		},
		tensor.Shape{2, 64, 6, 6}, []string{"conv1.weight", "bn1.*", "conv2.weight", "bn2.*", "conv3.weight", "bn3.*", "downsample.0.weight", "downsample.1.*"},
	},
	{
		"stage", tensor.Shape{1, 4, 8, 8},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Stage(s, x, blocks.Basic{}, 2, 1, blocks.Residual{Width: 8, Stride: 2, Shortcut: blocks.PadChannels})
		},
		tensor.Shape{1, 8, 4, 4}, []string{"0.conv1.weight", "0.bn1.*", "0.conv2.weight", "0.bn2.*", "1.conv1.weight", "1.bn1.*", "1.conv2.weight", "1.bn2.*"},
	},
	{
		"ImageNet stem", tensor.Shape{1, 3, 31, 33},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Stem{Out: 8, Kernel: 7, Stride: 2, Padding: 3, Pool: 3, PoolStride: 2, PoolPadding: 1}.Emit(s, x)
		},
		tensor.Shape{1, 8, 8, 9}, []string{"conv1.weight", "bn1.*"},
	},
	{
		"CIFAR stem", tensor.Shape{1, 1, 6, 6},
		func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Stem{Out: 8, Kernel: 3, Stride: 1, Padding: 1}.Emit(s, x)
		},
		tensor.Shape{1, 8, 6, 6}, []string{"conv1.weight", "bn1.*"},
	},
	{
		"head", tensor.Shape{3, 8, 3, 2},
		func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Head(s, x, 5) },
		tensor.Shape{3, 5}, []string{"fc.weight", "fc.bias"},
	},
}

// TestFragments checks shape, names and description of every fragment, and that
// its inference graph computes what its eval graph computes.
func TestFragments(t *testing.T) {
	for _, f := range fragments {
		t.Run(f.name, func(t *testing.T) {
			params := graph.NewParams(1)
			eval := build(t, params, graph.Eval, f.in, f.emit)
			if got := eval.Output("y").Shape(); !got.Eq(f.out) {
				t.Errorf("shape %v, want %v", got, f.out)
			}
			if got := names(params); !slices.Equal(got, expand(f.params)) {
				t.Errorf("parameters %v, want %v", got, expand(f.params))
			}
			sum := 0
			for _, l := range eval.Layers() {
				sum += l.Params
			}
			if sum != params.Count() {
				t.Errorf("the layers have %d parameters, want %d", sum, params.Count())
			}
			scramble(params)
			want := run(t, eval, f.in)
			got := run(t, build(t, params, graph.Infer, f.in, f.emit), f.in)
			if d := distance(got, want); d > 1e-5 {
				t.Errorf("inference and evaluation differ by %g of the output's norm", d)
			}
		})
	}
}

// TestZeroInit wants a block that begins as the identity (and a ReLU).
func TestZeroInit(t *testing.T) {
	in := tensor.Shape{1, 8, 4, 4}
	for _, b := range []blocks.Block{blocks.Basic{}, blocks.Bottleneck{}} {
		g := build(t, graph.NewParams(1), graph.Eval, in, func(s *graph.Scope, x *G.Node) *G.Node {
			return b.Emit(s, x, blocks.Residual{Width: 8 / b.Expansion(), ZeroInit: true})
		})
		want := image(in)
		for i, v := range want {
			want[i] = max(v, 0)
		}
		if d := distance(run(t, g, in), want); d != 0 {
			t.Errorf("%T differs from the identity by %g", b, d)
		}
	}
}

// TestErrors wants one line that names the part and what is wrong.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		what string
		emit func(s *graph.Scope, x *G.Node) *G.Node
		want string
	}{
		{"groups", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Conv2d(s.Sub("conv1"), x, blocks.Conv{Out: 8, Kernel: 1, Groups: 3})
		}, "conv1: 3 groups do not divide 8 input channels"},
		{"kernel over the edge", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Conv2d(s.Sub("conv1"), x, blocks.Conv{Out: 8, Kernel: 9})
		}, "conv1"},
		{"basic block with groups", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 8, Groups: 2})
		}, "no groups"},
		{"shortcut", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 16, Shortcut: "teleport"})
		}, `shortcut "teleport"`},
		{"option A to fewer channels", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 4, Shortcut: blocks.PadChannels})
		}, "shortcut"},
		{"linear layer on images", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Linear(s.Sub("fc"), x, 10)
		}, "fc: linear layer: input (1, 8, 4, 4), want (N, features)"},
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

func build(t *testing.T, p *graph.Params, mode graph.Mode, in tensor.Shape, emit func(*graph.Scope, *G.Node) *G.Node) *graph.Graph {
	t.Helper()
	g, err := graph.Build(p, mode, func(s *graph.Scope) { s.Output("y", emit(s, s.Input("x", in...))) })
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func run(t *testing.T, g *graph.Graph, in tensor.Shape) []float32 {
	t.Helper()
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Let("x", tensor.New(tensor.WithShape(in...), tensor.WithBacking(image(in)))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	y, err := p.Output("y")
	if err != nil {
		t.Fatal(err)
	}
	return y.Float32s()
}

func image(shape tensor.Shape) []float32 {
	x := make([]float32, shape.TotalSize())
	draw := rand.New(rng.New(1, "image"))
	for i := range x {
		x[i] = float32(draw.NormFloat64())
	}
	return x
}

// scramble gives norms and biases values other than those they begin with.
func scramble(p *graph.Params) {
	draw := rand.New(rng.New(2, "scramble"))
	for e := range p.All() {
		if e.NoDecay {
			for i := range e.Value.Float32s() {
				e.Value.Float32s()[i] = 0.5 + draw.Float32()
			}
		}
	}
	p.Changed()
}

func names(p *graph.Params) []string {
	var n []string
	for e := range p.All() {
		n = append(n, e.Name)
	}
	return n
}

// expand writes out the four entries of a norm.
func expand(short []string) []string {
	var n []string
	for _, s := range short {
		if norm, ok := strings.CutSuffix(s, "*"); ok {
			n = append(n, norm+"weight", norm+"bias", norm+"running_mean", norm+"running_var")
		} else {
			n = append(n, s)
		}
	}
	return n
}

// distance is the norm of the difference over that of b.
func distance(a, b []float32) float64 {
	var diff, norm float64
	for i, v := range b {
		diff += (float64(a[i]) - float64(v)) * (float64(a[i]) - float64(v))
		norm += float64(v) * float64(v)
	}
	return math.Sqrt(diff / norm)
}
