package graph

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/hollow"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// Mode says what a graph is for; fragments emit different nodes for each.
type Mode int

const (
	// Train graphs normalise with batch statistics, move the running ones and
	// drop out.
	Train Mode = iota
	// Eval graphs normalise with the running statistics and drop nothing, and
	// are still differentiable.
	Eval
	// Infer graphs compute what Eval graphs do, with norms folded into
	// convolutions and activations fused. They have no gradient.
	Infer
)

func (m Mode) String() string {
	switch m {
	case Train:
		return "train"
	case Eval:
		return "eval"
	case Infer:
		return "infer"
	}
	return "unknown mode"
}

// Scope is where fragments emit their nodes: a place in the model's tree of
// names, and with it the graph's mode and parameters.
//
// The first error is kept and ends the build: from then on every method returns
// nil and does nothing, and operations given a nil node do nothing either. So a
// fragment reads from top to bottom without a test after each line, and Build
// returns the error.
type Scope struct {
	b    *builder
	path string
}

// builder is what all scopes of one graph share.
type builder struct {
	Graph
	err error
}

// Sub returns the scope for a part of the model: its parameters' names begin
// with this scope's and name.
func (s *Scope) Sub(name string) *Scope { return &Scope{b: s.b, path: s.join(name)} }

func (s *Scope) join(name string) string {
	if s.path == "" {
		return name
	}
	return s.path + "." + name
}

// Path returns the dotted name of the scope, "" for the model itself.
func (s *Scope) Path() string { return s.path }

// Mode returns what the graph is for.
func (s *Scope) Mode() Mode { return s.b.mode }

// Seed returns the seed for what this scope draws at run time, such as a dropout
// mask: that of the parameters, keyed by the scope's name.
func (s *Scope) Seed() uint64 { return rng.New(s.b.params.seed, "scope:"+s.path).Uint64() }

// FixedStatistics reports whether norms are to leave their running statistics as
// they are; see WithFixedStatistics.
func (s *Scope) FixedStatistics() bool { return s.b.fixedStats }

// NormByBatch reports whether a norm of this scope with parameters and buffers of
// these names is to normalise with the statistics of the batch: in training, unless
// it is frozen.
func (s *Scope) NormByBatch(names ...string) bool {
	frozen := func(name string) bool { return s.b.frozenNorms(s.join(name)) }
	return s.b.mode == Train && (s.b.frozenNorms == nil || !slices.ContainsFunc(names, frozen))
}

// Err returns the error that ended the build, if any.
func (s *Scope) Err() error { return s.b.err }

// Fail ends the build with an error, which is given the scope's name.
func (s *Scope) Fail(err error) {
	if s.b.err != nil || err == nil {
		return
	}
	if s.path != "" {
		err = errors.Wrap(err, s.path)
	}
	s.b.err = err
}

// Emit takes the result of an operation into the scope:
//
//	x = s.Emit(op.ReLU(x))
func (s *Scope) Emit(n *G.Node, err error) *G.Node { return s.EmitAs(s, n, err) }

// EmitAs is Emit for an operation that begins with what this scope stands for and
// ends with what last does: the value is that of last.
func (s *Scope) EmitAs(last *Scope, n *G.Node, err error) *G.Node {
	if n = s.take(n, err); n != nil {
		s.b.value(last.path, n)
	}
	return n
}

// take takes a node into the scope.
func (s *Scope) take(n *G.Node, err error) *G.Node {
	if s.b.err != nil {
		return nil
	}
	if err != nil {
		s.Fail(err)
		return nil
	}
	s.b.place(n, s.path)
	return n
}

// place says in which scope a node is, and with it those that its operation
// made on the way.
func (b *builder) place(n *G.Node, path string) {
	if _, ok := b.where[n]; ok || n == nil {
		return
	}
	b.where[n] = path
	for in := b.expr.From(n.ID()); in.Next(); {
		b.place(in.Node().(*G.Node), path)
	}
}

// Input adds an input of float32 values. Its gradient is not computed; see
// WithInputGrad.
func (s *Scope) Input(name string, shape ...int) *G.Node {
	return s.input(name, tensor.Float32, shape)
}

// Labels adds an input of ints, such as class indices or tokens.
func (s *Scope) Labels(name string, shape ...int) *G.Node { return s.input(name, tensor.Int, shape) }

func (s *Scope) input(name string, dt tensor.Dtype, shape []int) *G.Node {
	if s.b.err != nil {
		return nil
	}
	name = s.join(name)
	if s.b.taken(name) {
		s.Fail(errors.Errorf("input %q: the name is taken", name))
		return nil
	}
	for _, d := range shape {
		if d < 1 {
			s.Fail(errors.Errorf("input %q: shape %v, want positive sizes", name, tensor.Shape(shape)))
			return nil
		}
	}
	n := G.NewTensor(s.b.expr, dt, len(shape), G.WithShape(shape...), G.WithName(name))
	s.b.inputs = append(s.b.inputs, n)
	return s.take(n, nil)
}

// IsData reports whether n is an input whose gradient nobody asked for, so that
// the first layer can leave it out.
func (s *Scope) IsData(n *G.Node) bool {
	return !s.b.inputGrad && slices.Contains(s.b.inputs, n)
}

// Param returns the node of a trained parameter of this scope. If the Params
// has no entry of the name yet, one is made with the values that init draws.
func (s *Scope) Param(name string, init Init, shape ...int) *G.Node {
	return s.param(Param{Name: s.join(name)}, init, shape)
}

// ParamNoDecay is Param for the scales and shifts of norms and for biases, which
// solvers may exempt from weight decay.
func (s *Scope) ParamNoDecay(name string, init Init, shape ...int) *G.Node {
	return s.param(Param{Name: s.join(name), NoDecay: true}, init, shape)
}

// Buffer is Param for state that is saved and not trained.
func (s *Scope) Buffer(name string, init Init, shape ...int) *G.Node {
	return s.param(Param{Name: s.join(name), Buffer: true, NoDecay: true}, init, shape)
}

func (s *Scope) param(p Param, init Init, shape tensor.Shape) *G.Node {
	if s.b.err != nil {
		return nil
	}
	if s.b.taken(p.Name) {
		s.b.err = errors.Errorf("parameter %s is defined twice", p.Name)
		return nil
	}
	for _, d := range shape {
		if d < 1 {
			s.b.err = errors.Errorf("parameter %s: shape %v, want positive sizes", p.Name, shape)
			return nil
		}
	}
	e, ok := s.b.params.Get(p.Name)
	if !ok {
		s.b.fill(&p, init, shape)
		if err := s.b.params.Add(p); err != nil {
			s.b.err = err
			return nil
		}
		e, _ = s.b.params.Get(p.Name)
	}
	if !e.Value.Shape().Eq(shape) {
		s.b.err = errors.Errorf("%s: parameters have %v, model wants %v", p.Name, e.Value.Shape(), shape)
		return nil
	}
	if s.b.mode != Infer && !s.b.skipValues {
		if s.b.err = e.fetch(); s.b.err != nil {
			return nil
		}
	}
	n := G.NewTensor(s.b.expr, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(p.Name), G.WithValue(e.Value))
	s.b.paramNodes = append(s.b.paramNodes, n)
	if !e.Buffer && !s.b.isFrozen(p.Name) {
		s.b.trainable = append(s.b.trainable, n)
	}
	return s.take(n, nil)
}

func (g *Graph) isFrozen(param string) bool { return g.frozen != nil && g.frozen(param) }

// fill gives a new parameter its first values, if it is to have any.
func (b *builder) fill(p *Param, init Init, shape tensor.Shape) {
	if b.skipValues {
		p.Value, p.source = hollow.New(shape), absent("its values have not been loaded yet")
		return
	}
	p.Value = tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	if !b.skipInit {
		init(p.Value.Float32s(), shape, rng.New(b.params.seed, "init:"+p.Name))
	}
}

// Output gives a node a name under which the graph's user finds it. Images in
// the blocked layout are brought back to (N, C, H, W) for that.
func (s *Scope) Output(name string, n *G.Node) {
	if s.b.err != nil {
		return
	}
	name = s.join(name)
	if _, ok := s.b.outputs[name]; ok {
		s.b.err = errors.Errorf("output %q is defined twice", name)
		return
	}
	if _, blocked := op.ImageShape(n); blocked {
		n = s.Emit(op.ToPlanar(n))
	}
	s.b.outputs[name] = n
}

// Loss makes n, a scalar, the value that training minimises.
func (s *Scope) Loss(n *G.Node) {
	switch {
	case s.b.err != nil:
	case n == nil || !n.IsScalar():
		s.Fail(errors.New("the loss must be a scalar node"))
	case s.b.loss != nil:
		s.Fail(errors.New("the loss is defined twice"))
	default:
		s.b.loss = n
	}
}

// Layer records a line of the model's description, under the scope's name.
func (s *Scope) Layer(l Layer) {
	l.Name = s.path
	if s.b.err == nil {
		s.b.layers = append(s.b.layers, l)
	}
}
