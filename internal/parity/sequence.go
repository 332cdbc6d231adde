package parity

import "slices"

// SequenceOps are the cases of an operation of models of sequences, in the terms
// of Op: LayerNorm, whose inputs are x, weight, bias and residual, and Embedding,
// whose tokens are Labels and have the shape of y without its last axis.
func SequenceOps(name string) (cases []Op, err error) {
	err = load("ops_sequence.json.gz", &cases)
	return slices.DeleteFunc(cases, func(c Op) bool { return c.Op != name }), err
}
