package main

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// predict runs the command.
func predict(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

// save writes fresh weights of a small model.
func save(t *testing.T, name string, vocabulary *weights.Vocabulary, opts ...zoo.Option) string {
	t.Helper()
	m, err := zoo.New(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	meta := weights.Meta{Model: name, Vocabulary: vocabulary}
	if err := meta.SetConfig(m.Config()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name+".gob")
	if err := weights.Save(path, p, meta); err != nil {
		t.Fatal(err)
	}
	return path
}

func letters() *weights.Vocabulary {
	return &weights.Vocabulary{Unit: "character", Tokens: strings.Split("abcd\n", "")}
}

// textModel is a small language model of letters.
func textModel(t *testing.T) string {
	return save(t, "lstm-lm", letters(), zoo.WithVocabulary(5), func(a zoo.Architecture) error {
		l := a.(*zoo.LSTMLM)
		l.Dim, l.Hidden = 8, 8
		return nil
	})
}

// imageModel is a small generator.
func imageModel(t *testing.T) string {
	return save(t, "gan", nil, func(a zoo.Architecture) error {
		g := a.(*zoo.GAN)
		g.Features = []int{16, 16}
		return nil
	})
}

// shortSighted is a small language model that looks back on 8 letters.
func shortSighted(t *testing.T) string {
	return save(t, "transformer-lm", letters(), zoo.WithVocabulary(5), zoo.WithContext(8), func(a zoo.Architecture) error {
		l := a.(*zoo.TransformerLM)
		l.Width, l.Heads, l.FeedForward, l.Layers = 8, 2, 8, 1
		return nil
	})
}

// damage makes one of a language model's weights NaN.
func damage(t *testing.T, path string) string {
	t.Helper()
	a, err := weights.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	w, ok := a.Get("", "decoder.bias")
	if !ok {
		t.Fatal("there is no decoder.bias")
	}
	w.Values.([]float32)[2] = float32(math.NaN())
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// A run folder stands for its weights, a Transformer goes on beyond what it looks
// back on, and a text begins anew without a prompt.
func TestPromptOfRunFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Rename(shortSighted(t), filepath.Join(dir, train.WeightsFile)); err != nil {
		t.Fatal(err)
	}
	for _, prompt := range []string{"", "abcdabcd"} {
		status, text, stderr := predict("--weights", dir, "--prompt", prompt, "--tokens", "30")
		if status != 0 || stderr != "" || !strings.HasPrefix(text, prompt) || len(text) != len(prompt)+30+1 {
			t.Errorf("prompt %q: status %d, %q, %s", prompt, status, text, stderr)
		}
	}
}

func TestPrompt(t *testing.T) {
	path := textModel(t)
	args := []string{"--weights", path, "--prompt", "abc", "--tokens", "30", "--seed", "3"}
	status, text, stderr := predict(args...)
	if status != 0 || stderr != "" || !strings.HasPrefix(text, "abc") || len(text) != 3+30+1 {
		t.Errorf("status %d, %q, %s", status, text, stderr)
	}
	if _, again, _ := predict(args...); again != text {
		t.Errorf("%q, then %q", text, again)
	}
	if _, other, _ := predict(append(args, "--seed", "4")...); other == text {
		t.Error("two seeds give one text")
	}
	_, greedy, _ := predict("--weights", path, "--prompt", "abc", "--tokens", "30", "--temperature", "0")
	if _, one, _ := predict("--weights", path, "--prompt", "abc", "--tokens", "30", "--top-k", "1"); one != greedy {
		t.Errorf("%q with --top-k 1, %q with --temperature 0", one, greedy)
	}
}

func TestSamples(t *testing.T) {
	out := filepath.Join(t.TempDir(), "grid.png")
	status, stdout, stderr := predict("--weights", imageModel(t), "--samples", "5", "--out", out)
	if status != 0 || stderr != "" || !strings.Contains(stdout, "5 images of 28x28") {
		t.Fatalf("status %d, %q, %s", status, stdout, stderr)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil || m.Bounds().Dx() != 3*28+2*2 || m.Bounds().Dy() != 2*28+2 {
		t.Errorf("%v, %v, want three by two", m.Bounds(), err)
	}
}

// What cannot be is one clear line, and leaves no file.
func TestBadUse(t *testing.T) {
	text, images := textModel(t), imageModel(t)
	noVocabulary, transformer := save(t, "lstm-lm", nil), shortSighted(t)
	discriminator, damaged := save(t, "gan-discriminator", nil), damage(t, textModel(t))
	notWeights := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(notWeights, []byte("no weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out.png")
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{}, 2, "--weights is missing"},
		{[]string{"--weight", "x"}, 2, "did you mean --weights"},
		{[]string{"--weights", text, "--pretrained", "cifar10"}, 2, "exclude each other"},
		{[]string{"--pretrained", "cifar-10", "x.png"}, 2, "did you mean cifar10"},
		{[]string{"--pretrained", "cifar10", "--model", "resnet21", "x.png"}, 2, "did you mean resnet20"},
		{[]string{"--weights", filepath.Join(dir, "none.gob")}, 1, "none.gob: no such file"},
		{[]string{"--weights", text, "--tokens", "0"}, 2, "--tokens 0"},
		{[]string{"--weights", text, "--samples", "3"}, 2, "--samples is for generators"},
		{[]string{"--weights", text, "--prompt", "abx"}, 1, `unknown character "x" at position 2`},
		{[]string{"--weights", text, "--temperature", "-1"}, 1, "temperature -1"},
		{[]string{"--weights", text, "--model", "lstm-ml"}, 1, "lstm-lm"},
		{[]string{"--weights", text, "--architecture", "[1]"}, 2, "want a YAML mapping"},
		{[]string{"--weights", text, "--architecture", "{hiden: 4}"}, 1, "hidden"},
		{[]string{"--weights", text, "--top-k", "-1"}, 1, "top-k -1"},
		{[]string{"--weights", text, "--top-p", "1.5"}, 1, "top-p 1.5"},
		{[]string{"--weights", text, "--top-k", "few"}, 2, "--top-k"},
		{[]string{"--weights", text, "--seed", "-1"}, 2, "--seed"},
		{[]string{"--weights", text, "cat.png"}, 2, "images are for image classifiers"},
		{[]string{"--weights", notWeights}, 1, "note.txt: "},
		{[]string{"--weights", t.TempDir()}, 1, "weights.gob: no such file"},
		{[]string{"--weights", transformer, "--prompt", "abcdabcdabcd"}, 1, "the prompt has 12 tokens, but the model looks back on 8 at most"},
		{[]string{"--weights", damaged, "--prompt", "a"}, 1, "the logit of token 2 is NaN"},
		{[]string{"--weights", noVocabulary, "--prompt", "a"}, 1, "does not say what the tokens"},
		{[]string{"--weights", images, "--prompt", "a"}, 2, "--prompt is for language models"},
		{[]string{"--weights", images, "cat.png"}, 2, "images are for image classifiers"},
		{[]string{"--weights", images, "--out", out}, 2, "--samples 0"},
		{[]string{"--weights", images, "--out", out, "--samples", "-3"}, 2, "--samples -3"},
		{[]string{"--weights", discriminator, "--samples", "3", "--out", out}, 1, "gan-discriminator has no generator"},
		{[]string{"--weights", images, "--samples", "3"}, 2, "--out is missing"},
		{[]string{"--weights", images, "--samples", "3", "--out", filepath.Join(dir, "no", "out.png")}, 1, "there is no folder"},
		{[]string{"--weights", images, "--samples", "3", "--out", out, "--architecture", "{latent: 50}"}, 1, "generator.fc.weight: checkpoint has (784, 100)"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			status, stdout, stderr := predict(c.args...)
			if status != c.status || stdout != "" || !strings.HasPrefix(stderr, "zoo-predict: ") || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("status %d, %q, %q; want %d, %q", status, stdout, stderr, c.status, c.want)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("files were left: %v", left)
			}
		})
	}
}
