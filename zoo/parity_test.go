package zoo_test

import (
	"runtime"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Tolerances against PyTorch, in the terms of parity.Want: relative to the
// element or, where that is smaller, to the root mean square of its tensor.
const (
	logitsTolerance  = 1e-4
	gradsTolerance   = 1e-3
	lossTolerance    = 1e-3
	runningTolerance = 1e-4
)

// TestParity runs every network of the fixtures in every mode, with the weights
// and the input of a formula, and compares what PyTorch computes.
func TestParity(t *testing.T) {
	names, err := parity.NetNames()
	if err != nil {
		t.Fatal(err)
	}
	fixtures := make(map[string]bool)
	for _, name := range names {
		fixtures[name] = true
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "resnet18" && name != "resnet50" && name != "resnet20" {
				t.Skip("one network of a kind is enough for -short")
			}
			defer runtime.GC() // the largest network has a gigabyte of weights and gradients
			want, err := parity.LoadNet(name)
			if err != nil {
				t.Fatal(err)
			}
			n := load(t, want)
			n.infer(t)
			n.eval(t)
			n.train(t)
		})
	}
	registered, err := zoo.Names("*resne*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range registered {
		if !fixtures[name] && name != "resnet14_tiny" { // the last is ExampleRegister's
			t.Errorf("%s has no fixture", name)
		}
	}
}

// net is a network with PyTorch's weights, and what is wanted of it.
type net struct {
	want   *parity.Net
	model  *zoo.Model
	params *graph.Params
}

// load builds the model of a fixture and gives it the formula's weights.
func load(t *testing.T, want *parity.Net) *net {
	t.Helper()
	shape := want.Input.Shape
	m, err := model(want.Model, want.Options, shape[1], shape[2], shape[3])
	if err != nil {
		t.Fatal(err)
	}
	n := &net{want, m, graph.NewParams(1)}
	if _, err := m.Graph(n.params, graph.Eval, 1, graph.WithoutInit()); err != nil {
		t.Fatal(err)
	}
	n.fill(t)
	return n
}

// model is the registered model with the options of a fixture laid over it.
func model(name string, o parity.NetOptions, channels, height, width int) (*zoo.Model, error) {
	opts := []zoo.Option{zoo.WithInput(channels, height, width)}
	if o.NumClasses > 0 {
		opts = append(opts, zoo.WithClasses(o.NumClasses))
	}
	if name == "convnet" {
		return zoo.New(name, opts...)
	}
	if o.Block != "" {
		name = "resnet18" // any; its block and counts are replaced
	}
	return zoo.New(name, append(opts, zoo.WithResNet(func(r *zoo.ResNet) {
		if o.Block != "" {
			r.Block, r.Blocks = o.Block, o.Layers
		}
		if o.Groups > 0 {
			r.Groups, r.GroupWidth = o.Groups, o.WidthPerGroup
		}
		if o.NormEps > 0 {
			r.Eps, r.Momentum = o.NormEps, o.NormMomentum
		}
		if o.Stem == "cifar" {
			r.Stem = zoo.CIFARStem
		}
		r.StrideToDilation = o.ReplaceStrideWithDilation
	}))...)
}

// fill computes the state and wants the names, shapes, kinds and order to be
// PyTorch's.
func (n *net) fill(t *testing.T) {
	t.Helper()
	i := 0
	for p := range n.params.All() {
		if i == len(n.want.State) {
			t.Fatalf("entry %d is %s, PyTorch has no more", i, p.Name)
		}
		s := n.want.State[i]
		if p.Name != s.Name || !p.Value.Shape().Eq(tensor.Shape(s.Shape)) || p.Buffer != s.Buffer {
			t.Fatalf("entry %d is %s %v, buffer %v; PyTorch has %s %v, buffer %v",
				i, p.Name, p.Value.Shape(), p.Buffer, s.Name, s.Shape, s.Buffer)
		}
		s.Fill(p.Value.Float32s())
		i++
	}
	if i != len(n.want.State) {
		t.Fatalf("%d entries, PyTorch has %d", i, len(n.want.State))
	}
	n.params.Changed()
}

// infer compares the logits of the fused graph.
func (n *net) infer(t *testing.T) {
	g, err := n.model.Graph(n.params, graph.Infer, len(n.want.Labels))
	if err != nil {
		t.Fatal(err)
	}
	p := n.run(t, g)
	defer p.Close()
	n.checkLogits(t, p, "infer")
}

// eval compares the logits, and the loss and its gradients where the fixture
// has them.
func (n *net) eval(t *testing.T) {
	if n.want.EvalGrads == nil {
		g, err := n.model.Graph(n.params, graph.Eval, len(n.want.Labels))
		if err != nil {
			t.Fatal(err)
		}
		p := n.run(t, g)
		defer p.Close()
		n.checkLogits(t, p, "eval")
		return
	}
	p := n.runLoss(t, graph.Eval)
	defer p.Close()
	n.checkLogits(t, p, "eval")
	check(t, "eval loss", scalar("loss", n.want.EvalLoss), []float32{p.Loss()}, lossTolerance)
	n.checkGrads(t, p, n.want.EvalGrads)
}

// train compares one step; it moves the running statistics.
func (n *net) train(t *testing.T) {
	p := n.runLoss(t, graph.Train)
	defer p.Close()
	check(t, "train loss", scalar("loss", n.want.Loss), []float32{p.Loss()}, lossTolerance)
	n.checkGrads(t, p, n.want.Grads)
	for _, w := range n.want.Running {
		e, ok := n.params.Get(w.Name)
		if !ok {
			t.Errorf("no buffer %s", w.Name)
			continue
		}
		check(t, "running statistics", w, e.Value.Float32s(), runningTolerance)
	}
}

func (n *net) runLoss(t *testing.T, mode graph.Mode) *graph.Program {
	t.Helper()
	g, err := n.model.LossGraph(n.params, mode, len(n.want.Labels), zoo.Loss{})
	if err != nil {
		t.Fatal(err)
	}
	return n.run(t, g)
}

// run runs g once on the fixture's input.
func (n *net) run(t *testing.T, g *graph.Graph) *graph.Program {
	t.Helper()
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.WithShape(n.want.Input.Shape...), tensor.WithBacking(n.want.Input.Data()))
	if err := p.Let("x", x); err != nil {
		t.Fatal(err)
	}
	if g.Input("y") != nil {
		y := tensor.New(tensor.WithShape(len(n.want.Labels)), tensor.WithBacking(n.want.Labels))
		if err := p.Let("y", y); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (n *net) checkLogits(t *testing.T, p *graph.Program, mode string) {
	t.Helper()
	logits, err := p.Output("logits")
	if err != nil {
		t.Fatal(err)
	}
	check(t, mode+" logits", n.want.Logits, logits.Float32s(), logitsTolerance)
}

// checkGrads wants a gradient for every parameter, in PyTorch's order.
func (n *net) checkGrads(t *testing.T, p *graph.Program, want []parity.Want) {
	t.Helper()
	grads := p.Grads()
	if len(grads) != len(want) {
		t.Fatalf("%d gradients, PyTorch has %d", len(grads), len(want))
	}
	for i, w := range want {
		if name := p.Graph().Trainable()[i].Name(); name != w.Name {
			t.Fatalf("gradient %d is of %s, PyTorch's is of %s", i, name, w.Name)
		}
		g, err := grads[i].Grad()
		if err != nil {
			t.Fatal(err)
		}
		check(t, "gradient", w, g.Data().([]float32), gradsTolerance)
	}
}

func check(t *testing.T, what string, w parity.Want, got []float32, tolerance float64) {
	t.Helper()
	if err := w.Check(got, tolerance); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// scalar is the expectation of one number.
func scalar(name string, v parity.Number) parity.Want {
	return parity.Want{Name: name, Norm: v, Values: []parity.Number{v}}
}

// TestCounts compares sizes with those of PyTorch's modules, to the last one.
func TestCounts(t *testing.T) {
	counts, err := parity.Counts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		m, err := zoo.New(c.Model)
		if err != nil {
			t.Error(err)
			continue
		}
		g, p := describe(t, m)
		if p.Count() != c.Params || g.MACs() != c.MACs {
			t.Errorf("%s has %d parameters and %d multiply-adds, PyTorch's %d and %d", c.Model, p.Count(), g.MACs(), c.Params, c.MACs)
		}
		channels, height, width := m.Input()
		if in := [3]int{channels, height, width}; in != c.Input {
			t.Errorf("%s takes %v, PyTorch's numbers are for %v", c.Model, in, c.Input)
		}
	}
}
