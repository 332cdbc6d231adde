package train

import (
	"context"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

func paramsOf(t *testing.T, model string) *graph.Params {
	t.Helper()
	m, err := zoo.New(model)
	if err != nil {
		t.Fatal(err)
	}
	p := graph.NewParams(1)
	if _, err := m.Graph(p, graph.Eval, 1, graph.WithoutInit()); err != nil {
		t.Fatal(err)
	}
	return p
}

// The layers of a ResNet-50 are those of timm's group_matcher: the stem is 0, its
// sixteen blocks follow, and the head is the last.
func TestLayerOf(t *testing.T) {
	for _, c := range []struct {
		model string
		last  int
		of    map[string]int
	}{
		{"resnet50", 17, map[string]int{"conv1.weight": 0, "bn1.bias": 0, "layer1.0.conv1.weight": 1, "layer1.0.downsample.1.bias": 1, "layer2.0.bn1.weight": 4, "layer4.2.conv3.weight": 16, "fc.bias": 17}},
		{"lstm-lm", 3, map[string]int{"encoder.weight": 0, "rnn.weight_ih_l0": 1, "rnn.bias_hh_l0": 1, "rnn.weight_hh_l1": 2, "decoder.bias": 3}},
		{"transformer-lm", 5, map[string]int{"encoder.weight": 0, "transformer_encoder.layers.0.norm1.bias": 1, "transformer_encoder.layers.3.linear2.weight": 4, "decoder.bias": 5}},
		{"convnet", 3, map[string]int{"conv1.weight": 0, "conv2.bias": 1, "fc1.weight": 2, "fc2.weight": 3}},
	} {
		layers, last := LayerOf(paramsOf(t, c.model))
		if last != c.last {
			t.Errorf("%s: the last layer is %d, want %d", c.model, last, c.last)
		}
		for name, want := range c.of {
			if got, ok := layers[name]; !ok || got != want {
				t.Errorf("%s: %s is in layer %d, want %d", c.model, name, got, want)
			}
		}
	}
}

func TestScale(t *testing.T) {
	f := FineTuning{LayerDecay: 0.5, LRScale: []string{"fc.weight=10", "fc.*=3", "layer1.0.*=2"}}
	scale := f.Scale(paramsOf(t, "resnet20"))
	for name, want := range map[string]float64{
		"fc.weight": 10, "fc.bias": 3, "layer3.2.bn2.weight": 0.5, "layer3.1.conv1.weight": 0.25, "layer1.0.conv1.weight": 2.0 / 512, "conv1.weight": 1.0 / 1024,
	} {
		if got := scale(name); got != want {
			t.Errorf("%s: learning rate times %v, want %v", name, got, want)
		}
	}
	if new(FineTuning).Scale(paramsOf(t, "resnet20")) != nil {
		t.Error("a scale without settings")
	}
}

func TestFineTuningErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"nothing to freeze", func(c *Config) { c.Freeze = []string{"layer9.*"} }, `freeze: no parameter's name fits "layer9.*"`},
		{"a near name", func(c *Config) { c.Freeze = []string{"fc.wieght"} }, "did you mean fc.weight"},
		{"all frozen", func(c *Config) { c.Freeze = []string{"*"} }, "there is nothing to train"},
		{"bad pattern", func(c *Config) { c.Freeze = []string{"["} }, "syntax error in pattern"},
		{"no factor", func(c *Config) { c.LRScale = []string{"fc.*"} }, "want pattern=factor"},
		{"zero", func(c *Config) { c.LRScale = []string{"fc.*=0"} }, "freeze is for parameters that do not learn"},
		{"frozen and scaled", func(c *Config) { c.Freeze, c.LRScale = []string{"layer1.*"}, []string{"layer1.*=2"} }, `lr_scale: nothing that fits "layer1.*" learns`},
		{"one of several", func(c *Config) { c.Freeze = []string{"layer1.*", "layer1.0.conv1"} }, `"layer1.0.conv1"; did you mean layer1.0.conv1.weight`},
		{"bad pattern of a scale", func(c *Config) { c.LRScale = []string{"[=2"} }, `lr_scale: "[=2": syntax error in pattern`},
		{"negative", func(c *Config) { c.LRScale = []string{"fc.*=-1"} }, `factor "-1", want a number above 0`},
		{"no number", func(c *Config) { c.LRScale = []string{"fc.*=NaN"} }, `factor "NaN", want a number above 0`},
		{"infinite", func(c *Config) { c.LRScale = []string{"fc.*=Inf"} }, `factor "Inf", want a number above 0`},
		{"negative decay", func(c *Config) { c.LayerDecay = -0.1 }, "layer_decay -0.1, want more than 0"},
		{"decay that is no number", func(c *Config) { c.LayerDecay = math.NaN() }, "layer_decay NaN, want more than 0"},
		{"nothing to scale", func(c *Config) { c.LRScale = []string{"head.*=2"} }, `lr_scale: no parameter's name fits "head.*"`},
		{"decay", func(c *Config) { c.LayerDecay = 1.5 }, "layer_decay 1.5, want more than 0 and at most 1"},
		{"a GAN", func(c *Config) { *c = Names{Model: "gan"}.Config(); c.Freeze = []string{"fc.*"} }, "gan is a GAN"},
	} {
		config := small(t)
		c.change(&config)
		_, err := New(config, Options{Dir: t.TempDir() + "/run", Log: quiet})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// tuned is a run of everything that fine-tuning has, with an optimiser of that name.
func tuned(t *testing.T, optimizer string) Config {
	c := small(t)
	lr := c.Optimizer.LR
	c.Optimizer = DefaultOptimizer(optimizer)
	c.Optimizer.LR, c.Optimizer.WeightDecay = lr/10, 0.1
	c.Freeze = []string{"conv1.*", "bn1.*", "layer1.*", "layer2.0.bn1.running_*"}
	c.LRScale = []string{"fc.*=10"}
	c.LayerDecay = 0.75
	c.EMADecay = 0.9
	return c
}

// frozenIn says what of the net of small is not to move.
func frozenIn(name string) bool {
	return strings.HasPrefix(name, "conv1.") || strings.HasPrefix(name, "bn1.") || strings.HasPrefix(name, "layer1.") ||
		strings.HasPrefix(name, "layer2.0.bn1.running_")
}

// A run leaves what is frozen as it was, bit for bit, in the average of the weights,
// too; the solver remembers nothing of it. All else moves.
func TestFrozenStays(t *testing.T) {
	for _, optimizer := range Optimizers() {
		t.Run(optimizer, func(t *testing.T) {
			r := newRun(t, tuned(t, optimizer), Options{})
			want := 0
			for p := range r.Params().All() {
				if frozenIn(p.Name) && !p.Buffer {
					want += p.Value.Shape().TotalSize()
				}
			}
			if got := r.Frozen(); got != want {
				t.Errorf("%d parameters are frozen, want %d", got, want)
			}
			before := r.Params().Clone()
			finish(t, r)
			after := outcomeOf(r)
			for p := range before.All() {
				for what, v := range map[string][]float32{"": after.params[p.Name], "average of ": after.average[p.Name]} {
					if stays := slices.Equal(v, p.Value.Float32s()); stays != frozenIn(p.Name) {
						t.Errorf("%s%s stays: %v, want %v", what, p.Name, stays, frozenIn(p.Name))
					}
				}
			}
			for _, s := range after.solver {
				if frozenIn(s.Name) {
					t.Errorf("the solver remembers the frozen %s", s.Name)
				}
			}
		})
	}
}

// A run with frozen layers and scales that was interrupted comes to the same bits.
func TestResumeFineTuning(t *testing.T) {
	for _, optimizer := range Optimizers() {
		c := tuned(t, optimizer)
		whole := newRun(t, c, Options{})
		finish(t, whole)
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(context.Background())
		stop := &stopAt{func(p Progress) bool { return p.Epoch == 2 && p.Batch == 3 }, cancel}
		first := newRun(t, c, Options{Dir: dir, Report: stop})
		if err := first.Train(ctx); err == nil {
			t.Fatal("the run was not interrupted")
		}
		first.Close()
		second, err := Resume(dir, Options{Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if !reflect.DeepEqual(second.Config().FineTuning, c.FineTuning) {
			t.Errorf("the folder has %+v, want %+v", second.Config().FineTuning, c.FineTuning)
		}
		finish(t, second)
		same(t, optimizer, outcomeOf(second), outcomeOf(whole))
	}
}

// Fine-tuning begins with weights, keeps what is frozen of them, and their running
// statistics are those that evaluation goes by.
func TestFreezeWeights(t *testing.T) {
	c := small(t)
	c.Weights, c.NewHead, c.AdaptInput = classified(t, nil), true, true
	c.Architecture = yaml.Node{} // that of the weights
	c.Freeze, c.Epochs = []string{"bn1.*", "layer*"}, 1
	r := newRun(t, c, Options{})
	finish(t, r)
	a, err := weights.Load(c.Weights)
	if err != nil {
		t.Fatal(err)
	}
	for p := range r.Params().All() {
		saved, ok := a.Get("", p.Name)
		if frozen := !strings.HasPrefix(p.Name, "conv1.") && !strings.HasPrefix(p.Name, "fc."); ok && frozen != slices.Equal(p.Value.Float32s(), saved.Values.([]float32)) {
			t.Errorf("%s stays: %v, want %v", p.Name, !frozen, frozen)
		}
	}
}

// Layers of language models freeze, too.
func TestFreezeLanguageModel(t *testing.T) {
	for model, frozen := range map[string]string{"lstm": "rnn.*_l0", "transformer": "transformer_encoder.layers.0.*"} {
		c := tiny(t, others[model])
		c.Freeze, c.LRScale, c.LayerDecay = []string{frozen}, []string{"decoder.*=2"}, 0.9
		r := newRun(t, c, Options{})
		before := r.Params().Clone()
		finish(t, r)
		for p := range r.Params().All() {
			b, _ := before.Get(p.Name)
			prefix, suffix, _ := strings.Cut(frozen, "*")
			want := strings.HasPrefix(p.Name, prefix) && strings.HasSuffix(p.Name, suffix)
			if got := slices.Equal(b.Value.Float32s(), p.Value.Float32s()); got != want && !p.Buffer {
				t.Errorf("%s: %s stays: %v, want %v", model, p.Name, got, want)
			}
		}
	}
}
