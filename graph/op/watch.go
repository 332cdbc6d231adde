package op

import (
	"time"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Watch has f told, after every run of an operation of g that is of this
// package, which node it was and how long it took. f is called by the machine's
// goroutine, one operation after the other in the order of execution. A nil f
// ends it; an operation that nobody watches does not look at the clock.
func Watch(g *G.ExprGraph, f func(n *G.Node, took time.Duration)) {
	for _, n := range g.AllNodes() {
		o, ok := n.Op().(*operation)
		switch {
		case !ok:
		case f == nil:
			o.watch = nil
		default:
			o.watch = func(took time.Duration) { f(n, took) }
		}
	}
}

// timed is do with the time that it takes told to who watches.
func (o *operation) timed(y *tensor.Dense) error {
	if o.watch == nil {
		return o.do(y, o.in)
	}
	start := time.Now()
	err := o.do(y, o.in)
	o.watch(time.Since(start))
	return err
}

// Work tells how many multiply-adds a run of the operation of n takes, 0 unless
// it is a convolution, a product of matrices, or a gradient of one, and by which
// algorithm they are done ("direct", "winograd 4x4"), "" where there is no
// choice.
func Work(n *G.Node) (macs int64, algorithm string) {
	o, ok := n.Op().(*operation)
	if !ok {
		return 0, ""
	}
	if o.algorithm != nil {
		algorithm = o.algorithm()
	}
	return o.macs, algorithm
}

// Origin returns the node of whose gradient n is a part, nil unless
// gorgonia.Grad has made n from an operation of this package.
func Origin(n *G.Node) *G.Node {
	if o, ok := n.Op().(*operation); ok {
		return o.origin
	}
	return nil
}

// Gradients returns what the operation of n brings to the gradient of each of its
// inputs, nil for one that it cannot be differentiated with respect to; nil unless
// gorgonia.Grad has differentiated it and it is one of this package's.
func Gradients(n *G.Node) G.Nodes {
	if o, ok := n.Op().(*operation); ok {
		return o.grads
	}
	return nil
}

// descend marks the nodes that grad has made, which are those from the given
// place in the graph on, as parts of the gradient of y.
func descend(grads G.Nodes, y *G.Node, from int) {
	for _, n := range grads {
		if n == nil {
			continue
		}
		o, ok := n.Op().(*operation)
		if !ok || o.id < from || o.origin != nil {
			continue
		}
		o.origin = y
		var in G.Nodes
		for it := n.Graph().From(n.ID()); it.Next(); {
			in = append(in, it.Node().(*G.Node))
		}
		descend(in, y, from)
	}
}
