package blocks_test

import (
	"fmt"
	"log"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// A residual block written out: two convolutions with their norms, and the sum
// with what came in.
func Example_residualBlock() {
	params := graph.NewParams(1)
	g, err := graph.Build(params, graph.Train, func(s *graph.Scope) {
		x := s.Input("x", 8, 64, 56, 56)
		y := blocks.Conv2d(s.Sub("conv1"), x, blocks.Conv{Out: 64, Kernel: 3, Padding: 1})
		y = blocks.BatchNorm2d(s.Sub("bn1"), y, blocks.Norm{})
		y = s.Emit(op.ReLU(y))
		y = blocks.Conv2d(s.Sub("conv2"), y, blocks.Conv{Out: 64, Kernel: 3, Padding: 1})
		y = blocks.BatchNorm2d(s.Sub("bn2"), y, blocks.Norm{})
		y = s.Emit(op.Add(y, x))
		s.Output("y", s.Emit(op.ReLU(y)))
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("y").Shape())
	for p := range params.All() {
		fmt.Println(p.Name, p.Value.Shape())
	}
	// Output:
	// (8, 64, 56, 56)
	// conv1.weight (64, 64, 3, 3)
	// bn1.weight (64)
	// bn1.bias (64)
	// bn1.running_mean (64)
	// bn1.running_var (64)
	// conv2.weight (64, 64, 3, 3)
	// bn2.weight (64)
	// bn2.bias (64)
	// bn2.running_mean (64)
	// bn2.running_var (64)
}

// The same block from the package, where it halves the image and doubles the
// channels, so that the shortcut is a projection.
func ExampleBasic() {
	params := graph.NewParams(1)
	g, err := graph.Build(params, graph.Eval, func(s *graph.Scope) {
		x := s.Input("x", 8, 64, 56, 56)
		y := blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 128, Stride: 2})
		s.Output("y", y)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("y").Shape(), params.Count(), "parameters")
	// Output: (8, 128, 28, 28) 230144 parameters
}

// A bottleneck: the 3x3 convolution sees a quarter of the channels.
func ExampleBottleneck() {
	params := graph.NewParams(1)
	g, err := graph.Build(params, graph.Eval, func(s *graph.Scope) {
		x := s.Input("x", 8, 256, 56, 56)
		y := blocks.Bottleneck{}.Emit(s, x, blocks.Residual{Width: 64})
		s.Output("y", y)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("y").Shape(), params.Count(), "parameters")
	for _, l := range g.Layers() {
		fmt.Println(l.Name, l.Kind, l.Detail, l.Out)
	}
	// Output:
	// (8, 256, 56, 56) 70400 parameters
	// conv1 Conv2d 1x1 (8, 64, 56, 56)
	// bn1 BatchNorm2d  (8, 64, 56, 56)
	// conv2 Conv2d 3x3, padding 1 (8, 64, 56, 56)
	// bn2 BatchNorm2d  (8, 64, 56, 56)
	// conv3 Conv2d 1x1 (8, 256, 56, 56)
	// bn3 BatchNorm2d  (8, 256, 56, 56)
}

// ResNeXt is a bottleneck whose 3x3 convolution has groups.
func ExampleResidual() {
	params := graph.NewParams(1)
	_, err := graph.Build(params, graph.Eval, func(s *graph.Scope) {
		x := s.Input("x", 1, 256, 56, 56)
		blocks.Bottleneck{}.Emit(s, x, blocks.Residual{Width: 64, Groups: 32, BaseWidth: 4})
	})
	if err != nil {
		log.Fatal(err)
	}
	w, _ := params.Get("conv2.weight")
	fmt.Println(w.Value.Shape())
	// Output: (128, 4, 3, 3)
}

// ExampleStage stacks blocks: the first halves the image, the others keep it.
func ExampleStage() {
	g, err := graph.Build(graph.NewParams(1), graph.Eval, func(s *graph.Scope) {
		x := s.Input("x", 1, 64, 56, 56)
		y := blocks.Stage(s.Sub("layer2"), x, blocks.Basic{}, 2, 1, blocks.Residual{Width: 128, Stride: 2})
		s.Output("y", y)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("y").Shape())
	fmt.Println(g.Param("layer2.0.downsample.0.weight").Shape())
	fmt.Println(g.Param("layer2.1.conv2.weight").Shape())
	// Output:
	// (1, 128, 28, 28)
	// (128, 64, 1, 1)
	// (128, 128, 3, 3)
}

// An LSTM over the embeddings of tokens: the state after the last step is an output
// of the graph, to be the state before the next run.
func ExampleLSTM() {
	params := graph.NewParams(1)
	g, err := graph.Build(params, graph.Eval, func(s *graph.Scope) {
		tokens := s.Labels("tokens", 8, 35)
		h, c := s.Input("h", 2, 8, 64), s.Input("c", 2, 8, 64)
		x := blocks.Embedding(s.Sub("encoder"), tokens, 1000, 32)
		y, h, c := blocks.LSTM{Hidden: 64, Layers: 2}.Emit(s.Sub("rnn"), x, h, c)
		s.Output("y", y)
		s.Output("hn", h)
		s.Output("cn", c)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("y").Shape(), g.Output("hn").Shape())
	for p := range params.All() {
		fmt.Println(p.Name, p.Value.Shape())
	}
	// Output:
	// (8, 35, 64) (2, 8, 64)
	// encoder.weight (1000, 32)
	// rnn.weight_ih_l0 (256, 32)
	// rnn.weight_hh_l0 (256, 64)
	// rnn.bias_ih_l0 (256)
	// rnn.bias_hh_l0 (256)
	// rnn.weight_ih_l1 (256, 64)
	// rnn.weight_hh_l1 (256, 64)
	// rnn.bias_ih_l1 (256)
	// rnn.bias_hh_l1 (256)
}

// A layer of a Transformer for sequences of 16 positions of 32 values.
func ExampleEncoderLayer() {
	params := graph.NewParams(1)
	g, err := graph.Build(params, graph.Eval, func(s *graph.Scope) {
		x := s.Input("x", 4, 16, 32)
		s.Output("y", blocks.EncoderLayer{Heads: 2, FeedForward: 64, Causal: true}.Emit(s, x))
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("y").Shape())
	for p := range params.All() {
		fmt.Println(p.Name, p.Value.Shape())
	}
	// Output:
	// (4, 16, 32)
	// self_attn.in_proj_weight (96, 32)
	// self_attn.in_proj_bias (96)
	// self_attn.out_proj.weight (32, 32)
	// self_attn.out_proj.bias (32)
	// linear1.weight (64, 32)
	// linear1.bias (64)
	// linear2.weight (32, 64)
	// linear2.bias (32)
	// norm1.weight (32)
	// norm1.bias (32)
	// norm2.weight (32)
	// norm2.bias (32)
}

// The start of a generator of images: noise, a small map, and one that is twice as
// high and wide.
func ExampleConvTranspose2d() {
	g, err := graph.Build(graph.NewParams(1), graph.Eval, func(s *graph.Scope) {
		z := s.Input("z", 8, 100)
		x := blocks.Linear(s.Sub("fc"), z, 128*7*7)
		x = blocks.Unflatten(s, x, 128, 7, 7)
		x = blocks.ConvTranspose2d(s.Sub("conv1"), x, blocks.ConvTranspose{Out: 64, Kernel: 4, Stride: 2, Padding: 1, Bias: true})
		s.Output("y", x)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("y").Shape(), g.Param("conv1.weight").Shape())
	// Output: (8, 64, 14, 14) (128, 64, 4, 4)
}
