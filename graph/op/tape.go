package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Tape has the results of a graph's operations put where a plan says, so that
// results which are not needed at the same time can share memory. That is right
// only as long as the operations are run in the order of the plan, so a Tape
// counts them: one that comes out of turn ends the run with an error. The plan
// holds from Begin to End; a machine that runs the graph at other times has the
// operations allocate for themselves.
//
// A Tape also takes Gorgonia's sums of gradients over, which are otherwise
// computed by one thread: give its Engine to the machine.
type Tape struct {
	steps   []tapeStep
	of      map[*G.Node]*tapeStep
	next    int // the step whose turn it is
	running bool
	engine  *engine
}

// tapeStep is one operation of this package, or one sum.
type tapeStep struct {
	tape        *Tape
	turn        int
	name        string
	shape       tensor.Shape
	op          *operation // nil for a sum
	left, right *tapeStep  // of a sum
	y           *tensor.Dense
}

// NewTape returns a Tape for the nodes of a graph, in the order in which a
// machine runs them. Its operations have no memory yet; see Place.
func NewTape(order G.Nodes) *Tape {
	t := &Tape{of: make(map[*G.Node]*tapeStep)}
	t.engine = new(engine)
	t.steps = make([]tapeStep, 0, len(order)) // never moves
	for _, n := range order {
		s := tapeStep{tape: t, turn: len(t.steps), name: Name(n)}
		if o, ok := n.Op().(*operation); ok {
			s.op, s.shape = o, o.shape
		} else if s.left, s.right = t.sum(n); s.left == nil {
			continue
		} else {
			s.shape = n.Shape()
		}
		t.steps = append(t.steps, s)
		t.of[n] = &t.steps[s.turn]
	}
	return t
}

// sum returns the operands if n is a sum that the Engine computes: one of
// Gorgonia's, of two tensors that are results of steps. Only those are sure to
// come to the Engine, which the machine gives to every result.
func (t *Tape) sum(n *G.Node) (left, right *tapeStep) {
	if n.Op() == nil || n.Op().Arity() != 2 || n.Op().String() != "+ false" {
		return nil, nil
	}
	var in []*tapeStep
	for c := n.Graph().From(n.ID()); c.Next(); {
		s := t.of[c.Node().(*G.Node)]
		if s == nil || s.shape.IsScalar() || !slices.Equal(s.shape, n.Shape()) {
			return nil, nil
		}
		in = append(in, s)
	}
	if len(in) != 2 {
		return nil, nil
	}
	return in[0], in[1]
}

// Takes reports whether node n is an operation of the tape whose result is a
// tensor, for which there must be a place. The result of other nodes, scalars
// and operations of Gorgonia's, lies elsewhere.
func (t *Tape) Takes(n *G.Node) bool {
	s := t.of[n]
	return s != nil && !s.shape.IsScalar()
}

// Sums reports whether node n is a sum that the tape takes over. It may be
// placed where one of its operands is.
func (t *Tape) Sums(n *G.Node) bool {
	s := t.of[n]
	return s != nil && s.op == nil
}

// Place says where the result of node n goes. The memory must have as many
// values as the result.
func (t *Tape) Place(n *G.Node, memory []float32) {
	s := t.of[n]
	s.y = tensor.New(tensor.WithShape(s.shape...), tensor.WithBacking(memory))
}

// Engine is what a machine must be given for the tape's sums.
func (t *Tape) Engine() tensor.Engine { return t.engine }

// Begin begins a run, for which all places must be given.
func (t *Tape) Begin() {
	// Another Tape may have been made for the same graph since.
	if len(t.steps) > 0 && !t.steps[0].claimed() {
		for i := range t.steps {
			if s := &t.steps[i]; s.op != nil {
				s.op.step = s
			}
		}
	}
	t.next, t.running, t.engine.tape = 0, true, t
}

// claimed reports whether the operation looks to this step for its place. The
// first step of a tape is never a sum.
func (s *tapeStep) claimed() bool { return s.op.step == s }

// End ends a run. If that had no error of its own but was not complete, End
// returns one.
func (t *Tape) End() error {
	t.running = false
	if t.next < len(t.steps) {
		return errors.Errorf("the run ended before %s: the machine does not follow the plan", t.steps[t.next].name)
	}
	return nil
}

// Release gives up the memory: until places are given anew, Begin must not be
// called. A result that somebody still holds does not keep the others, though it
// has the Engine.
func (t *Tape) Release() {
	t.engine.tape = nil
	for i := range t.steps {
		t.steps[i].y = nil
	}
}

// place returns the tensor for the result of the step whose turn it is.
func (s *tapeStep) place() (*tensor.Dense, error) {
	t := s.tape
	if t.next != s.turn {
		return nil, errors.New("run out of turn: the machine does not follow the plan")
	}
	t.next++
	return s.y, nil
}

// result returns the tensor for the result of o.
func (o *operation) result() (*tensor.Dense, error) {
	if s := o.step; s != nil && s.tape.running {
		if y, err := s.place(); y != nil || err != nil {
			return y, err
		}
	}
	if o.y == nil {
		o.allocate()
	}
	return o.y, nil
}

// engine is Gorgonia's own but for the sums of a tape.
type engine struct {
	G.StandardEngine
	tape *Tape // nil before the first run and after Release
}

// Add is a + b. Gorgonia asks for it with options that say where the result may
// be, and takes what it gets.
func (e *engine) Add(a, b tensor.Tensor, o ...tensor.FuncOpt) (tensor.Tensor, error) {
	if e.tape != nil {
		if y := e.tape.add(a, b); y != nil {
			return y, nil
		}
	}
	return e.StandardEngine.Add(a, b, o...)
}

// add computes a sum if it is that of the step whose turn it is.
func (t *Tape) add(a, b tensor.Tensor) tensor.Tensor {
	if !t.running || t.next == len(t.steps) {
		return nil
	}
	s := &t.steps[t.next]
	if s.op != nil || a != tensor.Tensor(s.left.y) || b != tensor.Tensor(s.right.y) {
		return nil
	}
	t.next++
	kernel.Add(s.y.Float32s(), s.left.y.Float32s(), s.right.y.Float32s())
	return s.y
}
