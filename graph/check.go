package graph

import (
	"slices"

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

// checkSums reports a node for whose gradient gorgonia.Grad has not made the sum of
// what its users bring to it: Gorgonia takes a new sum for an earlier one that has
// the same hash. Where both add up the same terms, as for two values that the same
// operations use, that is as it should be. The terms that operations of Gorgonia's
// bring are not known, only how many there are.
func checkSums(loss *G.Node, wrt G.Nodes) error {
	all := make(uses)
	for _, n := range wrt {
		all.of(n).wanted = true
	}
	all.add(loss, make(map[*G.Node]bool))
	for _, n := range loss.Graph().AllNodes() {
		if u := all[n]; u != nil && u.wanted && u.count > 0 && !u.sums(n.Deriv()) {
			return errors.Errorf("the gradient of %q is not the sum of its terms: Gorgonia took another sum for it, whose 32-bit hash is the same; rename a layer", n.Name())
		}
	}
	return nil
}

// sums reports whether a node is the sum of the terms.
func (u *use) sums(n *G.Node) bool {
	terms := termsOf(n, u.count)
	for _, k := range u.known {
		i := slices.Index(terms, k)
		if i < 0 {
			return false
		}
		terms = slices.Delete(terms, i, i+1)
	}
	return terms != nil && !slices.Contains(terms, nil)
}

// termsOf takes a sum of k terms apart, which gorgonia.Grad makes one after the
// other; nil if it is none.
func termsOf(sum *G.Node, k int) G.Nodes {
	var terms G.Nodes
	for range k - 1 {
		if sum == nil || sum.Op() == nil || op.Own(sum) {
			return nil
		}
		in := operands(sum)
		if len(in) != 2 {
			return nil
		}
		sum, terms = in[0], append(terms, in[1])
	}
	return append(terms, sum)
}

// A use tells what a node is used for on the way to the loss.
type use struct {
	count  int     // how often it is an operand through which a gradient passes
	known  G.Nodes // what its users bring to its gradient, as far as that is known
	wanted bool    // it depends on what the gradient is taken with respect to
}

// uses are those of the nodes that a loss depends on.
type uses map[*G.Node]*use

func (u uses) of(n *G.Node) *use {
	if u[n] == nil {
		u[n] = new(use)
	}
	return u[n]
}

// add counts the uses of what n depends on. It visits the nodes that the loss can
// be differentiated with respect to, operands before their users.
func (u uses) add(n *G.Node, seen map[*G.Node]bool) {
	o, ok := n.Op().(G.SDOp)
	if seen[n] || !ok {
		return
	}
	seen[n] = true
	in := operands(n)
	for i, d := range o.DiffWRT(len(in)) {
		if !d {
			continue
		}
		u.add(in[i], seen)
		c := u.of(in[i])
		c.count++
		if g := op.Gradients(n); g != nil {
			c.known = append(c.known, g[i])
		}
		u.of(n).wanted = u.of(n).wanted || c.wanted
	}
}

// operands are the inputs of the operation of n, in their order.
func operands(n *G.Node) (in G.Nodes) {
	for i := n.Graph().From(n.ID()); i.Next(); {
		in = append(in, i.Node().(*G.Node))
	}
	return in
}
