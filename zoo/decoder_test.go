package zoo_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// smallText is a small language model of that name with fresh weights.
func smallText(t *testing.T, name string) (*zoo.Model, *graph.Params) {
	t.Helper()
	m, err := zoo.New(name, zoo.WithVocabulary(7), zoo.WithContext(6), func(a zoo.Architecture) error {
		switch a := a.(type) {
		case *zoo.LSTMLM:
			a.Dim, a.Hidden = 8, 8
		case *zoo.TransformerLM:
			a.Width, a.Heads, a.FeedForward, a.Layers = 16, 2, 16, 2
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(3)
	if err != nil {
		t.Fatal(err)
	}
	return m, p
}

var languageModels = []string{"lstm-lm", "transformer-lm"}

func generate(t *testing.T, m *zoo.Model, p *graph.Params, prompt []int, n int, s zoo.Sampling) []int {
	t.Helper()
	d, err := m.NewDecoder(p)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var text []int
	if err := d.Generate(prompt, n, s, func(token int) bool { text = append(text, token); return true }); err != nil {
		t.Fatal(err)
	}
	return text
}

// A text goes on beyond the context, is the same for one seed, and ends where the
// caller wants.
func TestGenerate(t *testing.T) {
	for _, name := range languageModels {
		m, p := smallText(t, name)
		s := zoo.Sampling{Temperature: 1, Seed: 5}
		text := generate(t, m, p, []int{1, 2}, 40, s)
		if len(text) != 40 || !slices.Equal(text, generate(t, m, p, []int{1, 2}, 40, s)) {
			t.Errorf("%s: %v", name, text)
		}
		s.Seed = 6
		if slices.Equal(text, generate(t, m, p, []int{1, 2}, 40, s)) {
			t.Errorf("%s: two seeds give one text", name)
		}
		d, err := m.NewDecoder(p)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		n := 0
		if err := d.Generate([]int{1}, 40, s, func(int) bool { n++; return n < 3 }); err != nil || n != 3 {
			t.Errorf("%s: %d tokens after being told to end at 3, %v", name, n, err)
		}
	}
}

// Beyond the context a Transformer knows the later half of it and what came since.
func TestDecoderForgets(t *testing.T) {
	m, p := smallText(t, "transformer-lm")
	long, err := m.NewDecoder(p)
	if err != nil {
		t.Fatal(err)
	}
	defer long.Close()
	short, err := m.NewDecoder(p)
	if err != nil {
		t.Fatal(err)
	}
	defer short.Close()
	if long.Context() != 6 {
		t.Fatalf("context %d", long.Context())
	}
	var got, want []float32
	for _, token := range []int{0, 1, 2, 3, 4, 5, 6} { // one more than the context
		if got, err = long.Next(token); err != nil {
			t.Fatal(err)
		}
	}
	for _, token := range []int{3, 4, 5, 6} {
		if want, err = short.Next(token); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDecoderErrors(t *testing.T) {
	for _, name := range languageModels {
		m, p := smallText(t, name)
		d, err := m.NewDecoder(p)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		none := func(int) bool { return true }
		for _, c := range []struct {
			err  error
			want string
		}{
			{d.Generate(nil, 3, zoo.Sampling{}, none), "the prompt is empty"},
			{d.Generate([]int{1}, 3, zoo.Sampling{TopK: -1}, none), "top-k -1"},
			{d.Generate([]int{7}, 3, zoo.Sampling{}, none), "token 7, want 0 to 6"},
		} {
			oneLine(t, c.err, c.want)
		}
		err = d.Generate([]int{0, 1, 2, 3, 4, 5, 6}, 1, zoo.Sampling{}, none)
		if name == "transformer-lm" {
			oneLine(t, err, "the prompt has 7 tokens, but the model looks back on 6 at most")
		} else if err != nil {
			t.Error(err)
		}
	}
	m, err := zoo.New("resnet20")
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.NewDecoder(graph.NewParams(1))
	oneLine(t, err, "resnet20 is no language model")
}

func oneLine(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %q", err, want)
	}
}

// Weights say what their tokens stand for.
func TestContinue(t *testing.T) {
	m, p := smallText(t, "lstm-lm")
	said := func(v *weights.Vocabulary, prompt string) (string, error) {
		text := ""
		err := (&zoo.Pretrained{Model: m, Params: p, Meta: weights.Meta{Vocabulary: v}}).Continue(prompt, 12, zoo.Sampling{Temperature: 1}, func(s string) bool {
			text += s
			return true
		})
		return text, err
	}
	letters := &weights.Vocabulary{Unit: "character", Tokens: strings.Split("abcdé\n ", "")}
	if text, err := said(letters, "ab"); err != nil || len([]rune(text)) != 12 {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := said(letters, ""); err != nil || len([]rune(text)) != 12 {
		t.Errorf("%q, %v", text, err)
	}
	words := &weights.Vocabulary{Unit: "word", Tokens: []string{"<unk>", "<eos>", "the", "cat", "sat", "on", "it"}}
	text, err := said(words, "the cat")
	if err != nil || len(strings.Fields(strings.ReplaceAll(text, "\n", " <eos> "))) != 12 || text[0] != ' ' && text[0] != '\n' {
		t.Errorf("%q, %v, want 12 words after a blank or a line end", text, err)
	}
	for _, c := range []struct {
		v      *weights.Vocabulary
		prompt string
		want   string
	}{
		{letters, "abz", `unknown character "z" at position 2`},
		{words, "the dog", `unknown word "dog" at position 1`},
		{nil, "a", "does not say what the tokens"},
		{&weights.Vocabulary{Unit: "character", Tokens: []string{"a", "b"}}, "a", "2 tokens for a model with 7"},
		{&weights.Vocabulary{Unit: "syllable", Tokens: letters.Tokens}, "a", "syllable"},
	} {
		_, err := said(c.v, c.prompt)
		oneLine(t, err, c.want)
	}
}

// What is for one kind of model is an error of one line for another.
func TestTasks(t *testing.T) {
	build := func(name string, opts ...zoo.Option) *zoo.Model {
		m, err := zoo.New(name, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	_, err := zoo.New("resnet20", zoo.WithVocabulary(3))
	oneLine(t, err, `"resnet" is no language model`)
	_, err = zoo.New("lstm-lm", zoo.WithClasses(3))
	oneLine(t, err, `"lstm" is no image classifier`)
	gan := build("gan")
	_, err = gan.LossGraph(graph.NewParams(1), graph.Train, 2, zoo.Loss{})
	oneLine(t, err, "two graphs in turn")
	_, err = build("resnet20").GeneratorGraph(graph.NewParams(1), 2)
	oneLine(t, err, "resnet20 is no generator")
	_, err = build("gan-discriminator").ImageGraph(graph.NewParams(1), graph.Infer, 2)
	oneLine(t, err, "gan-discriminator has no generator")
	_, err = build("gan-generator").DiscriminatorGraph(graph.NewParams(1), 2)
	oneLine(t, err, "gan-generator has no discriminator")
	p, err := gan.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	images := &zoo.Pretrained{Model: gan, Params: p}
	_, err = images.Images(0, 1)
	oneLine(t, err, "0 images")
	oneLine(t, images.Continue("a", 1, zoo.Sampling{}, nil), "gan is no language model")
	one, err := images.Images(1, 4)
	if err != nil {
		t.Fatal(err)
	}
	three, err := images.Images(3, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range one.Float32s() {
		if d := v - three.Float32s()[i]; d > 1e-5 || d < -1e-5 {
			t.Fatalf("value %d of the first image is %v alone and %v among three", i, v, three.Float32s()[i])
		}
	}
	if _, err := zoo.NewModel("odd", odd{}); err == nil {
		t.Error("a model of no kind was made")
	}
}

// odd is an architecture that is of no kind.
type odd struct{}

func (odd) Family() string          { return "odd" }
func (odd) Validate() error         { return nil }
func (odd) Clone() zoo.Architecture { return odd{} }
