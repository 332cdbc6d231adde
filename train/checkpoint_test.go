package train

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// stepped returns a run of one step, so that its solver has something to
// remember, and its checkpoint.
func stepped(t testing.TB) (*Run, *weights.Archive) {
	c := small(t)
	c.TrainLen, c.Epochs = 16, 1
	r := newRun(t, c, Options{})
	finish(t, r)
	a, err := weights.Load(filepath.Join(r.Dir(), LastFile))
	if err != nil {
		t.Fatal(err)
	}
	return r, a
}

func TestRestoreRefusesBadState(t *testing.T) {
	r, good := stepped(t)
	change := func(f func(*weights.Tensor) bool) *weights.Archive {
		a := &weights.Archive{Meta: good.Meta}
		for _, tensor := range good.Tensors {
			if f(&tensor) {
				a.Tensors = append(a.Tensors, tensor)
			}
		}
		return a
	}
	state := func(change func(*progress)) func(*weights.Tensor) bool {
		return func(t *weights.Tensor) bool {
			if t.Section == runSection {
				p := r.progress
				change(&p)
				t.Values, _ = json.Marshal(&p)
			}
			return true
		}
	}
	for _, c := range []struct {
		name   string
		change func(*weights.Tensor) bool // reports whether the tensor stays
		want   string
	}{
		{"no JSON", func(t *weights.Tensor) bool {
			if t.Section == runSection {
				t.Values = []byte("{")
			}
			return true
		}, "state of the run: "},
		{"epoch", state(func(p *progress) { p.Epoch = 2 }), "epoch 2 of 1"},
		{"step", state(func(p *progress) { p.Step = -1 }), "step -1 of 1"},
		{"history", state(func(p *progress) { p.History = nil }), "0 results"},
		{"best", state(func(p *progress) { p.Best = 1 }), "number 1 is the best"},
		{"images", state(func(p *progress) { p.ValItems++ }), "the run began with 16 training and 131 validation images"},
		{"no step", func(t *weights.Tensor) bool { return t.Section != stepSection }, "its step is missing"},
		{"type of step", func(t *weights.Tensor) bool {
			if t.Section == stepSection {
				t.Values = []float32{1}
			}
			return true
		}, "the step is not one int64"},
		{"no weights", func(t *weights.Tensor) bool { return t.Section != "" || t.Name != "fc.bias" }, "fc.bias: checkpoint does not have it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := outcomeOf(r)
			oneClearLine(t, r.restore(change(c.change)), c.want)
			same(t, "after an error", outcomeOf(r), before)
		})
	}
	if err := r.restore(good); err != nil {
		t.Error(err)
	}
}

// FuzzRestore reads states of runs that nobody wrote.
func FuzzRestore(f *testing.F) {
	r, a := stepped(f)
	text, err := json.Marshal(&r.progress)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(strings.Replace(string(text), `"step":0`, `"step":1`, 1)))
	f.Add([]byte(`{"history":[{"val_loss":null}],"epoch":1}`))
	state, _ := a.Get(runSection, stateName)
	f.Fuzz(func(t *testing.T, text []byte) {
		state.Values, state.Shape = text, []int{len(text)}
		if r.restore(a) != nil {
			return
		}
		if s := r.steps(); s < 0 || s > r.config.Epochs*r.stepsPerEpoch+r.stepsPerEpoch {
			t.Errorf("step %d", s)
		}
		r.Best()
		if _, err := r.checkpoint(); err != nil {
			t.Errorf("a state that was read cannot be written: %v", err)
		}
	})
}
