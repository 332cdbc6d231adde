package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// on is a run of others on another data set, which has the length that it has.
func on(t *testing.T, name, data string) Config {
	t.Helper()
	c := tiny(t, others[name])
	c.Data, c.TrainLen, c.ValLen = data, 0, 0
	return c
}

// textFile makes a file of text.
func textFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "some.txt")
	write(t, path, []byte(text))
	return path
}

// wordsFolder makes a data set of words.
func wordsFolder(t *testing.T, train, valid string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.txt"), []byte(train))
	write(t, filepath.Join(dir, "valid.txt"), []byte(valid))
	return dir
}

// TestNewRefusesOtherTasks is TestNewRefuses for language models and GANs.
func TestNewRefusesOtherTasks(t *testing.T) {
	empty, short := textFile(t, ""), textFile(t, "To be, or")
	binary, latin := textFile(t, "a\x00b"), textFile(t, "caf\xe9")
	folder := t.TempDir()
	for _, c := range []struct {
		name   string
		config Config
		change func(*Config)
		want   []string
	}{
		{"text shorter than a window", on(t, "transformer", "text:"+short), nil, []string{"training text: ", "8 tokens", "window of 12", "at least 13"}},
		{"context longer than the text", tiny(t, others["transformer"]), func(c *Config) { c.Architecture = node(t, "{context: 2000}") }, []string{"training text: 1500 tokens", "window of 2000"}},
		{"one character", on(t, "lstm", "text:"+textFile(t, "a")), nil, []string{"some.txt: a vocabulary of 1 token: want at least 2"}},
		{"more texts than tokens", on(t, "lstm", "text:"+short), nil, []string{"training text: "}},
		{"empty text", on(t, "lstm", "text:"+empty), nil, []string{"some.txt: the text is empty"}},
		{"binary text", on(t, "lstm", "text:"+binary), nil, []string{"some.txt: this is no text: byte 1 is zero"}},
		{"Latin 1", on(t, "lstm", "text:"+latin), nil, []string{"some.txt: invalid UTF-8 at byte 3, in line 1"}},
		{"missing text", on(t, "lstm", "text:"+filepath.Join(folder, "no.txt")), nil, []string{"text: ", "no.txt", "want a file or folder of text, found nothing"}},
		{"folder without text", on(t, "transformer", "text:"+folder), nil, []string{"no .txt file in this folder"}},
		{"no words", on(t, "lstm", "words:"+folder), nil, []string{"words: ", "train.txt"}},
		{"words that are too few", on(t, "transformer", "words:"+wordsFolder(t, "a b\n", "a b\n")), nil, []string{"training text: 3 tokens", "window of 12"}},
		{"no path", on(t, "lstm", "text"), nil, []string{"text:DIR"}},
		{"classifier on text", small(t), func(c *Config) { c.Data = "sentences" }, []string{"resnet20 is a model for classification: want data of glyphs", "found sentences"}},
		{"GAN on text", tiny(t, others["gan"]), func(c *Config) { c.Data = "text:" + short }, []string{"gan is a model for generation: want data of glyphs", "found text"}},
		{"GAN with a mean", tiny(t, others["gan"]), func(c *Config) { c.Mean, c.Std = []float32{0.5}, []float32{0.5} }, []string{"mean and std are for image classifiers: gan is a model for generation"}},
		{"language model with a mean", tiny(t, others["lstm"]), func(c *Config) { c.Mean, c.Std = []float32{0.5}, []float32{0.5} }, []string{"mean and std are for image classifiers: lstm-lm"}},
		{"GAN with smoothed labels", tiny(t, others["gan"]), func(c *Config) { c.LabelSmoothing = 0.1 }, []string{"label_smoothing is for models with classes or tokens: gan"}},
		{"input of a language model", tiny(t, others["lstm"]), func(c *Config) { c.InputSize = 5 }, []string{"input_size is for images: lstm-lm reads text"}},
		{"language model on images", tiny(t, others["lstm"]), func(c *Config) { c.Data = "glyphs" }, []string{"lstm-lm is a model for language: want data of text, words, sentences, found glyphs"}},
		{"steps of an LSTM", tiny(t, others["lstm"]), func(c *Config) { c.StepsPerEpoch = 5 }, []string{"steps_per_epoch 5, but a recurrent model reads the text in order"}},
		{"negative steps", tiny(t, others["transformer"]), func(c *Config) { c.StepsPerEpoch = -1 }, []string{"steps_per_epoch -1"}},
		{"steps of a GAN", tiny(t, others["gan"]), func(c *Config) { c.StepsPerEpoch = 5 }, []string{"steps_per_epoch", "language models"}},
		{"steps of a classifier", small(t), func(c *Config) { c.StepsPerEpoch = 5 }, []string{"steps_per_epoch", "language models"}},
		{"clipping", tiny(t, others["lstm"]), func(c *Config) { c.ClipNorm = -1 }, []string{"clip_norm -1"}},
		{"vocabulary", tiny(t, others["lstm"]), func(c *Config) { c.Architecture = node(t, "{vocabulary: 3}") }, []string{"lstm-lm has a vocabulary of 3, but that of the data set sentences has "}},
		{"heads", tiny(t, others["transformer"]), func(c *Config) { c.Architecture = node(t, "{width: 10, heads: 3}") }, []string{"3 heads"}},
		{"key of another family", tiny(t, others["transformer"]), func(c *Config) { c.Architecture = node(t, "{hidden: 10}") }, []string{`no setting "hidden"`}},
		{"tied weights", tiny(t, others["lstm"]), func(c *Config) { c.Architecture = node(t, "{tie_weights: true, dim: 3}") }, []string{"tied weights with dim 3"}},
		{"half a GAN", tiny(t, others["gan"]), func(c *Config) { c.Model = "gan-generator" }, []string{"gan-generator has no discriminator"}},
		{"batch of a GAN", tiny(t, others["gan"]), func(c *Config) { c.BatchSize = 91 }, []string{"training images: batch size 91 is larger than the data set, which has 90 images"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change != nil {
				c.change(&c.config)
			}
			dir := filepath.Join(t.TempDir(), "run")
			r, err := New(c.config, Options{Dir: dir, Log: quiet})
			if err == nil {
				r.Close()
			}
			oneClearLine(t, err, c.want...)
			if _, err := os.Stat(dir); err == nil {
				t.Error("a folder was left behind")
			}
		})
	}
}

// TestOtherTasksDiverge trains with a learning rate beyond all measure.
func TestOtherTasksDiverge(t *testing.T) {
	for name, text := range others {
		t.Run(name, func(t *testing.T) {
			c := tiny(t, text)
			c.Optimizer.LR, c.Schedule = 1e38, DefaultSchedule("constant")
			r := newRun(t, c, Options{})
			err := r.Train(context.Background())
			var d *DivergedError
			if !errors.As(err, &d) || d.Saved != 0 || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v", err)
			}
			r.Close()
			checkpoint, err := Resume(r.Dir(), Options{Log: quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer checkpoint.Close()
			if name := notFinite(checkpoint.Params()); name != "" || checkpoint.steps() != 0 {
				t.Errorf("the checkpoint is of step %d, %s is not finite", checkpoint.steps(), name)
			}
		})
	}
}

// A loss on the validation text that is not finite ends a run, though its parameters
// are finite.
func TestValidationDiverges(t *testing.T) {
	r := newRun(t, tiny(t, others["lstm"]), Options{})
	r.options.Report = &stopAt{at: func(p Progress) bool {
		if p.Batch == p.Batches && !p.Evaluating {
			bias, _ := r.Params().Get("decoder.bias")
			v := bias.Value.Float32s()
			for i := range v {
				v[i] = -3e38
			}
			v[0] = 3e38
		}
		return false
	}}
	err := r.Train(context.Background())
	var d *DivergedError
	if !errors.As(err, &d) || d.Saved != 0 || d.Epoch != 1 {
		t.Fatalf("got %v", err)
	}
	oneClearLine(t, err, "the loss on the validation text is +Inf at step")
	if _, err := os.Stat(filepath.Join(r.Dir(), BestFile)); err == nil {
		t.Error("the epoch is the best")
	}
}

// A model that cannot say anything, since its logits are not numbers, does not end a
// run whose losses are.
func TestNoSample(t *testing.T) {
	c := tiny(t, others["lstm"])
	c.Epochs = 1
	r := newRun(t, c, Options{})
	finish(t, r)
	bias, _ := r.Params().Get("decoder.bias")
	bias.Value.Float32s()[5] = nan
	r.params.Changed()
	if err := r.task.artifacts(false); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{SamplesFile: "(none: the logit of token ", LogFile: `level=WARN msg="no sample" epoch=1`} {
		if text, err := os.ReadFile(filepath.Join(r.Dir(), file)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, want %q in\n%s", file, err, want, text)
		}
	}
}

// Another text, or a state that is missing or of another size, cannot be gone on with.
func TestResumeRefusesOtherTasks(t *testing.T) {
	change := func(t *testing.T, dir string, change func(*weights.Archive)) {
		t.Helper()
		path := filepath.Join(dir, LastFile)
		a, err := weights.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		change(a)
		if err := a.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, run string
		change    func(t *testing.T, dir string)
		want      []string
	}{
		{"less text", "lstm", func(t *testing.T, dir string) { replace(t, dir, "train_len: 1500", "train_len: 1400") },
			[]string{"the run began with 1500 training and 120 validation tokens, but the data set has 1400 and 120 now"}},
		{"fewer images", "gan", func(t *testing.T, dir string) { replace(t, dir, "train_len: 90", "train_len: 80") },
			[]string{"the run began with 90 training and 10 validation images, but the data set has 80 and 10 now"}},
		{"no state", "lstm", func(t *testing.T, dir string) {
			change(t, dir, func(a *weights.Archive) {
				kept := a.Tensors[:0]
				for _, w := range a.Tensors {
					if w.Section != stateSection || w.Name != "c0" {
						kept = append(kept, w)
					}
				}
				a.Tensors = kept
			})
		}, []string{"last.ckpt: ", "lacks the state c0 of the model"}},
		{"state of another batch", "lstm", func(t *testing.T, dir string) { replace(t, dir, "batch_size: 8", "batch_size: 9") },
			[]string{"last.ckpt: ", "state h0 of the model: shape", "want (2, 9, 20)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := begun(t, tiny(t, others[c.run]))
			c.change(t, dir)
			r, err := Resume(dir, Options{Log: quiet})
			if err == nil {
				r.Close()
			}
			oneClearLine(t, err, c.want...)
		})
	}
}

func TestEvaluateRefusesOtherTasks(t *testing.T) {
	fresh := func(name string) string {
		return filepath.Join(newRun(t, tiny(t, others[name]), Options{}).Dir(), LastFile)
	}
	lstm, transformer, gan := fresh("lstm"), fresh("transformer"), fresh("gan")
	for _, c := range []struct {
		name string
		c    EvalConfig
		want []string
	}{
		{"GAN", EvalConfig{Weights: gan, Data: "glyphs"}, []string{"gan makes images, for which there is no measure"}},
		{"language model on images", EvalConfig{Weights: lstm, Data: "glyphs"}, []string{`"glyphs"`, "text, words, sentences"}},
		{"classifier on text", EvalConfig{Weights: start10Classes(t), Data: "sentences"}, []string{`"sentences"`}},
		{"characters on words", EvalConfig{Weights: lstm, Data: "words:" + wordsFolder(t, "a b\n", "a b\n")}, []string{"read by words", "one of characters"}},
		{"character that was never seen", EvalConfig{Weights: lstm, Data: "text:" + textFile(t, "The cat ☃ sat on the mat.")}, []string{`unknown character "☃"`}},
		{"empty text", EvalConfig{Weights: lstm, Data: "text:" + textFile(t, "")}, []string{"the text is empty"}},
		{"missing text", EvalConfig{Weights: lstm, Data: "text:no.txt"}, []string{"no.txt", "found nothing"}},
		{"one character", EvalConfig{Weights: transformer, Data: "text:" + textFile(t, "The cat")}, []string{"validation text: 1 token of text: want at least 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.c.Log = quiet
			_, err := Evaluate(context.Background(), c.c)
			oneClearLine(t, err, c.want...)
		})
	}
}
