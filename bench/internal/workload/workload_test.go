package workload

import "testing"

var some = []Workload{
	{"resnet18", Inference, 1, 224},
	{"resnet18", Training, 8, 224},
	{"resnet20", Inference, 128, 32},
}

func TestChoose(t *testing.T) {
	for pattern, want := range map[string]int{"*": 3, "resnet18-*": 2, "*-train-*": 1, "resnet20-infer-b128": 1} {
		if got, err := Choose(some, pattern); err != nil || len(got) != want {
			t.Errorf("%s: %d workloads (%v), want %d", pattern, len(got), err, want)
		}
	}
	for _, pattern := range []string{"vgg*", "["} {
		if _, err := Choose(some, pattern); err == nil {
			t.Errorf("%s: no error", pattern)
		}
	}
}

func TestRun(t *testing.T) {
	for _, k := range []Kind{Inference, Training} {
		r, err := Make(Workload{"resnet20", k, 2, 32})
		if err != nil {
			t.Fatal(err)
		}
		if ms, err := r.Time(); err != nil || ms <= 0 {
			t.Errorf("%s: %v ms (%v)", k, ms, err)
		}
		if err := r.Update(); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		if r.Build <= 0 || r.Compile <= 0 {
			t.Errorf("%s: built in %v, compiled in %v", k, r.Build, r.Compile)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, w := range []Workload{
		{"resnet21", Inference, 1, 32}, {"resnet20", Start, 1, 32}, {"resnet20", Inference, 0, 32}, {"resnet20", Generation, 1, 32},
		{"lstm-lm", Generation, 2, 8}, {"lstm-lm", Training, 2, 0}, {"gan", Training, 2, 32}, {"gan", Inference, 2, 28},
	} {
		if _, err := Make(w); err == nil {
			t.Errorf("%v: no error", w)
		}
	}
}

// TestGenerators runs what is not a classifier twice: the second run goes on where
// the first ended.
func TestGenerators(t *testing.T) {
	for _, c := range []struct {
		w        Workload
		programs int
		words    string
		items    int
		what     string
	}{
		{Workload{"lstm-lm", Training, 2, 8}, 1, "lstm-lm, train, batch 2, 8 tokens", 16, "tokens"},
		{Workload{"lstm-lm", Inference, 2, 8}, 1, "lstm-lm, infer, batch 2, 8 tokens", 16, "tokens"},
		{Workload{"transformer-lm", Training, 2, 8}, 1, "transformer-lm, train, batch 2, 8 tokens", 16, "tokens"},
		{Workload{"gan", Training, 2, 28}, 4, "gan, train, batch 2, 1x28x28", 2, "images"},
		{Workload{"lstm-lm", Generation, 1, 8}, 0, "lstm-lm, generate, batch 1, 8 tokens", 8, "tokens"},
		{Workload{"transformer-lm", Generation, 1, 8}, 0, "transformer-lm, generate, batch 1, 8 tokens", 8, "tokens"},
	} {
		if n, what := c.w.Items(); c.w.String() != c.words || n != c.items || what != c.what || !c.w.Generates() {
			t.Errorf("%v, %d %s, want %s, %d %s", c.w, n, what, c.words, c.items, c.what)
		}
		r, err := Make(c.w)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if ms, err := r.Time(); err != nil || ms <= 0 {
				t.Errorf("%v: %v ms (%v)", c.w, ms, err)
			}
		}
		if err := r.Update(); err != nil {
			t.Errorf("%v: %v", c.w, err)
		}
		p, err := r.Profile(1)
		if err != nil || len(r.Programs) != c.programs || (len(p.Ops) > 0) != (c.programs > 0) {
			t.Errorf("%v: %d programs, want %d (%v)", c.w, len(r.Programs), c.programs, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if (Workload{"resnet20", Training, 2, 32}).Generates() {
		t.Error("a classifier generates")
	}
}
