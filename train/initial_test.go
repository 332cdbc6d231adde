package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// classified writes weights of a small ResNet for colour images of another set of
// classes, and what a file says of it.
func classified(t *testing.T, change func(*weights.Archive)) string {
	t.Helper()
	m, err := zoo.New("resnet20", zoo.WithClasses(7), zoo.WithInput(3, 16, 16), func(a zoo.Architecture) error {
		a.(*zoo.ResNet).Blocks = []int{1, 1, 1}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(5)
	if err != nil {
		t.Fatal(err)
	}
	a := weights.FromParams(p)
	a.Meta = weights.Meta{Model: "resnet20", Input: weights.Input{Channels: 1, Height: 16, Width: 16, Mean: []float32{.25}, Std: []float32{.5}}}
	if err := a.Meta.SetConfig(m.Config()); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(a)
	}
	file := filepath.Join(t.TempDir(), "weights.gob")
	if err := a.Save(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// A run begins with the weights that it is given, in the model that they are of,
// with their normalisation; its head is that of its own classes.
func TestNewHead(t *testing.T) {
	c := small(t)
	c.Architecture = yaml.Node{} // that of the weights
	c.Weights, c.NewHead, c.AdaptInput = classified(t, nil), true, true
	r := newRun(t, c, Options{})
	if got := r.Config(); !slices.Equal(got.Mean, []float32{.25}) || !slices.Equal(got.Std, []float32{.5}) {
		t.Errorf("normalisation by %v and %v, want that of the weights", got.Mean, got.Std)
	}
	if blocks := r.Model().Config().(*zoo.ResNet).Blocks; !slices.Equal(blocks, []int{1, 1, 1}) {
		t.Errorf("blocks %v, want those of the weights", blocks)
	}
	a, err := weights.Load(c.Weights)
	if err != nil {
		t.Fatal(err)
	}
	for p := range r.Params().All() {
		saved, ok := a.Get("", p.Name)
		if !ok {
			t.Fatalf("no %s", p.Name)
		}
		switch v := p.Value.Float32s(); {
		case strings.HasPrefix(p.Name, "fc."):
			if p.Value.Shape()[0] != 10 {
				t.Errorf("%s has shape %v, want that of ten classes", p.Name, p.Value.Shape())
			}
		case p.Name == "conv1.weight":
			w := saved.Values.([]float32)
			if want := w[0] + w[9] + w[18]; v[0] != want {
				t.Errorf("conv1.weight begins with %v, want the sum %v over the channels", v[0], want)
			}
		case !slices.Equal(v, saved.Values.([]float32)):
			t.Errorf("%s is not that of the weights", p.Name)
		}
	}
	log, err := os.ReadFile(filepath.Join(r.Dir(), LogFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"fc: the weights have 7 classes, the model has 10: it begins anew", "conv1: 1 input channels made of 3", "images are normalised as for the weights"} {
		if !strings.Contains(string(log), want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
}

func TestBeginWithOtherNames(t *testing.T) {
	rename := func(a *weights.Archive) {
		for i := range a.Tensors {
			a.Tensors[i].Name = "trunk/" + a.Tensors[i].Name
		}
		a.Tensors = append(a.Tensors, weights.Tensor{Name: "extra", Shape: []int{1}, Values: []float32{1}})
	}
	c := small(t)
	c.Architecture = yaml.Node{}
	c.Weights, c.NewHead, c.AdaptInput = classified(t, rename), true, true
	c.Map = filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(c.Map, []byte("trunk/(.*) $1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := New(c, Options{Dir: filepath.Join(t.TempDir(), "run"), Log: quiet}); err == nil || !strings.Contains(err.Error(), "extra: checkpoint has (1), model does not have it") {
		t.Errorf("strict: %v", err)
	}
	c.NoStrict = true
	newRun(t, c, Options{})
	if err := os.WriteFile(c.Map, []byte("nothing/(.*) $1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := New(c, Options{Dir: filepath.Join(t.TempDir(), "run"), Log: quiet}); err == nil || !strings.Contains(err.Error(), "no tensor's name is used by line 1") {
		t.Errorf("a rule for nothing: %v", err)
	}
}

// A language model goes on with the tokens of its weights, in whatever order another
// text would have numbered them.
func TestVocabularyOfTheWeights(t *testing.T) {
	text := func(s string) string {
		file := filepath.Join(t.TempDir(), "text.txt")
		if err := os.WriteFile(file, []byte(strings.Repeat(s, 400)), 0o666); err != nil {
			t.Fatal(err)
		}
		return "text:" + file
	}
	config := func(data string) Config {
		c := Names{Model: "lstm-lm", Data: data}.Config()
		c.Epochs, c.BatchSize = 1, 2
		c.Architecture = node(t, "{hidden: 8, dim: 8, context: 8}")
		return c
	}
	first := newRun(t, config(text("abc xyz ")), Options{})
	finish(t, first)
	c := config(text("zyx "))
	c.Weights = first.Dir()
	second := newRun(t, c, Options{})
	if got, want := second.meta.Vocabulary.Tokens, first.meta.Vocabulary.Tokens; !slices.Equal(got, want) {
		t.Errorf("tokens %q, want %q", got, want)
	}
	c = config(text("abcd "))
	c.Weights = first.Dir()
	if _, err := New(c, Options{Dir: filepath.Join(t.TempDir(), "run"), Log: quiet}); err == nil || !strings.Contains(err.Error(), `"d"`) {
		t.Errorf("an unknown character: %v", err)
	}
}

// Images of all sizes are prepared as for the weights, unless it is said how; those of
// a data set keep their size.
func TestInputOfTheWeights(t *testing.T) {
	colours := func(a *weights.Archive) {
		a.Meta.Input = weights.Input{Channels: 3, Height: 16, Width: 16, Mean: []float32{.1, .2, .3}, Std: []float32{.4, .5, .6}}
	}
	c := onFolder(t, imageFolder(t, 3))
	c.Architecture = yaml.Node{}
	c.InputSize, c.Weights, c.NewHead = 0, classified(t, colours), true
	r := newRun(t, c, Options{})
	if got := r.Config(); got.InputSize != 16 || !slices.Equal(got.Mean, []float32{.1, .2, .3}) || !slices.Equal(got.Std, []float32{.4, .5, .6}) {
		t.Errorf("size %d, mean %v and deviation %v, want those of the weights", got.InputSize, got.Mean, got.Std)
	}
	log, err := os.ReadFile(filepath.Join(r.Dir(), LogFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"images are made as large as for the weights", "images are normalised as for the weights"} {
		if !strings.Contains(string(log), want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	c.InputSize, c.Mean, c.Std = 12, []float32{.5, .5, .5}, []float32{1, 1, 1}
	if got := newRun(t, c, Options{}).Config(); got.InputSize != 12 || got.Mean[0] != .5 || got.Std[0] != 1 {
		t.Errorf("size %d, mean %v and deviation %v, want what was given", got.InputSize, got.Mean, got.Std)
	}
}
