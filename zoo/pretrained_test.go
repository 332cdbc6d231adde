package zoo_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// saved writes the weights of a model with what change leaves of their description.
func saved(t *testing.T, m *zoo.Model, p *graph.Params, change func(*weights.Meta)) string {
	t.Helper()
	meta := weights.Meta{Model: m.Name()}
	if err := meta.SetConfig(m.Config()); err != nil {
		t.Fatal(err)
	}
	if m.Task() == zoo.Language {
		meta.Vocabulary = &weights.Vocabulary{Unit: "character", Tokens: strings.Split("abcdé\n ", "")}
	}
	if change != nil {
		change(&meta)
	}
	path := filepath.Join(t.TempDir(), "weights.gob")
	if err := weights.Save(path, p, meta); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file tells the model, its configuration and its vocabulary, and the model goes
// on as the one that was saved.
func TestLoadLanguageModel(t *testing.T) {
	for _, name := range languageModels {
		m, p := smallText(t, name)
		l, err := zoo.Load(saved(t, m, p, nil), "")
		if err != nil {
			t.Fatal(err)
		}
		if l.Model.Name() != name || l.Model.Text() != m.Text() {
			t.Errorf("%s %+v, want %s %+v", l.Model.Name(), l.Model.Text(), name, m.Text())
		}
		v, err := l.Vocabulary()
		if err != nil || v.Len() != 7 || v.Unit() != "character" {
			t.Errorf("%s: vocabulary %v, %v", name, v, err)
		}
		s := zoo.Sampling{Temperature: 1, Seed: 2}
		if got, want := generate(t, l.Model, l.Params, []int{1, 2}, 20, s), generate(t, m, p, []int{1, 2}, 20, s); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestLoadGenerator(t *testing.T) {
	m, err := zoo.New("gan", func(a zoo.Architecture) error {
		g := a.(*zoo.GAN)
		g.Features, g.Start, g.Latent = []int{16}, 14, 10
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := zoo.Load(saved(t, m, p, nil), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Images(3, 4)
	if err != nil {
		t.Fatal(err)
	}
	want, err := (&zoo.Pretrained{Model: m, Params: p}).Images(3, 4)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal([]int(got.Shape()), []int{3, 1, 28, 28}) || !slices.Equal(got.Float32s(), want.Float32s()) {
		t.Errorf("images %v are others than those of the model that was saved", got.Shape())
	}
	for _, v := range got.Float32s() {
		if !(v >= -1 && v <= 1) {
			t.Fatalf("a pixel is %v, want -1 to 1", v)
		}
	}
	other, err := l.Images(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(got.Float32s(), other.Float32s()) {
		t.Error("two seeds give the same images")
	}
	_, err = l.Vocabulary()
	oneLine(t, err, "gan is no language model: it has no vocabulary")
}

// Without a configuration the tensors tell how many tokens there are; the rest is
// that of the registered model, or what the options say.
func TestLoadWithoutConfig(t *testing.T) {
	m, p := smallText(t, "lstm-lm")
	small := func(a zoo.Architecture) error {
		l := a.(*zoo.LSTMLM)
		l.Dim, l.Hidden = 8, 8
		return nil
	}
	nothing := func(m *weights.Meta) { *m = weights.Meta{} }
	l, err := zoo.Load(saved(t, m, p, nothing), "lstm-lm", small)
	if err != nil {
		t.Fatal(err)
	}
	if n := l.Model.Text().Vocabulary; n != 7 {
		t.Errorf("a vocabulary of %d, want 7", n)
	}
	oneLine(t, l.Continue("a", 1, zoo.Sampling{}, nil), "does not say what the tokens")
}

func TestLoadErrors(t *testing.T) {
	m, p := smallText(t, "lstm-lm")
	good := saved(t, m, p, nil)
	dir := t.TempDir()
	text := filepath.Join(dir, "text.gob")
	if err := os.WriteFile(text, []byte("To be, or not to be"), 0o644); err != nil {
		t.Fatal(err)
	}
	cut := saved(t, m, p, nil)
	if err := os.Truncate(cut, 1000); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, model string
		opts        []zoo.Option
		want        string
	}{
		{filepath.Join(dir, "none.gob"), "", nil, "none.gob: no such file"},
		{dir, "", nil, dir},
		{text, "", nil, "text.gob: "},
		{cut, "", nil, "weights.gob: truncated"},
		{saved(t, m, p, func(m *weights.Meta) { m.Model = "" }), "", nil, "does not say which model it is for: name the model"},
		{saved(t, m, p, func(m *weights.Meta) { m.Model = "lstm-ml" }), "", nil, "lstm-lm"},
		{good, "lstm-ml", nil, "lstm-lm"},
		{good, "", []zoo.Option{zoo.WithClasses(3)}, "no image classifier"},
		{good, "", []zoo.Option{zoo.WithContext(0)}, "a context of 0"},
		{good, "", []zoo.Option{zoo.WithVocabulary(-1)}, "a vocabulary of -1 tokens"},
	} {
		_, err := zoo.Load(c.path, c.model, c.opts...)
		oneLine(t, err, c.want)
	}
}

// A Transformer that looks back on one token alone goes on too.
func TestDecoderOfOneToken(t *testing.T) {
	m, err := zoo.New("transformer-lm", zoo.WithVocabulary(7), zoo.WithContext(1), func(a zoo.Architecture) error {
		l := a.(*zoo.TransformerLM)
		l.Width, l.Heads, l.FeedForward, l.Layers = 16, 2, 16, 1
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(3)
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.NewDecoder(p)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var of [2][]float32
	for i, token := range []int{3, 5, 3} {
		logits, err := d.Next(token)
		if err != nil {
			t.Fatal(err)
		}
		if i != 1 {
			of[i/2] = slices.Clone(logits)
		}
	}
	if !slices.Equal(of[0], of[1]) {
		t.Errorf("%v after another token, want %v", of[1], of[0])
	}
}

// Weights that are not numbers are one clear line, and so is what a decoder cannot read.
func TestDecoderOfNaN(t *testing.T) {
	for _, name := range languageModels {
		m, p := smallText(t, name)
		w, _ := p.Get("decoder.bias")
		w.Value.Float32s()[4] = float32(math.NaN())
		p.Changed()
		l := &zoo.Pretrained{Model: m, Params: p, Meta: weights.Meta{Vocabulary: &weights.Vocabulary{Unit: "character", Tokens: strings.Split("abcdé\n ", "")}}}
		oneLine(t, l.Continue("ab", 3, zoo.Sampling{Temperature: 1}, func(string) bool { return true }), "the logit of token 4 is NaN")
	}
	m, p := smallText(t, "lstm-lm")
	d, err := m.NewDecoder(p)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, token := range []int{-1, 7} {
		_, err := d.Next(token)
		oneLine(t, err, "want 0 to 6")
	}
}

func TestWithContext(t *testing.T) {
	for _, name := range []string{"resnet20", "gan"} {
		_, err := zoo.New(name, zoo.WithContext(3))
		oneLine(t, err, "no language model: it has neither a vocabulary nor a context")
	}
	_, err := zoo.NewModel("odd", odd{})
	oneLine(t, err, "odd")
	for _, name := range languageModels {
		m, p := smallText(t, name)
		for what, build := range map[string]func() error{
			"GeneratorGraph":     func() error { _, err := m.GeneratorGraph(p, 1); return err },
			"DiscriminatorGraph": func() error { _, err := m.DiscriminatorGraph(p, 1); return err },
			"ImageGraph":         func() error { _, err := m.ImageGraph(p, graph.Infer, 1); return err },
			"Images":             func() error { _, err := (&zoo.Pretrained{Model: m, Params: p}).Images(1, 1); return err },
		} {
			t.Run(name+" "+what, func(t *testing.T) { oneLine(t, build(), name+" is no generator of images") })
		}
	}
}
