package train

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// node parses a YAML mapping.
func node(t *testing.T, text string) yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return *n.Content[0]
}

// TestRecipes checks that there is one for every data set and every family, and
// that it can be.
func TestRecipes(t *testing.T) {
	for _, kind := range dataset.Kinds() {
		if _, ok := dataRecipes[kind]; !ok {
			t.Errorf("no recipe for %s", kind)
		}
		spec := kind
		if kind != "glyphs" {
			spec += ":dir"
		}
		checkNames(t, Names{Data: spec})
	}
	entries, err := zoo.List("")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		m, err := zoo.New(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := familyRecipes[m.Family()]; !ok && m.Task() != zoo.Classification {
			t.Errorf("no recipe for %s", m.Family())
		}
		checkNames(t, Names{Model: e.Name})
	}
}

// checkNames wants the defaults for the names to be valid, with any optimiser and
// schedule.
func checkNames(t *testing.T, n Names) {
	t.Helper()
	for _, n.Optimizer = range append(Optimizers(), "") {
		for _, n.Schedule = range append(Schedules(), "") {
			c := n.Config()
			err := c.Validate()
			if c.Augment != (Augment{Usual: c.Augment.Usual}) || c.EMADecay != 0 || c.LabelSmoothing != 0 || c.Patience != 0 || c.Accumulate > 1 {
				t.Errorf("%+v: %+v has what nobody asked for", n, c)
			}
			if task, _ := taskOf(c.Model); task == zoo.Generation && n.Schedule == "plateau" {
				oneClearLine(t, err, "no measure")
			} else if err != nil {
				t.Errorf("%+v: %v", n, err)
			}
			if n.Optimizer != "" && c.Optimizer.Name != n.Optimizer || n.Schedule != "" && c.Schedule.Name != n.Schedule {
				t.Errorf("asked for %+v, got %s and %s", n, c.Optimizer.Name, c.Schedule.Name)
			}
		}
	}
}

func TestParseConfig(t *testing.T) {
	text := `
model: resnet32
architecture: {width: 24}
data: cifar10:some/where
epochs: 7
mean: [0.1, 0.2, 0.3]
std: [1, 1, 1]
augment: {padding: 3}
optimizer: {lr: 0.3}
schedule: {name: step, milestones: [3, 5]}
`
	for _, c := range []struct {
		name     string
		override Names
		check    func(*Config) bool
	}{
		{"as it is", Names{}, func(c *Config) bool {
			return c.Model == "resnet32" && valueOf(&c.Architecture, "width").Value == "24" && c.Epochs == 7 &&
				c.Optimizer.Name == "sgd" && c.Optimizer.LR == 0.3 && c.Optimizer.Momentum == 0.9 &&
				c.Schedule.Name == "step" && c.Schedule.Gamma == 0.1 && len(c.Schedule.Milestones) == 2 &&
				c.Augment == Augment{Usual: true, Padding: 3} && c.BatchSize == 128 && c.Seed == 1
		}},
		{"another model", Names{Model: "resnet20"}, func(c *Config) bool {
			return c.Model == "resnet20" && c.Architecture.Kind == 0 && c.Epochs == 7
		}},
		{"the same model", Names{Model: "resnet32"}, func(c *Config) bool { return c.Architecture.Kind != 0 }},
		{"another optimizer", Names{Optimizer: "adam"}, func(c *Config) bool { return c.Optimizer == DefaultOptimizer("adam") }},
		{"another schedule", Names{Schedule: "cosine"}, func(c *Config) bool { return c.Schedule.Name == "cosine" && c.Schedule.Milestones == nil }},
		{"another folder", Names{Data: "cifar10:else"}, func(c *Config) bool { return c.Data == "cifar10:else" && len(c.Mean) == 3 }},
		{"another kind", Names{Data: "mnist:x"}, func(c *Config) bool {
			return c.Data == "mnist:x" && c.Mean == nil && c.Augment == Augment{Usual: true} && c.Epochs == 7
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseConfig([]byte(text), c.override)
			if err != nil {
				t.Fatal(err)
			}
			if !c.check(&got) {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		got, err := ParseConfig(nil, Names{})
		if err != nil || !reflect.DeepEqual(got, DefaultConfig("resnet20", "glyphs")) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestParseConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"epcohs: 3":                     `line 1: no setting "epcohs"; did you mean epochs?`,
		"optimizer:\n  learn_rate: 0.1": `line 2: no optimizer setting "learn_rate"`,
		"schedule: {gama: 1}":           `line 1: no schedule setting "gama"; did you mean gamma?`,
		"epochs: many":                  `line 1: found "many", want a whole number`,
		"epochs: 2.5":                   `line 1: found "2.5", want a whole number`,
		"seed: -1":                      `line 1: found "-1", want a whole number from 0`,
		"epochs: 1\nmodel: [1]":         "line 2: found a list, want a text",
		"clip_norm: {a: 1}":             "line 1: found settings, want a number",
		"tensorboard: 7":                `line 1: found "7", want true or false`,
		"mean: 0.5":                     `line 1: found "0.5", want a list`,
		"optimizer: adam":               `line 1: found "adam", want settings`,
		"lr: 0.1":                       `line 1: no setting "lr" here; it belongs to optimizer`,
		"optimizer: {betas: 0.9}":       `line 1: found "0.9", want a list`,
		"a: b: c":                       "mapping values are not allowed",
		"[1, 2]":                        "line 1: found a list, want settings",
		"optimizer: &a {lr: *a}":        "line 1: found settings, want a number",
	} {
		_, err := ParseConfig([]byte(text), Names{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	_, err := ReadConfig(filepath.Join(t.TempDir(), "no.yaml"), Names{})
	oneClearLine(t, err, "no.yaml: no such file")
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("model: resnet20\narchitecture: {width: 4}\noptimizer: {betas: [0.9, 0.99]}"))
	f.Add([]byte("schedule: {milestones: [1, 2]}\nmean: [.1]\nstd: [.2]"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text, Names{})
		if err != nil || c.Validate() != nil {
			return
		}
		out, err := yaml.Marshal(&c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseConfig(out, Names{}); err != nil {
			t.Errorf("settings that were read cannot be read again: %v\n%s", err, out)
		}
	})
}

func TestAugment(t *testing.T) {
	data, err := dataset.Open("glyphs", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := dataset.Open("imagefolder:"+imageFolder(t, 1), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	jitter := dataset.ColorJitter{Brightness: 0.1, Contrast: 0.2, Saturation: 0.3, Hue: 0.4}
	for _, c := range []struct {
		name string
		data *dataset.Data
		size int
		a    Augment
		want []dataset.Transform
	}{
		{"glyphs, usual", data, 28, Augment{Usual: true}, nil},
		{"glyphs, all", data, 28,
			Augment{Padding: 2, Flip: 0.5, Brightness: 0.1, Contrast: 0.2, Saturation: 0.3, Hue: 0.4},
			[]dataset.Transform{dataset.RandomCrop{Height: 28, Width: 28, Padding: 2}, dataset.RandomHorizontalFlip{P: 0.5}, jitter}},
		{"glyphs, scaled", data, 20, Augment{Padding: 2},
			[]dataset.Transform{dataset.ResizeTo{Height: 20, Width: 20}, dataset.RandomCrop{Height: 20, Width: 20, Padding: 2}}},
		{"folder, usual", folder, 28, Augment{Usual: true},
			[]dataset.Transform{dataset.RandomResizedCrop{Height: 28, Width: 28, Scale: [2]float64{0.08, 1}}, dataset.RandomHorizontalFlip{P: 0.5}}},
		{"folder, usual and more", folder, 28, Augment{Usual: true, MinArea: 0.5, Flip: 0.1},
			[]dataset.Transform{dataset.RandomResizedCrop{Height: 28, Width: 28, Scale: [2]float64{0.5, 1}}, dataset.RandomHorizontalFlip{P: 0.1}}},
		{"folder, none", folder, 28, Augment{},
			[]dataset.Transform{dataset.Resize{Size: 32}, dataset.CenterCrop{Height: 28, Width: 28}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch, _, _ := c.data.Train.Shape()
			if ch == 0 {
				ch = 3
			}
			got := c.a.resolve(c.data, ch, c.size, c.size).pipeline(c.data, ch, c.size, c.size).Transforms
			if n := len(got); n > 0 {
				if _, ok := got[n-1].(dataset.Channels); ok {
					got = got[:n-1]
				}
			}
			if len(got) != len(c.want) || len(got) > 0 && !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// The usual pipeline of a data set is the one that the settings for it give.
func TestUsualAugmentation(t *testing.T) {
	root := os.Getenv("ZOO_DATA")
	if root == "" {
		t.Skip("ZOO_DATA is not set")
	}
	data, err := dataset.Open("fashion-mnist:"+filepath.Join(root, "fashion-mnist"), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := Augment{Usual: true}.resolve(data, 1, 28, 28).pipeline(data, 1, 28, 28)
	if want := data.TrainPipeline(1, 28, 28); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
