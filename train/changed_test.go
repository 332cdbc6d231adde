package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestChangedSettings(t *testing.T) {
	const before = `
model: resnet20
data: cifar10:here
epochs: 9
seed: 1
freeze: [conv1.*]
optimizer: {name: sgd, lr: 0.1}
schedule: {name: step, milestones: [3, 6]}
architecture: {width: 16}
`
	for _, c := range []struct {
		old, new string
		want     []string
	}{
		{"here", "there", nil},
		{"epochs: 9", "epochs: 9\ntensorboard: false\nkeep_best: 3\ncheckpoint_minutes: 1\npretrained: cifar10\nmap: m.txt", nil},
		{"seed: 1\n", "", nil}, // the default
		{"seed: 1", "seed: 2", []string{"seed 1 → 2"}},
		{"lr: 0.1", "lr: 0.2, momentum: 0.5", []string{"optimizer.lr 0.1 → 0.2", "optimizer.momentum 0.9 → 0.5"}},
		{"[3, 6]", "[3]", []string{"schedule.milestones [3, 6] → [3]"}},
		{"freeze: [conv1.*]\n", "", []string{"freeze [conv1.*] → []"}},
		{"width: 16", "width: 32", []string{"architecture.width 16 → 32"}},
		{"cifar10", "cifar100", []string{"data cifar10 → cifar100"}},
		{"epochs: 9", "epochs: 9\nunheard_of: 1", nil},
	} {
		now := strings.Replace(before, c.old, c.new, 1)
		if got := changedSettings(before, now); !slices.Equal(got, c.want) {
			t.Errorf("%q for %q: %q, want %q", c.new, c.old, got, c.want)
		}
	}
	if got := changedSettings("", before); got != nil {
		t.Errorf("a checkpoint without a recipe: %q", got)
	}
}

// A run whose settings were changed goes on, if it can, and says so.
func TestResumeWithChangedSettings(t *testing.T) {
	run := stopped(t, small(t))
	for _, c := range []struct{ old, new, want, err string }{
		{"seed: 1", "seed: 1", "", ""},
		{"seed: 1", "seed: 7", "seed 1 → 7", ""},
		{"epochs: 3", "epochs: 5", "epochs 3 → 5", ""},
		{"epochs: 3", "epochs: 1", "epochs 3 → 1", "the run has 2 epochs already, more than the 1 of the settings"},
		{"batch_size: 16", "batch_size: 60", "batch_size 16 → 60", "the run has made 2 steps of epoch 3, which with these settings has 1"},
		{"name: sgd", "name: adam\n  betas: [0.9, 0.999]", "optimizer.name sgd → adam", "it is that of another solver"},
	} {
		log, user := told()
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(dir, os.DirFS(run)); err != nil {
			t.Fatal(err)
		}
		replace(t, dir, c.old, c.new)
		r, err := Resume(dir, Options{Log: log})
		if err == nil {
			r.Close()
		}
		if (c.want == "") != (user.String() == "") || !strings.Contains(user.String(), c.want) {
			t.Errorf("%s: the user is told %q, want %q", c.new, user, c.want)
		}
		if c.err != "" {
			oneClearLine(t, err, filepath.Join(dir, LastFile), c.err)
		} else if err != nil {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}
