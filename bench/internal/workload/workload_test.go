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
	for _, w := range []Workload{{"resnet21", Inference, 1, 32}, {"resnet20", Start, 1, 32}, {"resnet20", Inference, 0, 32}} {
		if _, err := Make(w); err == nil {
			t.Errorf("%v: no error", w)
		}
	}
}
