// Package blocks holds the fragments that models are made of: each emits the
// nodes of one part of a network into a [graph.Scope] and records it in the
// model's description. Images are (N, C, H, W), sequences (N, T, features).
//
// Parameters carry the names that torchvision and torch.nn give them, relative
// to the scope. What a fragment emits depends on the scope's mode: batch
// statistics in Train graphs, running ones in Eval graphs, and in Infer graphs
// convolutions with the norm, the residual sum and the activation folded in.
//
// A fragment does not return an error: the scope keeps the first one, see
// [graph.Scope].
package blocks

import (
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// shape of a node, for images (N, C, H, W) in whichever layout; nil for the nil
// node that a failed fragment returns.
func shape(n *G.Node) tensor.Shape {
	if n == nil {
		return nil
	}
	if s, _ := op.ImageShape(n); s != nil {
		return s
	}
	return n.Shape()
}

// channels is the size of dimension 1, 0 for a nil node.
func channels(n *G.Node) int {
	if s := shape(n); len(s) > 1 {
		return s[1]
	}
	return 0
}

// features is the size of the last dimension, 0 for a nil node.
func features(n *G.Node) int {
	if n == nil || n.Shape().Dims() == 0 {
		return 0
	}
	return n.Shape()[n.Shape().Dims()-1]
}

// isImage reports whether n has the shape of images, in whichever layout.
func isImage(n *G.Node) bool {
	s, _ := op.ImageShape(n)
	return s != nil
}

// record adds a layer to the description of the model.
func record(s *graph.Scope, kind, detail string, x, y *G.Node, params int, macs int64) {
	s.Layer(graph.Layer{Kind: kind, Detail: detail, In: shape(x), Out: shape(y), Params: params, MACs: macs})
}

// detail joins the parts that are not empty.
func detail(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ", ")
}

// unless formats v, or gives "" where it is the default.
func unless(format string, v, normal int) string {
	if v == normal {
		return ""
	}
	return fmt.Sprintf(format, v)
}
