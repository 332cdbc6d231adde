package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/hollow"
)

// stored is what an operation has that brings an input, its weights, into a form
// of its own and keeps that from run to run.
type stored struct {
	in     G.Nodes // of the operation
	weight int     // which of them
	also   []int   // others that are needed to store it
	ready  bool
	size   func() int // in values
	room   func() []float32
	// store makes the form from the weights, which it may overwrite, and the other
	// inputs.
	store func(w []float32, in []*tensor.Dense)
}

// Stored returns the input that the operation of n brings into a form of its own
// and keeps, so that it reads the input itself only once; nil if there is none.
// See Store.
func Stored(n *G.Node) *G.Node {
	if o, ok := n.Op().(*operation); ok && o.stored != nil {
		return o.stored.in[o.stored.weight]
	}
	return nil
}

// StoredBytes returns the size of that form.
func StoredBytes(n *G.Node) int64 {
	if o, ok := n.Op().(*operation); ok && o.stored != nil {
		return 4 * int64(o.stored.size())
	}
	return 0
}

// IsStored reports whether the operation has made that form since the last
// Refresh.
func IsStored(n *G.Node) bool {
	o, ok := n.Op().(*operation)
	return ok && o.stored != nil && o.stored.ready
}

// Room returns memory of the operation that others may use until it makes that
// form, for which the memory is; nil if there is none, or it has made it.
func Room(n *G.Node) []float32 {
	if o, ok := n.Op().(*operation); ok && o.stored != nil && !o.stored.ready {
		return o.stored.room()
	}
	return nil
}

// Store has the operation of n make its form of the values w, those of Stored(n),
// which it overwrites. Without Store it does so at its next run, from a copy of
// the node's value.
func Store(n *G.Node, w []float32) error {
	o, ok := n.Op().(*operation)
	if !ok || o.stored == nil {
		return errors.Errorf("%s stores nothing", Name(n))
	}
	k := o.stored
	if want := o.shapes[k.weight].TotalSize(); len(w) != want {
		return errors.Errorf("%s: %d values to store, want %d", o.name, len(w), want)
	}
	in := make([]*tensor.Dense, len(k.in))
	for _, i := range k.also {
		v, ok := k.in[i].Value().(*tensor.Dense)
		if !ok {
			return errors.Errorf("%s: %s has no value", o.name, k.in[i].Name())
		}
		var err error
		if in[i], err = o.dense(i, v); err == nil {
			err = o.needs(i, in[i])
		}
		if err != nil {
			return &RunError{Op: o.String(), Err: err}
		}
	}
	k.store(w, in)
	k.ready = true
	return nil
}

// storeOnce makes the form at a run unless it is there.
func (k *stored) storeOnce(in []*tensor.Dense) {
	if !k.ready {
		k.store(slices.Clone(in[k.weight].Float32s()), in)
		k.ready = true
	}
}

// needs reports an error if input i, whose value is x, is without values that the
// run has to read.
func (o *operation) needs(i int, x *tensor.Dense) error {
	if !hollow.Is(x) || o.stored != nil && o.stored.ready && i == o.stored.weight {
		return nil
	}
	return errors.Errorf("the values of input %d are not in memory", i)
}
