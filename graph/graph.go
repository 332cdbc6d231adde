// Package graph builds models as Gorgonia graphs and runs them.
//
// A model is a function that emits nodes into a [Scope]. [Build] calls it once
// for each graph that is wanted, for training, evaluation or inference, all of
// them over one [Params], the model's state. The resulting [Graph] is an
// ordinary *gorgonia.ExprGraph with its inputs, outputs and parameters by name,
// to be run by a stock gorgonia.NewTapeMachine or, more comfortably, as a
// [Program].
package graph

import (
	"sync"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Graph is a finished graph with what is needed to use it.
type Graph struct {
	expr        *G.ExprGraph
	mode        Mode
	params      *Params
	inputGrad   bool
	skipInit    bool
	skipValues  bool
	frozen      func(param string) bool // or nil
	frozenNorms func(name string) bool  // or nil
	fixedStats  bool
	taps        []string
	inputs      G.Nodes
	paramNodes  G.Nodes
	trainable   G.Nodes
	outputs     map[string]*G.Node
	loss        *G.Node
	layers      []Layer
	where       map[*G.Node]string
	values      map[string]*G.Node // of scopes, by path
	tappable    []string           // their paths, in the order in which they began
}

// Layer is one line of a model's description.
type Layer struct {
	Name   string       // the scope's, "layer1.0.conv1"
	Kind   string       // "Conv2d", "BatchNorm2d"
	Detail string       // "3x3, stride 2, padding 1"
	In     tensor.Shape // of the first input
	Out    tensor.Shape
	Params int   // trained scalars
	MACs   int64 // multiply-adds for the whole batch
}

// Option changes how Build makes a graph.
type Option func(*Graph)

// WithInputGrad makes the inputs of the graph differentiable: by default the
// first layer leaves the gradient of its input, the data, out.
func WithInputGrad() Option { return func(g *Graph) { g.inputGrad = true } }

// WithoutInit leaves new parameters zero, which costs neither time nor memory:
// for a graph that is only looked at, and for parameters that are about to be
// loaded.
func WithoutInit() Option { return func(g *Graph) { g.skipInit = true } }

// WithoutValues leaves new parameters without values, in memory that does not even
// have addresses: for parameters that are about to be loaded. What needs them
// before has an error. As for deferred ones, whoever writes values goes through
// Params.Set or Params.Overwrite.
func WithoutValues() Option { return func(g *Graph) { g.skipValues = true } }

// WithFrozen leaves the parameters whose names frozen holds true for as they are:
// they are not among the trained ones of the graph, and a Program spends nothing
// on their gradients.
func WithFrozen(frozen func(param string) bool) Option { return func(g *Graph) { g.frozen = frozen } }

// WithFrozenNorms has those norms of a training graph that have a parameter or
// running statistics for whose name frozen holds true normalise with these
// statistics, as in evaluation, and leave them as they are.
func WithFrozenNorms(frozen func(name string) bool) Option {
	return func(g *Graph) { g.frozenNorms = frozen }
}

// WithFixedStatistics has the norms of a training graph leave the running
// statistics as they are; they normalise with those of the batch all the same.
func WithFixedStatistics() Option { return func(g *Graph) { g.fixedStats = true } }

// building serialises the making of graphs, which in Gorgonia is not safe for
// concurrent use, not even of different graphs.
var building sync.Mutex

// Build makes a graph: emit is called with the scope of the whole model. The
// parameters that emit asks for are taken from p or, the first time, added to
// it. Build may be called from several goroutines, with different Params.
//
// An error of emit's operations, or a panic in it, is returned as an error.
func Build(p *Params, mode Mode, emit func(*Scope), opts ...Option) (g *Graph, err error) {
	building.Lock()
	defer building.Unlock()
	defer recovered(&err, "building the graph")

	b := &builder{
		Graph: Graph{
			expr:    G.NewGraph(),
			mode:    mode,
			params:  p,
			outputs: make(map[string]*G.Node),
			where:   make(map[*G.Node]string),
			values:  make(map[string]*G.Node),
		},
	}
	for _, o := range opts {
		o(&b.Graph)
	}
	emit(&Scope{b: b})
	if b.err == nil && len(b.taps) > 0 {
		b.tap()
	}
	if b.err != nil {
		return nil, b.err
	}
	if err := checkDistinct(b.expr); err != nil {
		return nil, err
	}
	g = new(Graph)
	*g = b.Graph
	return g, nil
}

// recovered turns a panic into an error.
func recovered(err *error, doing string) {
	if r := recover(); r != nil {
		*err = errors.Errorf("%s: %v", doing, r)
	}
}

// Expr returns the graph itself.
func (g *Graph) Expr() *G.ExprGraph { return g.expr }

// Mode returns what the graph was built for.
func (g *Graph) Mode() Mode { return g.mode }

// Params returns the state that the graph reads.
func (g *Graph) Params() *Params { return g.params }

// Input returns the input of that name, or nil.
func (g *Graph) Input(name string) *G.Node { return named(g.inputs, name) }

// Param returns the node of the parameter or buffer of that name, or nil.
func (g *Graph) Param(name string) *G.Node { return named(g.paramNodes, name) }

// Output returns the output of that name, or nil.
func (g *Graph) Output(name string) *G.Node { return g.outputs[name] }

// Loss returns the scalar that training minimises, or nil.
func (g *Graph) Loss() *G.Node { return g.loss }

// Trainable returns the nodes of the trained parameters, in the order of Params.
func (g *Graph) Trainable() G.Nodes { return g.trainable }

// Layers describes the model layer by layer, in the order of the forward pass.
func (g *Graph) Layers() []Layer { return g.layers }

// MACs returns the number of multiply-adds of one run, convolutions and linear
// layers counted, as torchvision's tables do (there divided by 10⁹ and called
// GFLOPS).
func (g *Graph) MACs() int64 {
	var n int64
	for _, l := range g.layers {
		n += l.MACs
	}
	return n
}

func named(nodes G.Nodes, name string) *G.Node {
	for _, n := range nodes {
		if n.Name() == name {
			return n
		}
	}
	return nil
}

func (g *Graph) taken(name string) bool {
	return named(g.inputs, name) != nil || named(g.paramNodes, name) != nil
}
