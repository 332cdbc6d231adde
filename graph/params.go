package graph

import (
	"iter"
	"slices"
	"sync"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/hollow"
)

// Param is one entry of a model's state: a tensor that is trained, or a buffer
// such as a running mean that is saved with the model and never trained.
type Param struct {
	// Name is the dotted name that torchvision and torch.nn give the entry:
	// "layer1.0.conv1.weight".
	Name string
	// Value is the float32 tensor that every graph of the model reads and a
	// solver changes in place. If InMemory says no, it has a shape and no values.
	Value *tensor.Dense
	// Buffer marks an entry that has no gradient.
	Buffer bool
	// NoDecay marks an entry that weight decay leaves alone when a solver
	// exempts norms and biases: the scales and shifts of norms, and biases.
	NoDecay bool

	source Source // of the values while Value has none; or nil
}

// Params is the state of a model, PyTorch's state dict: an ordered, flat list
// of named tensors. The train, eval and inference graphs of a model share one
// Params; it is filled when the first of them is built.
//
// A Params is not safe for concurrent use.
type Params struct {
	seed    uint64
	list    []*Param
	byName  map[string]*Param
	version uint64
	reading sync.Mutex // held by a program that reads its parameters for the first time
}

// NewParams returns an empty state. The entries that graphs add to it are
// initialised from seed: the same seed gives the same bits, whatever the order
// in which they are added.
func NewParams(seed uint64) *Params {
	return &Params{seed: seed, byName: make(map[string]*Param)}
}

// Seed returns the seed given to NewParams.
func (p *Params) Seed() uint64 { return p.seed }

// Len returns the number of entries, buffers included.
func (p *Params) Len() int { return len(p.list) }

// All goes over the entries in the order in which the model defines them, which
// is PyTorch's order.
func (p *Params) All() iter.Seq[*Param] {
	return func(yield func(*Param) bool) {
		for _, e := range p.list {
			if !yield(e) {
				return
			}
		}
	}
}

// Get returns the entry of that name.
func (p *Params) Get(name string) (*Param, bool) {
	e, ok := p.byName[name]
	return e, ok
}

// Count returns the number of trained scalars: what torchvision calls
// num_params. Buffers do not count.
func (p *Params) Count() int {
	n := 0
	for _, e := range p.list {
		if !e.Buffer {
			n += e.Value.Shape().TotalSize()
		}
	}
	return n
}

// Add appends an entry. The name must be new and the value float32.
func (p *Params) Add(e Param) error {
	if _, ok := p.byName[e.Name]; ok {
		return errors.Errorf("parameter %s exists already", e.Name)
	}
	if e.Value == nil || e.Value.Dtype() != tensor.Float32 {
		return errors.Errorf("parameter %s: want a float32 tensor", e.Name)
	}
	p.list = append(p.list, &e)
	p.byName[e.Name] = &e
	return nil
}

// Set copies v, in row-major order, into the entry of that name.
func (p *Params) Set(name string, shape tensor.Shape, v []float32) error {
	e, err := p.fitting(name, shape)
	if err != nil {
		return err
	}
	if n := e.Value.Shape().TotalSize(); len(v) != n {
		return errors.Errorf("%s: %d values for shape %v", name, len(v), shape)
	}
	if e.InMemory() {
		copy(e.Value.Float32s(), v)
	} else {
		e.hold(slices.Clone(v))
	}
	p.Changed()
	return nil
}

// fitting returns the entry of that name, which must have the shape.
func (p *Params) fitting(name string, shape tensor.Shape) (*Param, error) {
	e, ok := p.byName[name]
	if !ok {
		return nil, errors.Errorf("%s: the model has no such parameter", name)
	}
	if !e.Value.Shape().Eq(shape) {
		return nil, errors.Errorf("%s: checkpoint has %v, model wants %v", name, shape, e.Value.Shape())
	}
	return e, nil
}

// Clone returns a deep copy. Values that are not in memory it has from the same
// source.
func (p *Params) Clone() *Params {
	c := NewParams(p.seed)
	for _, e := range p.list {
		d := *e
		if e.InMemory() {
			d.Value = e.Value.Clone().(*tensor.Dense)
		} else {
			d.Value = hollow.New(e.Value.Shape())
		}
		c.list = append(c.list, &d)
		c.byName[d.Name] = &d
	}
	return c
}

// CopyFrom copies the values of all entries of q, which must have the same
// names and shapes; values that are not in memory are fetched.
func (p *Params) CopyFrom(q *Params) error {
	if len(p.list) != len(q.list) {
		return errors.Errorf("%d parameters, want %d", len(q.list), len(p.list))
	}
	if err := q.Fetch(); err != nil {
		return err
	}
	for _, e := range q.list {
		if err := p.Set(e.Name, e.Value.Shape(), e.Value.Float32s()); err != nil {
			return err
		}
	}
	return nil
}

// Changed must be called by whoever writes into an entry's tensor other than
// through this type: programs for inference keep weights in a form of their own
// and make it anew after a change. Program.Step and Set call it.
func (p *Params) Changed() { p.version++ }
