package graph

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Gorgonia tells the nodes of a graph apart by 32-bit hashes: nodes with the
// same hash are one to its compiler, which then computes one of them only. Our
// operations are all different and hash differently, but among some thousand
// nodes a chance collision happens about once in a thousand graphs. The checks
// below turn it from a wrong result into an error.

// checkDistinct reports two nodes of g that have the same hash.
func checkDistinct(g *G.ExprGraph) error {
	seen := make(map[uint32]*G.Node, len(g.AllNodes()))
	for _, n := range g.AllNodes() {
		h := n.Hashcode()
		if m, ok := seen[h]; ok && m != n {
			return errors.Errorf("nodes %q and %q have the same 32-bit hash, and Gorgonia would take one for the other; rename a layer", m.Name(), n.Name())
		}
		seen[h] = n
	}
	return nil
}

// sums counts the operations of g that are Gorgonia's own: in the graphs of
// this package they are the sums of gradients that gorgonia.Grad adds.
func sums(g *G.ExprGraph) int {
	k := 0
	for _, n := range g.AllNodes() {
		if n.Op() != nil && n.Op().Arity() == 2 && !op.Own(n) {
			k++
		}
	}
	return k
}

// wantSums counts the sums of gradients that differentiating loss must add: a
// node that k others use has k terms in its gradient, and k-1 sums.
func wantSums(loss *G.Node, wrt G.Nodes) int {
	g := loss.Graph()
	needs := make(map[*G.Node]bool) // does a gradient pass through the node?
	for _, n := range wrt {
		needs[n] = true
	}
	terms := make(map[*G.Node]int)
	seen := make(map[*G.Node]bool)
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		children := g.From(n.ID())
		o, ok := n.Op().(G.SDOp)
		if !ok {
			return
		}
		diff := o.DiffWRT(children.Len())
		for i := 0; children.Next(); i++ {
			c := children.Node().(*G.Node)
			visit(c)
			if i < len(diff) && diff[i] {
				needs[n] = needs[n] || needs[c]
				terms[c]++
			}
		}
	}
	visit(loss)
	k := 0
	for n, t := range terms {
		if t > 1 && needs[n] {
			k += t - 1
		}
	}
	return k
}
