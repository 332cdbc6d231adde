package graph

import (
	"maps"
	"slices"

	G "gorgonia.org/gorgonia"
)

// Inputs returns the inputs, in the order in which they were made.
func (g *Graph) Inputs() G.Nodes { return g.inputs }

// Outputs returns the names of the outputs, sorted.
func (g *Graph) Outputs() []string { return slices.Sorted(maps.Keys(g.outputs)) }

// Where returns the name of the scope that a node was emitted into, "layer1.0.conv1".
func (g *Graph) Where(n *G.Node) string { return g.scope(n) }
