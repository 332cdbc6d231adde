package graph

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// reading is how a program comes to the values of its parameters: some
// operations bring weights into a form of their own, the others read the
// parameters' tensors.
type reading struct {
	stores  []store
	direct  []*Param // those that must be in memory
	version uint64   // of the parameters when they were last read
	done    bool
}

// store is an operation that keeps a parameter in a form of its own.
type store struct {
	node  *G.Node
	param *Param
}

func newReading(g *Graph) *reading {
	r := &reading{version: g.params.version}
	of := make(map[*G.Node]*Param)
	direct := make(map[*G.Node]bool)
	for _, n := range g.paramNodes {
		of[n], _ = g.params.Get(n.Name())
	}
	for _, n := range g.expr.AllNodes() {
		weight := op.Stored(n)
		if e := of[weight]; e != nil {
			r.stores = append(r.stores, store{n, e})
		}
		for in := g.expr.From(n.ID()); in.Next(); {
			if c := in.Node().(*G.Node); c != weight {
				direct[c] = true
			}
		}
	}
	for _, n := range g.outputs {
		direct[n] = true
	}
	for _, n := range g.paramNodes {
		if direct[n] {
			r.direct = append(r.direct, of[n])
		}
	}
	return r
}

// bytes returns the size of the form in which operations keep weights.
func (r *reading) bytes() (n int64) {
	for _, s := range r.stores {
		n += op.StoredBytes(s.node)
	}
	return n
}

// read reads the parameters if they have not been, or have changed.
func (r *reading) read(g *Graph) error {
	if v := g.params.version; r.version != v {
		op.Refresh(g.expr)
		r.version, r.done = v, false
	}
	if r.done {
		return nil
	}
	for _, e := range r.direct {
		if err := e.fetch(); err != nil {
			return err
		}
	}
	longest := 0
	for _, s := range r.stores {
		if !op.IsStored(s.node) {
			longest = max(longest, s.param.Value.Shape().TotalSize())
		}
	}
	scratch := make([]float32, longest)
	for _, s := range r.stores {
		if op.IsStored(s.node) {
			continue
		}
		w := scratch[:s.param.Value.Shape().TotalSize()]
		if err := s.param.read(w); err != nil {
			return err
		}
		if err := op.Store(s.node, w); err != nil {
			return errors.Wrap(err, g.scope(s.node))
		}
	}
	r.done = true
	return nil
}

// release gives up the parameters that only operations with a form of their own
// read.
func (r *reading) release() {
	direct := make(map[*Param]bool)
	for _, e := range r.direct {
		direct[e] = true
	}
	for _, s := range r.stores {
		if !direct[s.param] {
			s.param.release()
		}
	}
}
