package graph

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// reading is how a program comes to the values of its parameters: some
// operations bring weights into a form of their own, the others read the
// parameters' tensors.
type reading struct {
	stores  []store  // from the largest to the smallest
	direct  []*Param // those that must be in memory
	version uint64   // of the parameters when they were last read
	done    bool
}

// store is an operation that keeps a parameter in a form of its own.
type store struct {
	node  *G.Node
	param *Param
}

func (s store) size() int { return s.param.Value.Shape().TotalSize() }

// newReading is for a program that runs expr, a part of g.
func newReading(g *Graph, expr *G.ExprGraph) *reading {
	r := &reading{version: g.params.version}
	of := make(map[*G.Node]*Param)
	direct := make(map[*G.Node]bool)
	for _, n := range g.paramNodes {
		of[n], _ = g.params.Get(n.Name())
	}
	for _, n := range expr.AllNodes() {
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
	slices.SortStableFunc(r.stores, func(a, b store) int { return cmp.Compare(b.size(), a.size()) })
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
	g.params.reading.Lock()
	defer g.params.reading.Unlock()
	for _, e := range r.direct {
		if err := e.fetch(); err != nil {
			return err
		}
	}
	if err := r.storeAll(g); err != nil {
		return err
	}
	r.done = true
	return nil
}

// storeAll has the operations make their form of the weights.
func (r *reading) storeAll(g *Graph) error {
	var spare []float32
	for i, s := range r.stores {
		if op.IsStored(s.node) {
			continue
		}
		w := r.room(i)
		if w == nil {
			if len(spare) < s.size() {
				spare = make([]float32, s.size())
			}
			w = spare[:s.size()]
		}
		if err := s.param.read(w); err != nil {
			return err
		}
		if err := op.Store(s.node, w); err != nil {
			return errors.Wrap(err, g.scope(s.node))
		}
	}
	return nil
}

// room returns memory for the weights of the i-th store, which a later one is
// going to fill; nil if there is none.
func (r *reading) room(i int) []float32 {
	n := r.stores[i].size()
	for _, later := range r.stores[i+1:] {
		if m := op.Room(later.node); len(m) >= n {
			return m[:n]
		}
	}
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
