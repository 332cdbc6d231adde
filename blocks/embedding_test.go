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
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

func init() {
	fragments = append(fragments, []fragment{
		{
			"linear layer of sequences", tensor.Shape{2, 3, 5},
			func(s *graph.Scope, x *G.Node) *G.Node { return blocks.Linear(s, x, 4) },
			tensor.Shape{2, 3, 4}, []string{"weight", "bias"},
		},
	}...)
}

// embedding is a small language model without anything between its two layers,
// which share a weight.
func embedding(s *graph.Scope) {
	y, w := blocks.Table{Vocab: 5, Dim: 3, Init: graph.XavierUniform}.Emit(s.Sub("embed"), s.Labels("tokens", 2, 2))
	s.Output("vectors", y)
	logits := blocks.TiedLinear(s.Sub("head"), y, w, true)
	s.Output("logits", logits)
	s.Loss(s.Emit(op.CrossEntropy(s.Emit(op.Reshape(logits, 4, 5)), s.Labels("labels", 4), op.CrossEntropyOptions{})))
}

func TestEmbedding(t *testing.T) {
	params := graph.NewParams(1)
	for _, mode := range []graph.Mode{graph.Train, graph.Eval, graph.Infer} {
		g, err := graph.Build(params, mode, embedding)
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.NewProgram(g)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		tokens := []int{4, 0, 4, 2}
		p.Let("tokens", tensor.New(tensor.WithShape(2, 2), tensor.WithBacking(tokens)))
		p.Let("labels", tensor.New(tensor.WithShape(4), tensor.WithBacking([]int{0, 1, 2, 3})))
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		y, err := p.Output("vectors")
		if err != nil {
			t.Fatal(err)
		}
		e, _ := params.Get("embed.weight")
		for i, token := range tokens {
			if got, want := y.Float32s()[3*i:3*i+3], e.Value.Float32s()[3*token:3*token+3]; !slices.Equal(got, want) {
				t.Errorf("%v: token %d is %v, want %v", mode, token, got, want)
			}
		}
		logits, err := p.Output("logits")
		if err != nil {
			t.Fatal(err)
		}
		bias, _ := params.Get("head.bias")
		for i, got := range logits.Float32s() {
			want := float64(bias.Value.Float32s()[i%5])
			for k, v := range e.Value.Float32s()[3*(i%5):][:3] {
				want += float64(v) * float64(y.Float32s()[3*(i/5)+k])
			}
			if math.Abs(float64(got)-want) > 1e-6 {
				t.Errorf("%v: logit %d is %v, want %v", mode, i, got, want)
			}
		}
		tokens[3] = 5
		if err := p.Run(); err == nil || !strings.Contains(err.Error(), "Embedding: token 5 at position 3, want 0 to 4") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v", mode, err)
		}
	}
	if got := names(params); !slices.Equal(got, []string{"embed.weight", "head.bias"}) {
		t.Errorf("parameters %v", got)
	}
}

// An embedding begins as torch's does: standard normal.
func TestEmbeddingInit(t *testing.T) {
	params := graph.NewParams(1)
	_, err := graph.Build(params, graph.Train, func(s *graph.Scope) {
		s.Output("y", blocks.Embedding(s, s.Labels("tokens", 2), 100, 50))
	})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := params.Get("weight")
	var sum, squares float64
	for _, v := range e.Value.Float32s() {
		sum += float64(v) / 5000
		squares += float64(v) * float64(v) / 5000
	}
	if math.Abs(sum) > 0.06 || math.Abs(squares-1) > 0.1 {
		t.Errorf("mean %v and mean square %v, want 0 and 1", sum, squares)
	}
}

func TestSequenceErrors(t *testing.T) {
	for _, c := range []struct {
		what string
		emit func(s *graph.Scope) *G.Node
		want string
	}{
		{"rank 1", func(s *graph.Scope) *G.Node { return blocks.Linear(s.Sub("fc"), s.Input("x", 3), 4) },
			"fc: linear layer: input (3), want (N, features)"},
		{"tied weight", func(s *graph.Scope) *G.Node {
			return blocks.TiedLinear(s.Sub("fc"), s.Input("x", 2, 3), s.Param("w", graph.Ones, 3), true)
		}, "fc: linear layer: weight (3), want (out, in)"},
		{"tied width", func(s *graph.Scope) *G.Node {
			return blocks.TiedLinear(s.Sub("fc"), s.Input("x", 2, 3), s.Param("w", graph.Ones, 5, 4), true)
		}, "fc: Linear: input has shape (2, 3), want (N, 4)"},
		{"float tokens", func(s *graph.Scope) *G.Node { return blocks.Embedding(s.Sub("embed"), s.Input("x", 3), 4, 5) },
			"embed: Embedding: tokens (x) is float32, want int"},
		{"a long sequence", func(s *graph.Scope) *G.Node {
			return blocks.LearnedPositions(s.Sub("place"), s.Input("x", 2, 9, 4), 8, nil)
		}, "place: AddPositions: 9 steps, want at most the context of 8"},
		{"waves for matrices", func(s *graph.Scope) *G.Node {
			return blocks.SinusoidalPositions(s.Sub("place"), s.Input("x", 2, 9), 16, nil)
		}, "place: AddSinusoids"},
		{"certain dropout", func(s *graph.Scope) *G.Node { return blocks.Dropout(s.Sub("drop"), s.Input("x", 2), 1.5) },
			"drop: Dropout: p is 1.5"},
		{"output padding", func(s *graph.Scope) *G.Node {
			return blocks.ConvTranspose2d(s.Sub("up"), s.Input("x", 1, 2, 3, 3), blocks.ConvTranspose{Out: 2, Kernel: 3, OutputPadding: 1})
		}, "up: ConvTranspose2d: output padding 1"},
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Train, func(s *graph.Scope) { s.Output("y", c.emit(s)) })
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line that begins with %q", c.what, err, c.want)
		}
	}
}
