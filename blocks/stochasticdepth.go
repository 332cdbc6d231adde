package blocks

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// StochasticDepth leaves out the convolutions of a residual block at random in
// Train graphs, for each image by itself, so that only the shortcut is left (Huang
// et al. 2016, "Deep networks with stochastic depth"). The rate rises in a line with
// the depth, to P at the last block.
type StochasticDepth struct {
	P float64 // from 0, for none, to 1
	// Block counts the blocks of the network before this one, of Blocks in all. With
	// no Blocks the rate is P.
	Block, Blocks int
}

// Rate is the probability with which this block is left out.
func (d StochasticDepth) Rate() float64 {
	if d.Blocks == 0 {
		return d.P
	}
	return d.P * float64(d.Block+1) / float64(d.Blocks)
}

// next is that of the next block.
func (d StochasticDepth) next() StochasticDepth {
	d.Block++
	return d
}

// join emits ReLU(drop(y) + residual), or without the ReLU, for the y that a norm in
// scope ends with.
func (d StochasticDepth) join(s, norm *graph.Scope, y, residual *G.Node, relu bool) *G.Node {
	branch := s.Sub("drop_path")
	y = branch.Emit(op.DropRows(y, d.Rate(), branch.Seed()))
	if s.Err() != nil {
		return nil
	}
	if relu {
		return norm.Emit(op.AddReLU(y, residual))
	}
	return norm.Emit(op.Add(y, residual))
}

// record adds the layer to the description, if there is anything to it.
func (d StochasticDepth) record(s *graph.Scope, x *G.Node) {
	if d.P != 0 {
		record(s.Sub("drop_path"), "StochasticDepth", fmt.Sprintf("p=%.3g", d.Rate()), x, x, 0, 0)
	}
}
