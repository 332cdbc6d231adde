package graph

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Program is a Graph compiled for Gorgonia's TapeMachine. If the graph has a
// loss and was not built for inference, a run also computes the gradient of
// every trained parameter.
//
// A Program is not safe for concurrent use, and neither is running two programs
// of one Graph. Programs of different graphs may run side by side as long as
// none of them writes the Params that they share: training steps do, and so
// does the forward pass of a training graph (running statistics).
//
// Results that are not needed at the same time share memory: after a run the
// outputs, the loss and the gradients of parameters and inputs can be read, the
// values of other nodes are lost. A node in the middle of a network is kept if
// Scope.Output has given it a name.
type Program struct {
	graph   *Graph
	expr    *G.ExprGraph // what of the graph is run
	machine G.VM
	memory  *memory
	placed  bool // the memory is there
	grads   []G.ValueGrad
	reading *reading
	ran     bool
}

// NewProgram compiles g. With a loss, g is extended by the nodes of its
// gradient; make one Program of a Graph only, since a second differentiation of
// one graph is wrong in Gorgonia.
func NewProgram(g *Graph) (p *Program, err error) {
	building.Lock()
	defer building.Unlock()
	defer recovered(&err, "compiling the graph")

	p = &Program{graph: g}
	if g.loss != nil && g.mode != Infer && len(g.trainable) > 0 {
		if err := p.differentiate(); err != nil {
			return nil, err
		}
	}
	p.expr = g.live()
	if p.memory, err = newMemory(g, p.expr); err != nil {
		return nil, err
	}
	p.reading = newReading(g, p.expr)
	p.memory.Weights = p.reading.bytes()
	p.machine = G.NewTapeMachine(p.expr, G.WithEngine(p.memory.tape.Engine()))
	p.disown()
	return p, nil
}

// disown gives the inputs and parameters, whose tensors others have too, the
// stock engine back that the machine has replaced.
func (p *Program) disown() {
	for _, n := range append(slices.Clone(p.graph.inputs), p.graph.paramNodes...) {
		if v, ok := n.Value().(tensor.Tensor); ok {
			tensor.WithEngine(G.StandardEngine{})(v)
		}
	}
}

func (p *Program) differentiate() error {
	g := p.graph
	if _, err := G.Grad(g.loss, g.trainable...); err != nil {
		return errors.Wrap(err, "differentiating the loss")
	}
	if err := checkDistinct(g.expr); err != nil {
		return err
	}
	if err := checkSums(g.loss, g.trainable); err != nil {
		return err
	}
	p.grads = G.NodesToValueGrads(g.trainable)
	return nil
}

// live is what a program has to run: all of the graph, or where parameters are
// frozen what is not their gradient alone, which Gorgonia has made as well, and
// where there are taps what they need.
func (g *Graph) live() *G.ExprGraph {
	if g.frozen == nil && len(g.taps) == 0 {
		return g.expr
	}
	var roots G.Nodes
	for _, nodes := range []map[*G.Node]bool{g.kept(), g.gradients()} {
		for n := range nodes {
			roots = append(roots, n)
		}
	}
	slices.SortFunc(roots, func(a, b *G.Node) int { return cmp.Compare(a.ID(), b.ID()) })
	return g.expr.ExactSubgraphRoots(roots...)
}

// Graph returns the graph that p runs.
func (p *Program) Graph() *Graph { return p.graph }

// Let gives an input its value for the runs to come. The tensor is not copied:
// it is read when the program runs.
func (p *Program) Let(input string, v tensor.Tensor) error {
	n := p.graph.Input(input)
	if n == nil {
		return errors.Errorf("the graph has no input %q, it has %s", input, p.names(p.graph.inputs))
	}
	if v == nil {
		return errors.Errorf("input %q: no tensor", input)
	}
	if !v.Shape().Eq(n.Shape()) || v.Dtype() != n.Dtype() {
		return errors.Errorf("input %q: got %v %v, want %v %v", input, v.Dtype(), v.Shape(), n.Dtype(), n.Shape())
	}
	return errors.Wrapf(G.Let(n, v), "input %q", input)
}

func (p *Program) names(nodes G.Nodes) string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name())
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// Run computes the outputs, the loss and the gradients from the inputs.
func (p *Program) Run() (err error) {
	defer recovered(&err, "running the graph")
	for _, n := range p.graph.inputs {
		if n.Value() == nil {
			return errors.Errorf("input %q has no value", n.Name())
		}
	}
	p.ran = false
	if err := p.reading.read(p.graph); err != nil {
		return err
	}
	// Reset first: what a run leaves in the machine stays readable after it, and
	// a run that failed half-way leaves it in the middle of the tape.
	p.machine.Reset()
	if !p.placed {
		p.memory.allocate()
		p.placed = true
	}
	p.memory.tape.Begin()
	err = p.machine.RunAll()
	unfinished := p.memory.tape.End()
	if err != nil {
		return p.graph.account(err)
	}
	p.ran = unfinished == nil
	return unfinished
}

// Memory returns what the program needs for its values. The memory is taken at
// the first run.
func (p *Program) Memory() Memory {
	m := p.memory.Memory
	for _, n := range p.graph.paramNodes {
		if e, ok := p.graph.params.Get(n.Name()); ok && e.InMemory() {
			m.Params += bytes(n.Shape().TotalSize())
		}
	}
	return m
}

// Release gives up the values of the parameters that the program keeps in a form
// of its own, the weights of the convolutions of a graph for inference: most of a
// network, which is then in memory only once. The program runs as before. What
// else needs the values has an error afterwards: other programs that have not run
// yet, graphs for training, saving, and the program itself once the parameters
// have changed. Loading all of them ends that.
//
// Parameters that are deferred to a file need no Release.
func (p *Program) Release() error {
	if err := p.reading.read(p.graph); err != nil {
		return err
	}
	p.reading.release()
	return nil
}

// Step runs and then lets the solver move the parameters by the gradients.
func (p *Program) Step(solver G.Solver) error {
	if p.grads == nil {
		return errors.Errorf("a graph for %v without a loss cannot be trained", p.graph.mode)
	}
	if err := p.Run(); err != nil {
		return err
	}
	return p.Update(solver)
}

// Update lets the solver move the parameters by the gradients of the last run.
func (p *Program) Update(solver G.Solver) (err error) {
	defer recovered(&err, "updating the parameters")
	if !p.ran || p.grads == nil {
		return errors.New("no gradients: run a training graph first")
	}
	p.graph.params.Changed()
	return solver.Step(p.grads)
}

// Grads returns the trained parameters with their gradients after a run, in the
// order of Params; nil if the graph has no loss. Each is a *gorgonia.Node and so
// has a name. The gradients are overwritten by the next run.
func (p *Program) Grads() []G.ValueGrad { return p.grads }

// Output returns the value of a named output of the last run. It is overwritten
// by the next one: copy what must last.
func (p *Program) Output(name string) (*tensor.Dense, error) {
	n := p.graph.Output(name)
	if n == nil {
		return nil, errors.Errorf("the graph has no output %q", name)
	}
	if !p.ran {
		return nil, errors.Errorf("output %q has no value before a run", name)
	}
	v, ok := n.Value().(*tensor.Dense)
	if !ok {
		return nil, errors.Errorf("output %q is a %T, not a tensor", name, n.Value())
	}
	return v, nil
}

// Loss returns the loss of the last run, NaN if there is none.
func (p *Program) Loss() float32 {
	if p.ran && p.graph.loss != nil {
		if v, ok := p.graph.loss.Value().(*G.F32); ok {
			return float32(*v)
		}
	}
	return float32(math.NaN())
}

// Seek sets the step from which random operations, such as dropout, draw in the
// next run; every run advances it by one.
func (p *Program) Seek(step uint64) { op.Seek(p.graph.expr, step) }

// Close frees the machine. The memory of its results goes with the graph: an
// output or a gradient that is still held does not keep it.
func (p *Program) Close() error {
	p.memory.tape.Release()
	p.placed = false
	return p.machine.Close()
}

// account turns an error of the machine into one line: which part of the model,
// which operation, what was wrong.
func (g *Graph) account(err error) error {
	vm, ok := err.(interface {
		Node() *G.Node
		Err() error
	})
	if !ok {
		return err
	}
	err = vm.Err()
	if e := (*op.RunError)(nil); errors.As(err, &e) {
		err = e
	}
	if path := g.scope(vm.Node()); path != "" {
		err = errors.Wrap(err, path)
	}
	return err
}
