package train

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/freememory"
)

// What is counted of a run, by its settings.
func TestMemoryOfARun(t *testing.T) {
	memory := func(change func(*Config)) Memory {
		c := small(t)
		change(&c)
		return newRun(t, c, Options{}).Memory()
	}
	plain := memory(func(c *Config) { c.Optimizer.Momentum, c.Optimizer.Nesterov = 0, false })
	if plain.Optimizer != 0 || plain.Gradients == 0 || plain.Weights < plain.Gradients || plain.Activations == 0 || plain.Data != 0 {
		t.Errorf("%+v", plain)
	}
	momentum := memory(func(*Config) {})
	if momentum.Optimizer != plain.Gradients {
		t.Errorf("momentum takes %d, want %d as the gradients", momentum.Optimizer, plain.Gradients)
	}
	adam := memory(func(c *Config) { c.Optimizer = DefaultOptimizer("adam"); c.Optimizer.AMSGrad = true })
	if adam.Optimizer != 3*plain.Gradients {
		t.Errorf("Adam with AMSGrad takes %d, want 3 times %d", adam.Optimizer, plain.Gradients)
	}
	double := memory(func(c *Config) { c.BatchSize *= 2 })
	if double.Activations <= momentum.Activations || double.Loader <= momentum.Loader || double.Gradients != momentum.Gradients {
		t.Errorf("a batch of twice the size: %v, before %v", double, momentum)
	}
	if more := memory(func(c *Config) { c.Accumulate, c.EMADecay = 2, 0.9 }); more.Gradients != 2*plain.Gradients || more.Weights <= momentum.Weights {
		t.Errorf("with sums and averages: %v, before %v", more, momentum)
	}
	if m := plain; m.Total() != m.Weights+m.Gradients+m.Activations+m.Loader+m.Program {
		t.Errorf("the sum is %d of %+v", m.Total(), m)
	}
	line := regexp.MustCompile(`^about \d+ MB \(weights \d+, gradients \d+, optimiser 0, activations \d+, loader \d+, data 0, program \d+\)$`)
	if !line.MatchString(plain.String()) {
		t.Errorf("%v", plain)
	}
	for name, text := range others {
		if m := newRun(t, tiny(t, text), Options{}).Memory(); m.Activations == 0 || m.Gradients == 0 || m.Optimizer == 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestTooMuchMemory(t *testing.T) {
	if _, ok := freememory.Bytes(); !ok {
		t.Skip("this system does not tell how much memory is free")
	}
	c := small(t)
	c.InputSize, c.BatchSize, c.TrainLen = 2000, 4096, 4096
	dir := filepath.Join(t.TempDir(), "run")
	_, err := New(c, Options{Dir: dir, Log: quiet})
	oneClearLine(t, err, "the run needs about ", " GB of memory, and ", " GB are free", "--ignore-memory")
	if strings.Contains(err.Error(), "about 0.") {
		t.Error(err)
	}
	if hasCheckpoint(dir) {
		t.Error("a run was begun")
	}
	c.InputSize, c.BatchSize = 200, 64
	r, err := New(c, Options{Dir: dir, Log: quiet, IgnoreMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
}
