package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

const keyName = "DropoutKey"

// dropoutKey names the stream that an operation and its gradient draw a dropout
// mask from, which nobody keeps: words of 16 bits, which float32 holds exactly,
// for readKey. It belongs to the graph of x, of which it uses nothing else.
func dropoutKey(x *G.Node, seed uint64) (*G.Node, error) {
	place, step := dropoutPlace(x.Graph()), uint64(0)
	return apply(spec{
		name:  keyName,
		attrs: fmt.Sprintf("seed=%d, place=%d", seed, place),
		shape: tensor.Shape{8},
		do: func(key *tensor.Dense, _ []*tensor.Dense) error {
			for i, word := range rng.New(seed, "dropout", place, step).State() {
				key.Float32s()[2*i], key.Float32s()[2*i+1] = float32(word&0xffff), float32(word>>16)
			}
			step++
			return nil
		},
		seek: func(to uint64) { step = to },
	}, x)
}

// readKey returns the state of the stream that a dropoutKey names.
func readKey(key []float32) (state [4]uint32) {
	for i := range state {
		state[i] = uint32(key[2*i]) | uint32(key[2*i+1])<<16
	}
	return state
}
