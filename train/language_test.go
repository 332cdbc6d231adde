package train

import (
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestTenStepsOfLanguageModels trains as PyTorch does, from the same weights on the
// same windows of text, with clipped gradients and a state that is carried over, and
// compares losses, norms of gradients, weights and states.
func TestTenStepsOfLanguageModels(t *testing.T) {
	const tolerance = 1e-3
	names, err := parity.LMRunNames()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			run, err := parity.LoadLMRun(name)
			if err != nil {
				t.Fatal(err)
			}
			m, params := languageModel(t, run)
			g, err := m.LossGraph(params, graph.Train, len(run.Batches[0].Tokens), zoo.Loss{})
			if err != nil {
				t.Fatal(err)
			}
			feed, err := newSequences(g, m.State())
			if err != nil {
				t.Fatal(err)
			}
			defer feed.program.Close()
			solver := languageSolver(t, run.Optimizer)
			near := func(what string, step int, got float64, want parity.Number) {
				if off := math.Abs(got/float64(want) - 1); !(off <= tolerance) {
					t.Errorf("%s of step %d is %.7g, PyTorch has %.7g (off by %.2g)", what, step+1, got, want, off)
				}
			}
			for i, b := range run.Batches {
				for row, tokens := range b.Tokens {
					copy(feed.x[row*len(tokens):], tokens)
				}
				copy(feed.y, b.Labels)
				loss, _, err := feed.run()
				if err != nil {
					t.Fatal(err)
				}
				near("loss", i, loss, run.Losses[i])
				largest := math.Inf(1)
				if run.Optimizer.MaxNorm > 0 {
					largest = run.Optimizer.MaxNorm
				}
				norm, err := ClipGradNorm(feed.program.Grads(), largest)
				if err != nil {
					t.Fatal(err)
				}
				near("norm of the gradient", i, norm, run.Norms[i])
				if err := feed.program.Update(solver); err != nil {
					t.Fatal(err)
				}
				if err := feed.carry(); err != nil {
					t.Fatal(err)
				}
			}
			for _, w := range run.After {
				p, ok := params.Get(w.Name)
				if !ok {
					t.Fatalf("no parameter %s", w.Name)
				}
				checkWant(t, "after ten steps", w, p.Value.Float32s(), tolerance)
			}
			for i, w := range []*parity.Want{run.Hn, run.Cn} {
				if w != nil {
					checkWant(t, "state after ten steps", *w, feed.states[i].value.Float32s(), tolerance)
				}
			}
		})
	}
}

// languageModel is the model of a run with its weights.
func languageModel(t *testing.T, run *parity.LMRun) (*zoo.Model, *graph.Params) {
	t.Helper()
	o := run.Options
	m, err := zoo.New(run.Model, zoo.WithVocabulary(o.Vocab), zoo.WithContext(len(run.Batches[0].Tokens[0])), func(a zoo.Architecture) error {
		switch a := a.(type) {
		case *zoo.LSTMLM:
			a.Dim, a.Hidden, a.Layers, a.TieWeights = o.Dim, o.Hidden, o.Layers, o.Tied
		case *zoo.TransformerLM:
			a.Width, a.Heads, a.FeedForward, a.Layers, a.TieWeights = o.Width, o.Heads, o.FF, o.Layers, o.Tied
			a.Positions, a.NormFirst, a.Causal, a.Activation, a.Dropout = o.Positions, o.PreNorm, o.Causal, blocks.Activation(o.Activation), 0
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	params := graph.NewParams(1)
	if _, err := m.Graph(params, graph.Eval, 1, graph.WithoutInit()); err != nil {
		t.Fatal(err)
	}
	if params.Len() != len(run.State) {
		t.Fatalf("%d entries in the state, PyTorch has %d", params.Len(), len(run.State))
	}
	for _, s := range run.State {
		if err := params.Set(s.Name, tensor.Shape(s.Shape), s.Data()); err != nil {
			t.Fatal(err)
		}
	}
	return m, params
}

func languageSolver(t *testing.T, o parity.Optimizer) Solver {
	t.Helper()
	switch o.Name {
	case "SGD":
		return &SGD{LR: o.LR, Momentum: o.Momentum, SolverOptions: SolverOptions{KeepGrads: true}}
	case "AdamW":
		s := NewAdam(o.LR)
		s.WeightDecay, s.Decoupled = o.WeightDecay, true
		if len(o.Betas) == 2 {
			s.Beta1, s.Beta2 = o.Betas[0], o.Betas[1]
		}
		if o.Eps > 0 {
			s.Eps = o.Eps
		}
		return s
	}
	t.Fatalf("no solver for %s", o.Name)
	return nil
}
