package train

import (
	"math"
	"strconv"
	"unsafe"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// Solver is a gorgonia.Solver that a schedule can steer and a checkpoint can
// hold. The solvers of this package compute what those of torch.optim do in
// PyTorch 1.13, and move the parameters of any Gorgonia graph of float32 values,
// on a stock machine too.
//
// What a solver remembers of a parameter, such as its velocity, is kept by the
// name of the node. After the first step nothing is allocated. A step that
// returns an error has changed nothing.
type Solver interface {
	G.Solver

	// SetLR sets the learning rate of the steps to come.
	SetLR(lr float64)
	// SetMomentum sets the momentum of the steps to come; for Adam that is the
	// first of the betas.
	SetMomentum(momentum float64)

	// State returns what the solver remembers, in the order in which it met the
	// parameters. The slices are the solver's own: the next step changes them.
	State() []ParamState
	// Restore makes the solver go on where another one of its kind, whose State
	// it is given, has got to. The values are copied.
	Restore([]ParamState) error
}

// ParamState is what a solver remembers of one parameter.
type ParamState struct {
	Name string
	// Step is the number of steps that the parameter has made.
	Step int
	// Buffers are the running means, by their names in torch.optim:
	// "momentum_buffer", "exp_avg", "square_avg".
	Buffers map[string][]float32
}

// SolverOptions are common to all solvers.
type SolverOptions struct {
	// Exempt says which parameters weight decay leaves alone; by default, as in
	// PyTorch, it is applied to all. See NormsAndBiases.
	Exempt func(name string) bool
	// Scale is what the learning rate of a parameter is multiplied by, as that of a
	// parameter group is chosen in PyTorch; by default 1 for all.
	Scale func(name string) float64
	// KeepGrads leaves the gradients as they are. By default they are set to
	// zero after the step, as Gorgonia's own solvers do, because a machine made
	// with gorgonia.BindDualValues adds the next ones to them; a graph.Program
	// overwrites them.
	KeepGrads bool
}

// NormsAndBiases returns the exemption of a model's biases and of the scales and
// shifts of its norms, for which decay has no use (He et al. 2018, "Bag of
// tricks for image classification").
func NormsAndBiases(p *graph.Params) func(name string) bool {
	return func(name string) bool {
		e, ok := p.Get(name)
		return ok && e.NoDecay
	}
}

// rule is the arithmetic of one kind of solver.
type rule interface {
	// check reports an option that is out of range.
	check() error
	// names of the buffers.
	names() []string
	// update moves w by the gradient g. The step of the slot counts this one.
	update(w, g []float32, s *slot)
}

// memory is what a solver remembers, and the part of a step that all solvers
// share.
type memory struct {
	slots  []*slot
	byName map[string]*slot
	work   []move
	round  uint64 // counts the steps of the solver
}

// slot is the memory of one parameter.
type slot struct {
	name   string
	step   int
	size   int
	exempt bool
	scale  float64
	bufs   [3][]float32 // made when first needed
	round  uint64       // in which the parameter was seen last
}

// move is one parameter's part of a step.
type move struct {
	w, g []float32
	s    *slot
}

// buffer returns buffer i and whether it is new.
func (s *slot) buffer(i int) (b []float32, first bool) {
	if s.bufs[i] == nil {
		s.bufs[i] = make([]float32, s.size)
		return s.bufs[i], true
	}
	return s.bufs[i], false
}

// rate returns the learning rate of the parameter.
func (s *slot) rate(lr float64) float64 { return lr * s.scale }

// decay returns the weight decay of the parameter.
func (s *slot) decay(weightDecay float64) float64 {
	if s.exempt {
		return 0
	}
	return weightDecay
}

func (m *memory) step(model []G.ValueGrad, o SolverOptions, r rule) error {
	if err := r.check(); err != nil {
		return err
	}
	m.round++
	m.work = m.work[:0]
	for i, p := range model {
		w, g, s, err := m.read(i, p, o)
		if err != nil {
			return err
		}
		m.work = append(m.work, move{w, g, s})
	}
	for _, v := range m.work {
		v.s.step++
		r.update(v.w, v.g, v.s)
		if !o.KeepGrads {
			clear(v.g)
		}
	}
	clear(m.work) // keeps no value alive
	return nil
}

func (m *memory) read(i int, p G.ValueGrad, o SolverOptions) (w, g []float32, s *slot, err error) {
	name := nameOf(i, p)
	if w, err = float32s(p.Value()); err != nil {
		return nil, nil, nil, errors.Wrapf(err, "parameter %s", name)
	}
	grad, err := p.Grad()
	if err != nil {
		return nil, nil, nil, errors.Wrapf(err, "gradient of %s", name)
	}
	if g, err = float32s(grad); err != nil {
		return nil, nil, nil, errors.Wrapf(err, "gradient of %s", name)
	}
	if len(g) != len(w) {
		return nil, nil, nil, errors.Errorf("gradient of %s: %d values, want %d", name, len(g), len(w))
	}
	s, err = m.slot(name, len(w), o)
	return w, g, s, err
}

func (m *memory) slot(name string, size int, o SolverOptions) (*slot, error) {
	s, ok := m.byName[name]
	switch {
	case !ok:
		s = o.slot(name, size)
		m.add(s)
	case s.size < 0: // restored, and nothing is remembered but the step
		s.size = size
	case s.size != size:
		return nil, errors.Errorf("parameter %s: %d values, but %d in earlier steps", name, size, s.size)
	case s.round == m.round:
		return nil, errors.Errorf("two parameters are called %s: a solver tells them apart by their names", name)
	}
	s.round = m.round
	return s, nil
}

// slot returns the empty memory of a parameter.
func (o *SolverOptions) slot(name string, size int) *slot {
	s := &slot{name: name, size: size, exempt: o.Exempt != nil && o.Exempt(name), scale: 1}
	if o.Scale != nil {
		s.scale = o.Scale(name)
	}
	return s
}

func (m *memory) add(s *slot) {
	if m.byName == nil {
		m.byName = make(map[string]*slot)
	}
	m.byName[s.name] = s
	m.slots = append(m.slots, s)
}

func (m *memory) state(names []string) []ParamState {
	state := make([]ParamState, len(m.slots))
	for i, s := range m.slots {
		state[i] = ParamState{Name: s.name, Step: s.step, Buffers: make(map[string][]float32)}
		for b, name := range names {
			if s.bufs[b] != nil {
				state[i].Buffers[name] = s.bufs[b]
			}
		}
	}
	return state
}

func (m *memory) restore(state []ParamState, o SolverOptions, names []string) error {
	var fresh memory
	for _, p := range state {
		if fresh.byName[p.Name] != nil {
			return errors.Errorf("solver state: parameter %s is there twice", p.Name)
		}
		s := o.slot(p.Name, -1)
		s.step = p.Step
		known := 0
		for b, name := range names {
			v, ok := p.Buffers[name]
			if !ok {
				continue
			}
			if known++; s.size >= 0 && len(v) != s.size {
				return errors.Errorf("solver state of %s: %s has %d values, want %d", p.Name, name, len(v), s.size)
			}
			s.size = len(v)
			s.bufs[b] = append([]float32{}, v...)
		}
		if known != len(p.Buffers) {
			return errors.Errorf("solver state of %s: found %d buffers of which %d are called one of %q: it is that of another solver",
				p.Name, len(p.Buffers), known, names)
		}
		fresh.add(s)
	}
	*m = fresh
	return nil
}

// nameOf returns the name of parameter i of a step.
func nameOf(i int, p G.ValueGrad) string {
	if n, ok := p.(G.Namer); ok && n.Name() != "" {
		return n.Name()
	}
	return "#" + strconv.Itoa(i)
}

// float32s returns the memory of a value.
func float32s(v G.Value) ([]float32, error) {
	switch v := v.(type) {
	case nil:
		return nil, errors.New("it has no value")
	case *G.F32:
		return unsafe.Slice((*float32)(v), 1), nil
	case *tensor.Dense:
		if v.Dtype() != tensor.Float32 {
			return nil, errors.Errorf("values of %v, want float32", v.Dtype())
		}
		if v.RequiresIterator() {
			return nil, errors.Errorf("shape %v with strides %v, want a whole tensor, not a view", v.Shape(), v.Strides())
		}
		return v.Float32s(), nil
	}
	return nil, errors.Errorf("a value of type %T, want a float32 tensor", v)
}

// atLeast0 reports the first option that is negative or NaN.
func atLeast0(options ...option) error {
	for _, o := range options {
		if !(o.value >= 0) || math.IsInf(o.value, 1) {
			return errors.Errorf("%s %g, want at least 0", o.name, o.value)
		}
	}
	return nil
}

// below1 reports the first option that is not in [0, 1).
func below1(options ...option) error {
	for _, o := range options {
		if !(o.value >= 0 && o.value < 1) {
			return errors.Errorf("%s %g, want at least 0 and less than 1", o.name, o.value)
		}
	}
	return nil
}

type option struct {
	name  string
	value float64
}
