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
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// The names of the state dicts of torch.nn.MultiheadAttention and
// torch.nn.TransformerEncoderLayer, in order.
var (
	attentionNames = []string{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"}
	encoderNames   = []string{
		"self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias",
		"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
		"norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
	}
)

func init() {
	sequence := tensor.Shape{2, 5, 6}
	fragments = append(fragments, []fragment{
		{"self attention", sequence, blocks.SelfAttention{Heads: 2}.Emit, sequence, attentionNames},
		{"causal self attention", sequence, blocks.SelfAttention{Heads: 3, Causal: true, Dropout: 0.5}.Emit, sequence, attentionNames},
		{"encoder layer", sequence, blocks.EncoderLayer{Heads: 2, FeedForward: 7, Dropout: 0.5}.Emit, sequence, encoderNames},
		{"encoder layer, norms first", sequence, blocks.EncoderLayer{Heads: 2, FeedForward: 7, PreNorm: true, GELU: true, Causal: true}.Emit, sequence, encoderNames},
	}...)
}

func TestSelfAttentionParity(t *testing.T) {
	checkModule(t, "MultiheadAttention", func(a parity.AttentionAttrs) emitter {
		return blocks.SelfAttention{Heads: a.Heads, Causal: a.IsCausal}.Emit
	})
}

func TestEncoderLayerParity(t *testing.T) {
	checkModule(t, "TransformerEncoderLayer", func(a parity.AttentionAttrs) emitter {
		return blocks.EncoderLayer{
			Heads: a.Heads, FeedForward: a.DimFeedforward, GELU: a.Activation == "gelu", PreNorm: a.NormFirst, Causal: a.IsCausal,
		}.Emit
	})
}

type emitter = func(s *graph.Scope, x *G.Node) *G.Node

// checkModule compares with the cases of a module of PyTorch's.
func checkModule(t *testing.T, name string, emit func(parity.AttentionAttrs) emitter) {
	cases, err := parity.AttentionOps(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			checkCase(t, c.Op, 1e-5, func(s *graph.Scope, input func(string) *G.Node) *G.Node {
				return emit(c.Attrs)(s, input("x"))
			})
		})
	}
}

// TestEncoderLayerCached wants what is made in pieces, each of which continues
// from the cache, to be what is made at once.
func TestEncoderLayerCached(t *testing.T) {
	const n, length, e, room = 2, 9, 6, 12
	for _, layer := range []blocks.EncoderLayer{
		{Heads: 2, FeedForward: 7, Causal: true},
		{Heads: 3, FeedForward: 5, PreNorm: true, GELU: true, Causal: true},
	} {
		params := graph.NewParams(1)
		in := tensor.Shape{n, length, e}
		want := run(t, build(t, params, graph.Infer, in, layer.Emit), in)
		x := image(in)
		cache := tensor.New(tensor.WithShape(n, 2, room, e), tensor.Of(tensor.Float32))
		at := 0
		for _, count := range []int{1, 3, 1, 4} {
			y := cached(t, params, layer, columns(x, n, at, count, e), cache, at)
			if d := distance(y, columns(want, n, at, count, e)); d > 1e-6 {
				t.Errorf("positions from %d differ by %g", at, d)
			}
			at += count
		}
	}
}

// columns returns count positions of each of n sequences of vectors, from the
// given one on.
func columns(x []float32, n, from, count, e int) (part []float32) {
	length := len(x) / n
	for i := range n {
		part = append(part, x[i*length+from*e:][:count*e]...)
	}
	return part
}

// cached runs a layer on new positions of two sequences.
func cached(t *testing.T, params *graph.Params, layer blocks.EncoderLayer, x []float32, cache *tensor.Dense, at int) []float32 {
	t.Helper()
	c := cache.Shape()
	n, e := c[0], c[3]
	shape := tensor.Shape{n, len(x) / (n * e), e}
	g, err := graph.Build(params, graph.Infer, func(s *graph.Scope) {
		s.Output("y", layer.EmitCached(s, s.Input("x", shape...), s.Input("cache", c...), s.Labels("position", 1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Let("x", tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x)))
	p.Let("cache", cache)
	p.Let("position", tensor.New(tensor.WithShape(1), tensor.WithBacking([]int{at})))
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	y, err := p.Output("y")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(y.Float32s())
}

// TestEncoderLayerInit wants the first values of torch, with the layers that end
// the parts scaled.
func TestEncoderLayerInit(t *testing.T) {
	const e, wide = 32, 64
	params := graph.NewParams(1)
	build(t, params, graph.Train, tensor.Shape{1, 2, e}, blocks.EncoderLayer{Heads: 2, FeedForward: wide, ResidualScale: 0.25}.Emit)
	for _, c := range []struct {
		name  string
		bound float64 // of a uniform distribution around 0
	}{
		{"self_attn.in_proj_weight", math.Sqrt(6. / (4 * e))},
		{"self_attn.in_proj_bias", 0},
		{"self_attn.out_proj.weight", 0.25 / math.Sqrt(e)},
		{"self_attn.out_proj.bias", 0},
		{"linear1.weight", 1 / math.Sqrt(e)},
		{"linear2.weight", 0.25 / math.Sqrt(wide)},
		{"linear2.bias", 1 / math.Sqrt(wide)},
	} {
		p, ok := params.Get(c.name)
		if !ok {
			t.Fatalf("no %s", c.name)
		}
		largest := 0.
		for _, v := range p.Value.Float32s() {
			largest = max(largest, math.Abs(float64(v)))
		}
		if largest > c.bound*(1+1e-6) || largest < 0.8*c.bound {
			t.Errorf("%s: largest %g, want up to %g", c.name, largest, c.bound)
		}
	}
}

// TestEncoderLayerDropout wants a graph that draws anew at each run in Train, and
// the same result each time elsewhere.
func TestEncoderLayerDropout(t *testing.T) {
	in := tensor.Shape{2, 5, 6}
	params := graph.NewParams(1)
	emit := blocks.EncoderLayer{Heads: 2, FeedForward: 7, Dropout: 0.5}.Emit
	eval := run(t, build(t, params, graph.Eval, in, emit), in)
	train := run(t, build(t, params, graph.Train, in, emit), in)
	if distance(train, eval) < 0.1 {
		t.Error("no dropout in training")
	}
	if again := run(t, build(t, params, graph.Train, in, emit), in); !slices.Equal(again, train) {
		t.Error("the first step of one seed draws differently")
	}
}

func TestAttentionErrors(t *testing.T) {
	for _, c := range []struct {
		what string
		emit emitter
		want string
	}{
		{"images", blocks.SelfAttention{Heads: 2}.Emit, "attn: SelfAttention: input has shape"},
		{"heads", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.SelfAttention{Heads: 5}.Emit(s, s.Emit(G.Reshape(x, tensor.Shape{8, 4, 4})))
		}, "attn: SelfAttention: 5 heads, want a number that divides 4 and 4"},
		{"layer of width 0", func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.EncoderLayer{Heads: 2}.Emit(s, s.Emit(G.Reshape(x, tensor.Shape{8, 4, 4})))
		}, "positive sizes"},
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Train, func(s *graph.Scope) {
			s.Output("y", c.emit(s.Sub("attn"), s.Input("x", 1, 8, 4, 4)))
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", c.what, err, c.want)
		}
	}
}
