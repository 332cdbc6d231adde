package train

import (
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/graph"
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

// Frozen parameters and the running statistics of frozen norms keep every bit, and
// the solver knows nothing of them; others move.
func TestFrozenRun(t *testing.T) {
	c := small(t)
	c.Freeze = []string{"conv1.*", "bn1.*", "layer1.*"}
	r := newRun(t, c, Options{})
	before := r.Params().Clone()
	finish(t, r)
	for p := range before.All() {
		now, _ := r.Params().Get(p.Name)
		same := slices.Equal(p.Value.Float32s(), now.Value.Float32s())
		if same != c.frozen(p.Name) {
			t.Errorf("%s: unchanged %v", p.Name, same)
		}
	}
	for _, s := range r.solver.State() {
		if c.frozen(s.Name) {
			t.Errorf("the solver remembers %s", s.Name)
		}
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
