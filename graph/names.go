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

// Emitted returns the nodes that the model emitted, with its inputs and parameters,
// without what gorgonia.Grad added.
func (g *Graph) Emitted() G.Nodes {
	var nodes G.Nodes
	for _, n := range g.expr.AllNodes() {
		if _, ok := g.where[n]; ok {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// Operands returns the nodes whose values an operation takes, in no order; none for
// an input.
func (g *Graph) Operands(n *G.Node) G.Nodes {
	var nodes G.Nodes
	if n.Op() == nil {
		return nil
	}
	for from := g.expr.From(n.ID()); from.Next(); {
		nodes = append(nodes, from.Node().(*G.Node))
	}
	return nodes
}
