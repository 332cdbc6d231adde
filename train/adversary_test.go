package train

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestGANSteps trains generators and discriminators in turn as PyTorch's example
// does, from the same weights on the same images and noise, and compares images,
// opinions, gradients, statistics, losses and weights.
func TestGANSteps(t *testing.T) {
	names, err := parity.GANNames()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			want, err := parity.LoadGAN(name)
			if err != nil {
				t.Fatal(err)
			}
			a := newGANTest(t, want)
			defer a.close()
			a.eval(t)
			for i, batch := range want.Batches {
				a.step(t, i, batch)
			}
		})
	}
}

// Tolerances against PyTorch, in the terms of parity.Want.
const (
	ganImages = 1e-4
	ganLoss   = 1e-3
	ganGrads  = 1e-3
	ganStats  = 1e-4
)

// ganTest is an adversary with PyTorch's weights, and what is wanted of it.
type ganTest struct {
	*adversary
	want *parity.GAN
}

func newGANTest(t *testing.T, want *parity.GAN) *ganTest {
	t.Helper()
	m, err := zoo.New(want.Model)
	if err != nil {
		t.Fatal(err)
	}
	o := DefaultOptimizer("adam")
	o.LR, o.Betas = want.Optimizer.LR, [2]float64(want.Optimizer.Betas)
	if e := want.Optimizer.Eps; e > 0 {
		o.Eps = e
	}
	r := &Run{model: m, params: graph.NewParams(1), config: Config{BatchSize: want.Batches[0].Real.Shape[0], Optimizer: o}}
	a := &ganTest{&adversary{Run: r}, want}
	if _, err := m.Graph(r.params, graph.Eval, 1, graph.WithoutInit()); err != nil {
		t.Fatal(err)
	}
	i := 0
	for p := range r.params.All() {
		if s := want.State[i]; p.Name != s.Name || !p.Value.Shape().Eq(tensor.Shape(s.Shape)) || p.Buffer != s.Buffer {
			t.Fatalf("entry %d is %s %v, PyTorch has %s %v", i, p.Name, p.Value.Shape(), s.Name, s.Shape)
		}
		want.State[i].Fill(p.Value.Float32s())
		i++
	}
	if i != len(want.State) {
		t.Fatalf("%d entries, PyTorch has %d", i, len(want.State))
	}
	r.params.Changed()
	if a.duel, err = NewDuel(m, r.params, &r.config); err != nil {
		t.Fatal(err)
	}
	return a
}

// eval compares the inference graphs.
func (a *ganTest) eval(t *testing.T) {
	t.Helper()
	batch, want := a.want.Batches[0], a.want.Eval
	g, err := a.model.Graph(a.params, graph.Infer, a.config.BatchSize)
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	z := tensor.New(tensor.WithShape(a.config.BatchSize, a.model.InputShape()[0]), tensor.WithBacking(batch.Z.Data()))
	if err := p.Let("z", z); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]parity.Want{"images": want.Samples, "logits": want.FakeLogits} {
		got, err := p.Output(name)
		if err != nil {
			t.Fatal(err)
		}
		checkWant(t, "inference: "+name, w, got.Float32s(), ganImages)
	}
}

// step makes one alternating step; the first is looked at closely.
func (a *ganTest) step(t *testing.T, i int, batch parity.GANBatch) {
	t.Helper()
	batch.Z.Fill(a.duel.z)
	real := tensor.New(tensor.WithShape(batch.Real.Shape...), tensor.WithBacking(batch.Real.Data()))
	var score Score
	fine := func(what string, v float64) error { return nil }
	if err := a.duel.judge(real, &score, fine); err != nil {
		t.Fatal(err)
	}
	if i == 0 {
		a.checkOutput(t, "images", a.duel.images, "images", a.want.Outputs.Samples)
		a.checkOutput(t, "logits of generated images", a.duel.discriminator, "logits", a.want.Outputs.FakeLogits)
		a.checkGrads(t, a.duel.discriminator)
	}
	if err := a.duel.deceive(&score, fine); err != nil {
		t.Fatal(err)
	}
	if i == 0 {
		a.checkGrads(t, a.duel.generator)
		a.checkState(t)
	}
	n, want := float64(a.config.BatchSize), a.want.Steps[i]
	logits, err := a.duel.generator.Output("logits")
	if err != nil {
		t.Fatal(err)
	}
	after := 0.0
	for _, v := range logits.Float32s() {
		after += 1 / (1 + math.Exp(-float64(v))) / n
	}
	for what, v := range map[string][2]float64{
		"discriminator's loss":      {score.DiscriminatorLoss, float64(want.LossD)},
		"generator's loss":          {score.GeneratorLoss, float64(want.LossG)},
		"D(x)":                      {score.Real, float64(want.DX)},
		"D(G(z)) before the update": {score.Fake, float64(want.DGZ1)},
		"D(G(z)) after the update":  {after, float64(want.DGZ2)},
	} {
		if off := math.Abs(v[0]/v[1] - 1); !(off <= ganLoss) {
			t.Errorf("step %d: %s is %.7g, PyTorch has %.7g (off by %.2g)", i+1, what, v[0], v[1], off)
		}
	}
}

func (a *ganTest) checkOutput(t *testing.T, what string, p *graph.Program, name string, w parity.Want) {
	t.Helper()
	got, err := p.Output(name)
	if err != nil {
		t.Fatal(err)
	}
	checkWant(t, what, w, got.Float32s(), ganImages)
}

func (a *ganTest) checkGrads(t *testing.T, p *graph.Program) {
	t.Helper()
	for i, n := range p.Graph().Trainable() {
		at := slices.IndexFunc(a.want.Grads, func(w parity.Want) bool { return w.Name == n.Name() })
		if at < 0 {
			t.Fatalf("PyTorch has no gradient of %s", n.Name())
		}
		g, err := gradOf(i, p.Grads()[i])
		if err != nil {
			t.Fatal(err)
		}
		checkWant(t, "gradient", a.want.Grads[at], g, ganGrads)
	}
}

// checkState compares running statistics and the norms of the weights.
func (a *ganTest) checkState(t *testing.T) {
	t.Helper()
	for what, list := range map[string][]parity.Want{"statistics": a.want.Running, "weights": a.want.After} {
		for _, w := range list {
			p, ok := a.params.Get(w.Name)
			if !ok {
				t.Fatalf("no parameter %s", w.Name)
			}
			checkWant(t, what+" after a step", w, p.Value.Float32s(), ganStats)
		}
	}
}

func checkWant(t *testing.T, what string, w parity.Want, got []float32, tolerance float64) {
	t.Helper()
	if err := w.Check(got, tolerance); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
