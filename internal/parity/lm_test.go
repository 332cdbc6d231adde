package parity

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lmLimits are by how much PyTorch's own float32 may stray: far less than the
// tolerances of the tests, 1e-4 for logits and 1e-3 for gradients.
var lmLimits = map[string]Number{"logits": 1e-5, "hidden": 1e-5, "loss": 1e-6, "grads": 1e-5}

// TestLMs checks that every language model's fixture is complete, and that
// together they have every option.
func TestLMs(t *testing.T) {
	names, err := LMNames()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, name := range names {
		m, err := LoadLM(name)
		if err != nil {
			t.Fatal(err)
		}
		o := m.Options
		for _, v := range []any{m.Model, o.Positions, o.Activation, [2]any{"tied", o.Tied}, [2]any{"pre_norm", o.PreNorm}, [2]any{"causal", o.Causal}} {
			seen[v] = true
		}
		checkLMState(t, name, m.Model, o, m.State)
		n, steps := len(m.Tokens), len(m.Tokens[0])
		if diff := cmp.Diff([]int{n, steps, o.Vocab}, m.Logits.Shape); diff != "" || len(m.Labels) != n*steps {
			t.Errorf("%s: %d labels; logits (-tokens +fixture):\n%s", name, len(m.Labels), diff)
		}
		checkTokens(t, name, o, m.Tokens, m.Labels)
		if len(m.Grads) != len(m.State) {
			t.Fatalf("%s: %d gradients for %d parameters", name, len(m.Grads), len(m.State))
		}
		for i, w := range m.Grads {
			if w.Name != m.State[i].Name || !cmp.Equal(w.Shape, m.State[i].Shape) || len(w.Values) == 0 || w.Norm == 0 {
				t.Errorf("%s: gradient %s %v, norm %v, of %s %v", name, w.Name, w.Shape, w.Norm, m.State[i].Name, m.State[i].Shape)
			}
		}
		checkHidden(t, name, m.Model == "lstm-lm", []int{o.Layers, n, o.Hidden}, m.H0, m.C0, m.Hn, m.Cn)
		for k, limit := range lmLimits {
			if d, ok := m.Deviation[k]; d > limit || !ok && (k != "hidden" || m.H0 != nil) {
				t.Errorf("%s: PyTorch's %s deviate by %.2g, want at most %.2g", name, k, d, limit)
			}
		}
	}
	for _, v := range []any{
		"lstm-lm", "transformer-lm", "learned", "sinusoidal", "none", "relu", "gelu", [2]any{"tied", true}, [2]any{"tied", false},
		[2]any{"pre_norm", true}, [2]any{"pre_norm", false}, [2]any{"causal", true}, [2]any{"causal", false},
	} {
		if !seen[v] {
			t.Errorf("no language model with %v", v)
		}
	}
}

// TestLMRuns checks the same of the trainings.
func TestLMRuns(t *testing.T) {
	names, err := LMRunNames()
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]bool{}
	for _, name := range names {
		r, err := LoadLMRun(name)
		if err != nil {
			t.Fatal(err)
		}
		models[r.Model] = true
		checkLMState(t, name, r.Model, r.Options, r.State)
		if len(r.Batches) != 10 || len(r.Losses) != 10 || len(r.Norms) != 10 || len(r.After) != len(r.State) {
			t.Errorf("%s: %d batches, %d losses, %d norms, %d of %d entries at the end", name, len(r.Batches), len(r.Losses), len(r.Norms), len(r.After), len(r.State))
		}
		clipped := 0
		for _, n := range r.Norms {
			if float64(n) > r.Optimizer.MaxNorm {
				clipped++
			}
		}
		if r.Optimizer.LR == 0 || clipped == 0 {
			t.Errorf("%s: %+v, %d gradients clipped", name, r.Optimizer, clipped)
		}
		for _, b := range r.Batches {
			checkTokens(t, name, r.Options, b.Tokens, b.Labels)
		}
		if lstm := r.Model == "lstm-lm"; lstm != (r.Hn != nil) || lstm != (r.Cn != nil) {
			t.Errorf("%s: hidden state %v and %v", name, r.Hn, r.Cn)
		}
		for k, d := range r.Deviation {
			if d > 1e-4 {
				t.Errorf("%s: PyTorch's %s deviate by %.2g, too much for a tolerance of 1e-3", name, k, d)
			}
		}
	}
	if !models["lstm-lm"] || !models["transformer-lm"] {
		t.Errorf("trainings of %v, want both models", models)
	}
}

// checkLMState wants the parameters that the options make, in PyTorch's order.
func checkLMState(t *testing.T, name, model string, o LMOptions, state []Param) {
	t.Helper()
	first, last, entries := state[0].Shape, state[len(state)-1], 1+4*o.Layers+1
	width := o.Dim
	if model == "transformer-lm" {
		width, entries = o.Width, 1+12*o.Layers+1
		if o.Positions == "learned" {
			entries++
		}
		if o.PreNorm {
			entries += 2
		}
	}
	if !o.Tied {
		entries++
	}
	if len(state) != entries || !cmp.Equal(first, []int{o.Vocab, width}) || last.Name != "decoder.bias" {
		t.Errorf("%s: %d entries from %v to %s, want %d from (%d, %d) to decoder.bias", name, len(state), first, last.Name, entries, o.Vocab, width)
	}
}

// checkTokens wants tokens of the vocabulary, and some label that counts.
func checkTokens(t *testing.T, name string, o LMOptions, tokens [][]int, labels []int) {
	t.Helper()
	for _, row := range tokens {
		for _, v := range row {
			if v < 0 || v >= o.Vocab || len(row) != len(tokens[0]) {
				t.Errorf("%s: token %d in a row of %d", name, v, len(row))
			}
		}
	}
	count := 0
	for _, v := range labels {
		if v != Ignored && (v < 0 || v >= o.Vocab) {
			t.Errorf("%s: label %d", name, v)
		}
		if v != Ignored {
			count++
		}
	}
	if count == 0 || len(labels) != len(tokens)*len(tokens[0]) {
		t.Errorf("%s: %d of %d labels count, for %d x %d tokens", name, count, len(labels), len(tokens), len(tokens[0]))
	}
}

// checkHidden wants all of the hidden state of an LSTM, and none of another.
func checkHidden(t *testing.T, name string, lstm bool, shape []int, h0, c0 *Tensor, hn, cn *Want) {
	t.Helper()
	if (h0 != nil) != lstm || (c0 != nil) != lstm || (hn != nil) != lstm || (cn != nil) != lstm {
		t.Fatalf("%s: hidden state from %v, %v to %v, %v", name, h0, c0, hn, cn)
	}
	if lstm && !(cmp.Equal(h0.Shape, shape) && cmp.Equal(c0.Shape, shape) && cmp.Equal(hn.Shape, shape) && cmp.Equal(cn.Shape, shape)) {
		t.Errorf("%s: hidden state from %v, %v to %v, %v, want %v", name, h0.Shape, c0.Shape, hn.Shape, cn.Shape, shape)
	}
}
