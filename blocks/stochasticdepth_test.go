package blocks_test

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// The rate rises in a line to that of the last block.
func TestStochasticDepthRate(t *testing.T) {
	for _, c := range []struct {
		d    blocks.StochasticDepth
		want float64
	}{
		{blocks.StochasticDepth{P: 0.3}, 0.3},
		{blocks.StochasticDepth{P: 0.5, Block: 0, Blocks: 4}, 0.125},
		{blocks.StochasticDepth{P: 0.5, Block: 3, Blocks: 4}, 0.5},
		{blocks.StochasticDepth{P: 1, Block: 8, Blocks: 9}, 1},
	} {
		if got := c.d.Rate(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.d, got, c.want)
		}
	}
}

// Where a block is always left out, its shortcut is what remains in training; it is
// whole in evaluation, and without a rate nothing has changed.
func TestStochasticDepthOfBlocks(t *testing.T) {
	for _, width := range []int{8, 32} { // planar and blocked images
		in := tensor.Shape{3, width, 4, 4}
		for _, b := range []blocks.Block{blocks.Basic{}, blocks.Bottleneck{}} {
			emit := func(p float64) func(s *graph.Scope, x *G.Node) *G.Node {
				return func(s *graph.Scope, x *G.Node) *G.Node {
					return b.Emit(s, x, blocks.Residual{Width: width / b.Expansion(), Drop: blocks.StochasticDepth{P: p}})
				}
			}
			params := graph.NewParams(1)
			y := run(t, build(t, params, graph.Train, in, emit(1)), in)
			for i, v := range image(in) {
				if want := max(v, 0); y[i] != want {
					t.Fatalf("%T: element %d is %v, want that of the shortcut, %v", b, i, y[i], want)
				}
			}
			for _, mode := range []graph.Mode{graph.Eval, graph.Infer} {
				got, want := run(t, build(t, params, mode, in, emit(0.9)), in), run(t, build(t, params, mode, in, emit(0)), in)
				if d := distance(got, want); d != 0 {
					t.Errorf("%T, mode %v: differs by %g from the block without", b, mode, d)
				}
			}
		}
	}
}

// An image of a batch has either the shortcut alone or the block's sum, whose other
// part is divided by the probability of being kept.
func TestStochasticDepthOfImages(t *testing.T) {
	in, p := tensor.Shape{16, 16, 4, 4}, 0.5
	emit := func(p float64) func(s *graph.Scope, x *G.Node) *G.Node {
		return func(s *graph.Scope, x *G.Node) *G.Node {
			return blocks.Basic{}.Emit(s, x, blocks.Residual{Width: 16, Drop: blocks.StochasticDepth{P: p}})
		}
	}
	whole := run(t, build(t, graph.NewParams(1), graph.Train, in, emit(0)), in)
	got := run(t, build(t, graph.NewParams(1), graph.Train, in, emit(p)), in)
	x, size, kept := image(in), 16*4*4, 0
	for n := range in[0] {
		alone, sum := true, true
		for i := n * size; i < (n+1)*size; i++ {
			alone = alone && got[i] == max(x[i], 0)
			if whole[i] > 0 { // what the ReLU took is unknown
				want := max(x[i]+(whole[i]-x[i])/float32(1-p), 0)
				sum = sum && math.Abs(float64(got[i]-want)) < 1e-4
			}
		}
		if alone == sum {
			t.Fatalf("image %d: only the shortcut: %v, the sum: %v", n, alone, sum)
		}
		if sum {
			kept++
		}
	}
	if kept == 0 || kept == in[0] {
		t.Errorf("%d of %d images kept", kept, in[0])
	}
}
