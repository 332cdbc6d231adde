package train

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestAverageAgainstPyTorch compares every step with AveragedModel, for a weight and
// a buffer.
func TestAverageAgainstPyTorch(t *testing.T) {
	var want struct {
		Decay  float64
		Values [][]float32
		After  [][2][]float32
	}
	readJSON(t, "average.json", &want)
	p := graph.NewParams(1)
	weight, buffer := vector(make([]float32, 5)...), vector(make([]float32, 5)...)
	for _, e := range []graph.Param{{Name: "weight", Value: weight}, {Name: "running_mean", Value: buffer, Buffer: true}} {
		if err := p.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	a := NewAverage(p, want.Decay)
	for step, v := range want.Values {
		for i, x := range v {
			weight.Float32s()[i], buffer.Float32s()[i] = x, 2*x
		}
		a.Update(step)
		for k, name := range []string{"weight", "running_mean"} {
			e, _ := a.Params().Get(name)
			for i, got := range e.Value.Float32s() {
				if w := want.After[step][k][i]; math.Abs(float64(got-w)) > 1e-6 {
					t.Errorf("%s[%d] after step %d: %v, want %v", name, i, step, got, w)
				}
			}
		}
	}
	if len(want.Values) == 0 {
		t.Error("no steps")
	}
}

// The decay rises as in timm's ModelEmaV3, whose first step, number 1 there, copies.
func TestAverageWarmup(t *testing.T) {
	a := Average{Decay: 0.75, Warmup: true}
	for step, want := range []float64{0, 0.3700394750525634, 0.5192501432308638, 0.6031497370079502, 0.6580048106646605, 0.69714656786131, 0.7267241167468015, 0.75, 0.75} {
		if got := a.decay(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
	if a.Warmup = false; a.decay(1) != 0.75 {
		t.Error("a warm-up without having been asked for")
	}
}

// An average of equals is what they are, and one that counts nothing follows at once.
func TestAverageProperties(t *testing.T) {
	p := graph.NewParams(1)
	v := tensor.New(tensor.WithShape(3), tensor.WithBacking([]float32{1, -2, 1e-30}))
	if err := p.Add(graph.Param{Name: "w", Value: v}); err != nil {
		t.Fatal(err)
	}
	a := NewAverage(p, 0.99)
	mean, _ := a.Params().Get("w")
	for step := range 5 {
		a.Update(step)
	}
	if !slices.Equal(mean.Value.Float32s(), v.Float32s()) {
		t.Errorf("%v, want %v", mean.Value, v)
	}
	if a.Decay = 0; &mean.Value.Float32s()[0] == &v.Float32s()[0] {
		t.Error("the average shares its memory with what it averages")
	}
	copy(v.Float32s(), []float32{4, 5, 6})
	a.Update(7)
	if !slices.Equal(mean.Value.Float32s(), v.Float32s()) {
		t.Errorf("%v, want %v", mean.Value, v)
	}
}

// The averages are what is measured and what weights.gob has; the checkpoint has both.
func TestRunWithAverage(t *testing.T) {
	c := small(t)
	c.EMADecay = 0.9
	r := newRun(t, c, Options{})
	finish(t, r)
	e, err := Evaluate(context.Background(), EvalConfig{Weights: r.Dir(), Data: "glyphs", Seed: c.Seed, ValLen: c.ValLen})
	if err != nil || e.Top1 != r.Best().ValTop1 || math.Abs(e.Loss-r.Best().ValLoss) > 1e-9 {
		t.Errorf("%+v, %v, want what the best epoch was: %+v", e, err, r.Best())
	}
	last, err := weights.Load(filepath.Join(r.Dir(), LastFile))
	if err != nil {
		t.Fatal(err)
	}
	for p := range r.Params().All() {
		raw, _ := last.Get("", p.Name)
		mean, ok := last.Get(averageSection, p.Name)
		if !ok || !slices.Equal(raw.Values.([]float32), p.Value.Float32s()) {
			t.Fatalf("%s: its average is missing in the checkpoint, or its value is not there", p.Name)
		}
		if strings.HasSuffix(p.Name, "conv1.weight") && slices.Equal(raw.Values.([]float32), mean.Values.([]float32)) {
			t.Errorf("%s is its average", p.Name)
		}
	}
	c.EMADecay = 0
	plain := newRun(t, c, Options{})
	finish(t, plain)
	for p := range r.Params().All() {
		if q, _ := plain.Params().Get(p.Name); !slices.Equal(p.Value.Float32s(), q.Value.Float32s()) {
			t.Fatalf("%s: the average has an influence on what is trained", p.Name)
		}
	}
}

func TestAverageRefuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"ema_decay 1, want at least 0 and less than 1": func(c *Config) { c.EMADecay = 1 },
		"ema_decay NaN":                func(c *Config) { c.EMADecay = math.NaN() },
		"ema_warmup without ema_decay": func(c *Config) { c.EMAWarmup = true },
	} {
		c := small(t)
		change(&c)
		oneClearLine(t, c.Validate(), want)
	}
}

// BenchmarkAverage takes a step of ResNet-18 into its average.
func BenchmarkAverage(b *testing.B) {
	m, err := zoo.New("resnet18")
	if err != nil {
		b.Fatal(err)
	}
	p := graph.NewParams(1)
	if _, err := m.Graph(p, graph.Infer, 1); err != nil {
		b.Fatal(err)
	}
	a := NewAverage(p, 0.999)
	b.SetBytes(int64(3 * 4 * p.Count())) // read both, write one
	for b.Loop() {
		a.Update(1)
	}
}
