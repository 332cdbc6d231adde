package zoo_test

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestLanguageParity runs every language model of the fixtures, with the weights
// and states of a formula, and compares what PyTorch computes.
func TestLanguageParity(t *testing.T) {
	names, err := parity.LMNames()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			want, err := parity.LoadLM(name)
			if err != nil {
				t.Fatal(err)
			}
			m := loadLM(t, want.Model, want.Options, len(want.Tokens[0]), want.State)
			m.want = want
			m.infer(t)
			m.train(t)
			m.decode(t)
		})
	}
}

// lm is a language model with PyTorch's weights, and what is wanted of it.
type lm struct {
	model  *zoo.Model
	params *graph.Params
	want   *parity.LM
}

func loadLM(t *testing.T, name string, o parity.LMOptions, steps int, state []parity.Param) *lm {
	t.Helper()
	m, err := zoo.New(name, zoo.WithVocabulary(o.Vocab), zoo.WithContext(steps), func(a zoo.Architecture) error {
		switch a := a.(type) {
		case *zoo.LSTMLM:
			a.Dim, a.Hidden, a.Layers, a.TieWeights = o.Dim, o.Hidden, o.Layers, o.Tied
		case *zoo.TransformerLM:
			if o.Positions == "learned" || o.Context > steps {
				a.Sizes.Context = o.Context
			}
			a.Width, a.Heads, a.FeedForward, a.Layers, a.TieWeights = o.Width, o.Heads, o.FF, o.Layers, o.Tied
			a.Positions, a.NormFirst, a.Causal, a.Activation = o.Positions, o.PreNorm, o.Causal, blocks.Activation(o.Activation)
			a.Dropout = 0
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &lm{model: m, params: graph.NewParams(1)}
	if _, err := m.Graph(l.params, graph.Eval, 1, graph.WithoutInit()); err != nil {
		t.Fatal(err)
	}
	i := 0
	for p := range l.params.All() {
		if i == len(state) {
			t.Fatalf("entry %d is %s, PyTorch has no more", i, p.Name)
		}
		if s := state[i]; p.Name != s.Name || !p.Value.Shape().Eq(tensor.Shape(s.Shape)) || p.Buffer != s.Buffer {
			t.Fatalf("entry %d is %s %v, PyTorch has %s %v", i, p.Name, p.Value.Shape(), s.Name, s.Shape)
		}
		state[i].Fill(p.Value.Float32s())
		i++
	}
	if i != len(state) {
		t.Fatalf("%d entries, PyTorch has %d", i, len(state))
	}
	l.params.Changed()
	return l
}

// tokens are those of the fixture, filled up to the context of the model where that
// is longer; there is no label for the rest.
func (l *lm) tokens() (x, y []int) {
	context := l.model.Text().Context
	steps := len(l.want.Tokens[0])
	for i, row := range l.want.Tokens {
		x = append(append(x, row...), make([]int, context-steps)...)
		y = append(y, l.want.Labels[i*steps:(i+1)*steps]...)
		for range context - steps {
			y = append(y, parity.Ignored)
		}
	}
	return x, y
}

// run runs a graph of whole sequences.
func (l *lm) run(t *testing.T, g *graph.Graph) *graph.Program {
	t.Helper()
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	x, y := l.tokens()
	shape := tensor.Shape{len(l.want.Tokens), l.model.Text().Context}
	let := func(name string, v *tensor.Dense) {
		if g.Input(name) == nil {
			return
		}
		if err := p.Let(name, v); err != nil {
			t.Fatal(err)
		}
	}
	let("x", tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x)))
	let("y", tensor.New(tensor.WithShape(shape...), tensor.WithBacking(y)))
	for name, v := range map[string]*parity.Tensor{"h0": l.want.H0, "c0": l.want.C0} {
		if v != nil {
			let(name, tensor.New(tensor.WithShape(v.Shape...), tensor.WithBacking(v.Data())))
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (l *lm) checkOutputs(t *testing.T, mode string, p *graph.Program) {
	t.Helper()
	logits, err := p.Output("logits")
	if err != nil {
		t.Fatal(err)
	}
	check(t, mode, l.want.Logits, l.known(logits.Float32s()), logitsTolerance)
	for name, w := range map[string]*parity.Want{"hn": l.want.Hn, "cn": l.want.Cn} {
		if w == nil {
			continue
		}
		v, err := p.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		check(t, mode, *w, v.Float32s(), logitsTolerance)
	}
}

// known returns the logits of the tokens that the fixture has.
func (l *lm) known(logits []float32) []float32 {
	context, steps, vocab := l.model.Text().Context, len(l.want.Tokens[0]), l.model.Text().Vocabulary
	var v []float32
	for i := range l.want.Tokens {
		v = append(v, logits[i*context*vocab:][:steps*vocab]...)
	}
	return v
}

func (l *lm) infer(t *testing.T) {
	t.Helper()
	g, err := l.model.Graph(l.params, graph.Infer, len(l.want.Tokens))
	if err != nil {
		t.Fatal(err)
	}
	if l.open() {
		return
	}
	l.checkOutputs(t, "infer", l.run(t, g))
}

// open reports whether a token sees those after it and there are more in the context
// than in the fixture.
func (l *lm) open() bool {
	return !l.causal() && l.model.Text().Context > len(l.want.Tokens[0])
}

func (l *lm) causal() bool {
	a, ok := l.model.Config().(*zoo.TransformerLM)
	return !ok || a.Causal
}

// train compares loss and gradients.
func (l *lm) train(t *testing.T) {
	t.Helper()
	if l.open() {
		t.Skip("the context is longer than the fixture")
	}
	g, err := l.model.LossGraph(l.params, graph.Train, len(l.want.Tokens), zoo.Loss{})
	if err != nil {
		t.Fatal(err)
	}
	p := l.run(t, g)
	l.checkOutputs(t, "train", p)
	check(t, "train", scalar("loss", l.want.Loss), []float32{p.Loss()}, lossTolerance)
	for i, n := range g.Trainable() {
		at := slices.IndexFunc(l.want.Grads, func(w parity.Want) bool { return w.Name == n.Name() })
		if at < 0 {
			t.Fatalf("PyTorch has no gradient of %s", n.Name())
		}
		v, err := p.Grads()[i].Grad()
		if err != nil {
			t.Fatal(err)
		}
		check(t, "gradient", l.want.Grads[at], v.Data().([]float32), gradsTolerance)
	}
}

// decode reads the texts token by token and wants the logits of the whole sequence.
func (l *lm) decode(t *testing.T) {
	t.Helper()
	d, err := l.model.NewDecoder(l.params)
	if !l.causal() {
		if err == nil {
			t.Error("a model that is not causal can be decoded")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	g, err := l.model.Graph(l.params, graph.Infer, len(l.want.Tokens))
	if err != nil {
		t.Fatal(err)
	}
	l.want.H0, l.want.C0 = nil, nil // a decoder begins with nothing
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	x, _ := l.tokens()
	n, context, vocab := len(l.want.Tokens), l.model.Text().Context, l.model.Text().Vocabulary
	if err := p.Let("x", tensor.New(tensor.WithShape(n, context), tensor.WithBacking(x))); err != nil {
		t.Fatal(err)
	}
	for _, s := range l.model.State() {
		if err := p.Let(s.Input, tensor.New(tensor.WithShape(g.Input(s.Input).Shape()...), tensor.Of(tensor.Float32))); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	want, err := p.Output("logits")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range l.want.Tokens {
		d.Reset()
		for step, token := range row {
			got, err := d.Next(token)
			if err != nil {
				t.Fatal(err)
			}
			for k, w := range want.Float32s()[(i*context+step)*vocab:][:vocab] {
				if math.Abs(float64(got[k]-w)) > 1e-4*max(1, math.Abs(float64(w))) {
					t.Fatalf("row %d, token %d: logit %d is %v, want %v", i, step, k, got[k], w)
				}
			}
		}
	}
}

// TestSizes compares sizes of what is no classifier with those of PyTorch's modules.
func TestSizes(t *testing.T) {
	sizes, err := parity.Sizes()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sizes {
		m, err := zoo.New(s.Model)
		if err != nil {
			t.Error(err)
			continue
		}
		g, p := describe(t, m)
		if macs := g.MACs() / int64(m.Items(1)); p.Count() != s.Params || macs != s.MACs {
			t.Errorf("%s has %d parameters and %d multiply-adds, PyTorch's %d and %d", s.Model, p.Count(), macs, s.Params, s.MACs)
		}
	}
}
