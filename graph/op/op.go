// Package op holds the zoo's differentiable operations for Gorgonia graphs,
// float32 throughout, images as (N, C, H, W).
//
// Every function takes and returns nodes of an ordinary *gorgonia.ExprGraph:
// the graph can be differentiated by gorgonia.Grad and run by a stock
// gorgonia.NewTapeMachine, beside stock operations. The functions return an
// error for a wrong shape; they never panic, and neither do the operations
// when they run.
//
// # How an operation is made
//
// An operation is a value of the unexported type spec: its name and
// attributes, the shape of its result, what it computes and how its gradient
// is written as more nodes. Function apply turns a spec into a node. What the
// backward pass needs travels along edges of the graph, never through hidden
// pointers, so that an operation may later run on another device.
//
// The result of an operation lives in a buffer that the operation allocates at
// its first run and keeps, or where a [Tape] has planned it: from the second run
// on, no tensor is allocated. Two machines must therefore not run the same graph
// at the same time.
package op

import (
	"fmt"
	"hash"
	"hash/fnv"
	"strings"
	"time"

	"github.com/chewxy/hm"
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// spec describes one operation of a graph.
type spec struct {
	name  string         // as the field names it, "Conv2d"
	attrs string         // every attribute, for String
	data  map[string]any // the attributes, for Describe
	shape tensor.Shape   // of the result; tensor.ScalarShape() for a scalar

	// do computes y from the inputs. It may keep nothing of either.
	do func(y *tensor.Dense, in []*tensor.Dense) error

	// diff says with respect to which inputs the operation is differentiable;
	// nil: all of them, if grad is set.
	diff []bool
	// grad writes the gradient of every input as nodes, nil where diff is
	// false. A spec without grad is not differentiable.
	grad func(in G.Nodes, y, dy *G.Node) (G.Nodes, error)

	// stored, if set, is what the operation derives from its parameters (packed
	// weights) and keeps between runs; see Store and Refresh.
	stored *stored
	// seek, if set, moves the operation's random draws to a step; see Seek.
	seek func(step uint64)

	// macs is the number of multiply-adds of a run, where that is what the
	// operation does, and algorithm, if set, says how it does them; see Work.
	macs      int64
	algorithm func() string
}

// operation is the gorgonia.Op of a spec.
type operation struct {
	spec
	id     int            // position in the graph: no two operations are alike
	types  []hm.Type      // of the inputs
	shapes []tensor.Shape // of the inputs
	in     []*tensor.Dense
	y      *tensor.Dense
	scalar *G.F32                   // y as Gorgonia wants scalars
	step   *tapeStep                // where the result goes in the runs of a Tape; or nil
	origin *G.Node                  // see Origin
	grads  G.Nodes                  // see Gradients
	watch  func(took time.Duration) // see Watch; or nil
}

var (
	_ G.Op   = (*operation)(nil)
	_ G.SDOp = (*operation)(nil)
)

// apply adds the operation that s describes to the graph of its inputs.
func apply(s spec, in ...*G.Node) (*G.Node, error) {
	if err := given(s.name, in...); err != nil {
		return nil, err
	}
	o := &operation{spec: s, id: len(in[0].Graph().AllNodes()), in: make([]*tensor.Dense, len(in))}
	for _, n := range in {
		if n.Graph() != in[0].Graph() {
			return nil, errors.Errorf("%s: its inputs are nodes of different graphs", s.name)
		}
		o.shapes = append(o.shapes, n.Shape())
		o.types = append(o.types, typeOf(n.Shape(), n.Dtype()))
	}
	n, err := G.ApplyOp(o, in...)
	if err != nil {
		return nil, errors.Wrap(err, s.name)
	}
	if n.Op() != G.Op(o) {
		// Gorgonia tells nodes apart by a 32-bit hash and compares little else.
		return nil, errors.Errorf("%s: Gorgonia took the new node for node %q, whose 32-bit hash is the same; rename an input", s.name, n.Name())
	}
	return n, nil
}

// given reports the first input that is missing or is not float32. Label
// inputs, which are int, are checked by the operation that takes them.
func given(name string, in ...*G.Node) error {
	for i, n := range in {
		switch {
		case n == nil:
			return errors.Errorf("%s: input %d is nil", name, i)
		case n.Dtype() != tensor.Float32 && n.Dtype() != tensor.Int:
			return errors.Errorf("%s: input %d (%s) is %v, want float32", name, i, n.Name(), n.Dtype())
		}
	}
	return nil
}

// rank reports an error unless n is a float32 node of the given rank; shape
// says in words what is wanted, "(N, C, H, W)".
func rank(name string, n *G.Node, dims int, shape string) error {
	return argument(name, "input", n, dims, shape)
}

// argument is rank for an input that has a name of its own, "weight".
func argument(name, what string, n *G.Node, dims int, shape string) error {
	if err := float(name, what, n); err != nil {
		return err
	}
	if n.Shape().Dims() != dims {
		return errors.Errorf("%s: %s has shape %v, want %s", name, what, n.Shape(), shape)
	}
	return nil
}

// float reports an error unless n is a float32 node, of whatever rank.
func float(name, what string, n *G.Node) error {
	switch {
	case n == nil:
		return errors.Errorf("%s: %s is nil", name, what)
	case n.Dtype() != tensor.Float32:
		return errors.Errorf("%s: %s (%s) is %v, want float32", name, what, n.Name(), n.Dtype())
	}
	return nil
}

func typeOf(s tensor.Shape, dt tensor.Dtype) hm.Type {
	if s.IsScalar() {
		return dt
	}
	return G.TensorType{Dims: s.Dims(), Of: dt}
}

func (o *operation) Arity() int { return len(o.shapes) }

// Type is made anew at each call: Gorgonia takes function types apart.
func (o *operation) Type() hm.Type {
	t := append(append([]hm.Type(nil), o.types...), typeOf(o.shape, tensor.Float32))
	return hm.NewFnType(t...)
}

func (o *operation) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

func (o *operation) Do(in ...G.Value) (v G.Value, err error) {
	defer func() {
		// A panic here would end the process: Gorgonia runs operations in a
		// goroutine of its own.
		if r := recover(); r != nil {
			v, err = nil, &RunError{Op: o.String(), Err: errors.Errorf("%v", r)}
		}
	}()
	if len(in) != len(o.shapes) {
		return nil, errors.Errorf("%v: %d inputs, want %d", o, len(in), len(o.shapes))
	}
	for i, x := range in {
		if o.in[i], err = o.dense(i, x); err == nil {
			err = o.needs(i, o.in[i])
		}
		if err != nil {
			return nil, &RunError{Op: o.String(), Err: err}
		}
	}
	y, err := o.result()
	if err == nil {
		err = o.timed(y)
	}
	if err != nil {
		return nil, &RunError{Op: o.name, Err: err}
	}
	if o.scalar != nil {
		*o.scalar = G.F32(y.Float32s()[0])
		return o.scalar, nil
	}
	return y, nil
}

// RunError is the error of an operation that failed while a graph was run: what
// is left of the tape machine's own account when its frames are taken off.
type RunError struct {
	Op  string
	Err error
}

func (e *RunError) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *RunError) Unwrap() error { return e.Err }

// dense gives input i as a tensor; a scalar becomes a tensor of one element.
func (o *operation) dense(i int, v G.Value) (*tensor.Dense, error) {
	switch x := v.(type) {
	case *tensor.Dense:
		if !x.Shape().Eq(o.shapes[i]) {
			return nil, errors.Errorf("input %d has shape %v, the graph was built for %v", i, x.Shape(), o.shapes[i])
		}
		return contiguous(x)
	case *G.F32:
		if o.in[i] == nil {
			o.in[i] = tensor.New(tensor.WithShape(1), tensor.Of(tensor.Float32))
		}
		o.in[i].Float32s()[0] = float32(*x)
		return o.in[i], nil
	}
	return nil, errors.Errorf("input %d is a %T, want a float32 tensor", i, v)
}

// contiguous copies x where it is a view with strides of its own, as stock
// slices and transposes are; our own operations never make one.
func contiguous(x *tensor.Dense) (*tensor.Dense, error) {
	if order := x.DataOrder(); order.IsRowMajor() && order.IsContiguous() && !x.RequiresIterator() {
		return x, nil
	}
	c, ok := x.Materialize().(*tensor.Dense)
	if !ok {
		return nil, errors.Errorf("cannot copy a view of shape %v", x.Shape())
	}
	return c, nil
}

func (o *operation) allocate() {
	if o.shape.IsScalar() {
		o.y = tensor.New(tensor.WithShape(1), tensor.Of(tensor.Float32))
		o.scalar = new(G.F32)
		return
	}
	o.y = tensor.New(tensor.WithShape(o.shape...), tensor.Of(tensor.Float32))
}

// ReturnsPtr, CallsExtern and OverwritesInput keep Gorgonia from allocating a
// tensor for the result at every run.
func (o *operation) ReturnsPtr() bool     { return false }
func (o *operation) CallsExtern() bool    { return false }
func (o *operation) OverwritesInput() int { return -1 }

func (o *operation) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%v#%d", o, o.id) }

func (o *operation) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *operation) String() string {
	if o.attrs == "" {
		return o.name
	}
	return o.name + "{" + o.attrs + "}"
}

// DiffWRT says for which inputs there is a gradient.
func (o *operation) DiffWRT(n int) []bool {
	d := make([]bool, n)
	for i := range d {
		d[i] = o.grad != nil && (o.diff == nil || o.diff[i])
	}
	return d
}

// SymDiff writes the gradients of the inputs.
func (o *operation) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	if o.grad == nil {
		return nil, errors.Errorf("%s is not differentiable", o.name)
	}
	from := len(y.Graph().AllNodes())
	grads, err := o.grad(in, y, dy)
	descend(grads, y, from)
	o.grads = grads
	return grads, errors.Wrapf(err, "gradient of %s", o.name)
}

// only wraps the one gradient of an operation of one input.
func only(n *G.Node, err error) (G.Nodes, error) {
	if err != nil {
		return nil, err
	}
	return G.Nodes{n}, nil
}

// gradients makes the gradient of each input with the function at its place;
// nil for one that has none. Functions for optional inputs that are not there
// are left over.
func gradients(in G.Nodes, of ...func() (*G.Node, error)) (grads G.Nodes, err error) {
	grads = make(G.Nodes, len(in))
	for i := range in {
		if of[i] == nil {
			continue
		}
		if grads[i], err = of[i](); err != nil {
			return nil, err
		}
	}
	return grads, nil
}

// when is f, or nil unless the gradient is wanted.
func when(wanted bool, f func() (*G.Node, error)) func() (*G.Node, error) {
	if !wanted {
		return nil
	}
	return f
}

// withoutNil drops optional inputs that are not there.
func withoutNil(in ...*G.Node) (given G.Nodes) {
	for _, n := range in {
		if n != nil {
			given = append(given, n)
		}
	}
	return given
}

// values gives the numbers of input i, nil if there is no such input.
func values(in []*tensor.Dense, i int) []float32 {
	if i < 0 || i >= len(in) {
		return nil
	}
	return in[i].Float32s()
}

// Name gives the name of the operation of a node, "Conv2d", as this package
// and the field name it; for an operation of Gorgonia what that prints of it;
// "" for an input.
func Name(n *G.Node) string {
	if n.Op() == nil {
		return ""
	}
	if o, ok := n.Op().(*operation); ok {
		return o.name
	}
	name, _, _ := strings.Cut(n.Op().String(), " ")
	return name
}

// Own reports whether the operation of n is one of this package's.
func Own(n *G.Node) bool {
	_, ok := n.Op().(*operation)
	return ok
}

// Refresh tells the operations of g that the values of its parameters were
// changed between runs. Only graphs with operations for inference (Conv2dInfer)
// need it: those keep the weights in a form of their own, made at the first
// run after Refresh.
func Refresh(g *G.ExprGraph) {
	for _, n := range g.AllNodes() {
		if o, ok := n.Op().(*operation); ok && o.stored != nil {
			o.stored.ready = false
		}
	}
}

// Seek sets the step from which the random operations of g draw in their next
// run. Each run advances it by one, so Seek is needed only to repeat a run or to
// go on where another process stopped.
func Seek(g *G.ExprGraph, step uint64) {
	for _, n := range g.AllNodes() {
		if o, ok := n.Op().(*operation); ok && o.seek != nil {
			o.seek(step)
		}
	}
}
