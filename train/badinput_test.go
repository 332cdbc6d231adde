package train

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// oneClearLine checks an error: one line that says what is wanted.
func oneClearLine(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a line: %q", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %q, want %q in it", err, w)
		}
	}
}

// write makes a file with its folders.
func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// imageFolder makes a data set of two classes with n images of a split each.
func imageFolder(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for _, split := range []string{"train", "val"} {
		for class, name := range []string{"dark", "light"} {
			for i := range n {
				m := image.NewGray(image.Rect(0, 0, 9+i%3, 12))
				for p := range m.Pix {
					m.Pix[p] = uint8(60 + 100*class + (p*7+i*13)%50)
				}
				m.SetGray(0, 0, color.Gray{Y: uint8(i)})
				path := filepath.Join(dir, split, name, string(rune('a'+i))+".png")
				write(t, path, nil)
				f, err := os.Create(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := png.Encode(f, m); err != nil {
					t.Fatal(err)
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

// onFolder are settings for an image folder.
func onFolder(t *testing.T, dir string) Config {
	c, err := ParseConfig([]byte(`
architecture: {blocks: [1], width: 4}
input_size: 8
batch_size: 3
epochs: 2
`), Names{Data: "imagefolder:" + dir})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestNewRefuses goes through what can be wrong before a run begins. None of it
// may leave a folder behind.
func TestNewRefuses(t *testing.T) {
	empty := t.TempDir()
	cutIdx := t.TempDir()
	write(t, filepath.Join(cutIdx, "train-images-idx3-ubyte"), []byte{0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2, 3})
	for _, f := range []string{"train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} {
		write(t, filepath.Join(cutIdx, f), []byte{0, 0, 8, 1, 0, 0, 0, 10, 0})
	}
	cutCIFAR := t.TempDir()
	for _, f := range []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"} {
		write(t, filepath.Join(cutCIFAR, f), make([]byte, 3072))
	}
	emptyClass := imageFolder(t, 2)
	if err := os.Mkdir(filepath.Join(emptyClass, "train", "medium"), 0o755); err != nil {
		t.Fatal(err)
	}
	other := start10Classes(t)
	notWeights := filepath.Join(empty, "text.gob")
	write(t, notWeights, []byte("hello"))

	for _, c := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"unknown model", func(c *Config) { c.Model = "resnet21" }, []string{`no model "resnet21"`, "resnet20"}},
		{"unknown data set", func(c *Config) { c.Data = "minst:x" }, []string{`no data set "minst"; did you mean mnist?`}},
		{"no path", func(c *Config) { c.Data = "cifar10" }, []string{"cifar10:DIR"}},
		{"unknown optimizer", func(c *Config) { c.Optimizer.Name = "adamx" }, []string{`optimizer: no optimizer "adamx"; did you mean adam`}},
		{"unknown schedule", func(c *Config) { c.Schedule.Name = "cosin" }, []string{`schedule: no schedule "cosin"; did you mean cosine?`}},
		{"learning rate", func(c *Config) { c.Optimizer.LR = 0 }, []string{"optimizer: lr 0, want more than 0"}},
		{"nesterov without momentum", func(c *Config) { c.Optimizer.Momentum = 0 }, []string{"nesterov with momentum 0"}},
		{"setting of another optimizer", func(c *Config) { c.Optimizer.Betas = [2]float64{0.9, 0.9} }, []string{"optimizer: betas is for adam, adamw, it means nothing for sgd"}},
		{"setting of another schedule", func(c *Config) { c.Schedule.Gamma = 0.5 }, []string{"schedule: gamma is for step, it means nothing for onecycle"}},
		{"words of images", func(c *Config) { c.MinCount = 2 }, []string{"min_count is for words: glyphs has none"}},
		{"limit of no skipping", func(c *Config) { c.MaxSkipped = 3 }, []string{"max_skipped is for on_nan skip"}},
		{"warm-up of one-cycle", func(c *Config) { c.Schedule.Warmup = 1 }, []string{"warmup with onecycle"}},
		{"warm-up too long", func(c *Config) { c.Schedule = DefaultSchedule("cosine"); c.Schedule.Warmup = 3 }, []string{"a warm-up of 3 epochs in a run of 3"}},
		{"epochs", func(c *Config) { c.Epochs = 0 }, []string{"epochs 0, want at least 1"}},
		{"batch size", func(c *Config) { c.BatchSize = -1 }, []string{"batch_size -1, want at least 1"}},
		{"label smoothing", func(c *Config) { c.LabelSmoothing = 1 }, []string{"label_smoothing 1, want at least 0 and less than 1"}},
		{"flip", func(c *Config) { c.Augment.Flip = 1.5 }, []string{"augment: flip 1.5, want 0 to 1"}},
		{"mean without std", func(c *Config) { c.Mean = []float32{0} }, []string{"1 values of mean and 0 of std"}},
		{"mean of three channels", func(c *Config) { c.Mean, c.Std = make([]float32, 3), []float32{1, 1, 1} }, []string{"mean and std of 3 channels for images of 1"}},
		{"batch larger than the data set", func(c *Config) { c.BatchSize = 101 }, []string{"batch size 101 is larger than the data set, which has 100 images"}},
		{"lengths of another data set", func(c *Config) { c.Data = "mnist:" + empty }, []string{"train_len and val_len are for glyphs"}},
		{"classes", func(c *Config) { c.Architecture = node(t, "{size: {classes: 7}}") }, []string{"resnet20 has 7 classes, but the data set glyphs has 10"}},
		{"architecture", func(c *Config) { c.Architecture = node(t, "{widht: 7}") }, []string{`no setting "widht"; did you mean width?`}},
		{"architecture of parts", func(c *Config) { c.Architecture = node(t, "{blocks: [1, 2.5]}") }, []string{`found "2.5", want a whole number`}},
		{"architecture of a wrong type", func(c *Config) { c.Architecture = node(t, "{width: wide}") }, []string{`found "wide", want a whole number`}},
		{"missing folder", func(c *Config) { *c = onFolder(t, filepath.Join(empty, "no")) }, []string{"imagefolder: ", "want a folder, found nothing"}},
		{"empty class folder", func(c *Config) { *c = onFolder(t, emptyClass) }, []string{"medium"}},
		{"missing files", func(c *Config) { *c = plainConfig(t, "mnist:"+empty) }, []string{"mnist: ", "train-images-idx3-ubyte", "is missing"}},
		{"truncated idx", func(c *Config) { *c = plainConfig(t, "mnist:"+cutIdx) }, []string{"train-images-idx3-ubyte", "3 bytes of 7840"}},
		{"truncated CIFAR", func(c *Config) { *c = plainConfig(t, "cifar10:"+cutCIFAR) }, []string{"data_batch_1.bin", "3072"}},
		{"missing weights", func(c *Config) { c.Weights = filepath.Join(empty, "no.gob") }, []string{"no.gob: no such file"}},
		{"weights of another kind", func(c *Config) { c.Weights = notWeights }, []string{"text.gob: "}},
		{"weights of other classes", func(c *Config) { *c = onFolder(t, imageFolder(t, 3)); c.Weights = other }, []string{"fc.weight: checkpoint has 10 classes, model wants 2"}},
		{"skip without weights", func(c *Config) { c.Skip = []string{"fc.*"} }, []string{"skip without weights: there is nothing to fit"}},
		{"new head without weights", func(c *Config) { c.NewHead = true }, []string{"new_head without weights"}},
		{"new head of a language model", func(c *Config) { *c = Names{Model: "lstm-lm"}.Config(); c.Weights, c.NewHead = other, true }, []string{"new_head and adapt_input are for image classifiers"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := small(t)
			c.change(&config)
			dir := filepath.Join(t.TempDir(), "run")
			r, err := New(config, Options{Dir: dir, Log: quiet})
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

// start10Classes returns the weights of a net for ten classes and colour images
// of 8x8 pixels.
func start10Classes(t *testing.T) string {
	c := small(t)
	c.Architecture = node(t, "{blocks: [1], width: 4, size: {channels: 3}}")
	return filepath.Join(newRun(t, c, Options{}).Dir(), LastFile)
}

func plainConfig(t *testing.T, data string) Config {
	c, err := ParseConfig(nil, Names{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFolders goes through what can be wrong with the run folder.
func TestFolders(t *testing.T) {
	c := small(t)
	c.Epochs = 1
	old := newRun(t, c, Options{})
	finish(t, old)

	t.Run("a run is in it", func(t *testing.T) {
		_, err := New(c, Options{Dir: old.Dir(), Log: quiet})
		oneClearLine(t, err, old.Dir()+" holds a run already", "resume", "overwrite")
	})
	t.Run("it is a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		write(t, file, nil)
		for _, dir := range []string{file, filepath.Join(file, "run")} {
			_, err := New(c, Options{Dir: dir, Log: quiet})
			oneClearLine(t, err, "cannot make the run folder", file)
		}
	})
	t.Run("it cannot be written", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o755)
		if os.WriteFile(filepath.Join(dir, "probe"), nil, 0o644) == nil {
			t.Skip("this user may write everywhere")
		}
		_, err := New(c, Options{Dir: filepath.Join(dir, "run"), Log: quiet})
		oneClearLine(t, err, "cannot make the run folder", "permission denied")
		_, err = New(c, Options{Dir: dir, Log: quiet})
		oneClearLine(t, err, "cannot write", "permission denied")
	})
	t.Run("overwrite", func(t *testing.T) {
		note := filepath.Join(old.Dir(), "note.txt")
		write(t, note, []byte("mine"))
		r := newRun(t, c, Options{Dir: old.Dir(), Overwrite: true})
		if len(r.History()) != 0 {
			t.Error("the old run is still there")
		}
		if _, err := os.Stat(note); err != nil {
			t.Errorf("a file that is not the run's: %v", err)
		}
		if _, err := os.Stat(filepath.Join(r.Dir(), WeightsFile)); err == nil {
			t.Error("the old run's weights are still there")
		}
	})
	t.Run("it goes away", func(t *testing.T) {
		r := newRun(t, c, Options{})
		r.options.Report = &stopAt{at: func(p Progress) bool {
			if p.Evaluating {
				os.RemoveAll(r.Dir())
			}
			return false
		}}
		oneClearLine(t, r.Train(context.Background()), "cannot write", "there is no folder")
	})
}

func TestResumeRefuses(t *testing.T) {
	c := small(t)
	c.Epochs = 1
	fresh := func(t *testing.T) string { return begun(t, c) }
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, dir string) string // returns the folder to resume
		want   []string
	}{
		{"no folder", func(t *testing.T, dir string) string { return filepath.Join(dir, "no") }, []string{"no: no such file or directory"}},
		{"a file", func(t *testing.T, dir string) string { return filepath.Join(dir, ConfigFile) }, []string{"is a file, want a run folder"}},
		{"no run", func(t *testing.T, dir string) string { return t.TempDir() }, []string{"is no run folder: there is no config.yaml"}},
		{"no checkpoint", func(t *testing.T, dir string) string {
			os.Remove(filepath.Join(dir, LastFile))
			return dir
		}, []string{"cannot resume: ", "last.ckpt: no such file"}},
		{"truncated checkpoint", func(t *testing.T, dir string) string {
			os.Truncate(filepath.Join(dir, LastFile), 2000)
			return dir
		}, []string{"cannot resume: ", "last.ckpt: truncated"}},
		{"damaged checkpoint", func(t *testing.T, dir string) string {
			path := filepath.Join(dir, LastFile)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			write(t, path, data)
			return dir
		}, []string{"last.ckpt: ", "damaged"}},
		{"weights instead", func(t *testing.T, dir string) string {
			path := filepath.Join(dir, LastFile)
			a, err := weights.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := weightsOnly(a).Save(path); err != nil {
				t.Fatal(err)
			}
			return dir
		}, []string{"last.ckpt: it holds weights, but no state of a run"}},
		{"another data set", func(t *testing.T, dir string) string { return replace(t, dir, "train_len: 100", "train_len: 90") },
			[]string{"the run began with 100 training and 130 validation images, but the data set has 90 and 130 now"}},
		{"another model", func(t *testing.T, dir string) string { return replace(t, dir, "width: 4", "width: 8") }, []string{"last.ckpt: "}},
		{"another optimizer", func(t *testing.T, dir string) string {
			r, err := Resume(dir, Options{Log: quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			finish(t, r)
			return replace(t, dir, "name: sgd", "name: adam\n  betas: [0.9, 0.999]")
		}, []string{"last.ckpt: adam: solver state of", "another solver"}},
		{"bad settings", func(t *testing.T, dir string) string { return replace(t, dir, "epochs: 1", "epcohs: 1") },
			[]string{"config.yaml: line ", `no setting "epcohs"; did you mean epochs?`}},
		{"no YAML", func(t *testing.T, dir string) string { return replace(t, dir, "epochs: 1", "epochs: [") }, []string{"config.yaml: line "}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Resume(tc.change(t, fresh(t)), Options{Log: quiet})
			if err == nil {
				r.Close()
			}
			if tc.name == "another model" { // every tensor differs, which takes a table
				if m := (*weights.MismatchError)(nil); !errors.As(err, &m) {
					t.Errorf("got %v", err)
				}
				return
			}
			oneClearLine(t, err, tc.want...)
		})
	}
}

// replace changes the config.yaml of a run.
func replace(t *testing.T, dir, old, new string) string {
	t.Helper()
	path := filepath.Join(dir, ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), old, new, 1)
	if changed == string(text) && old != new {
		t.Fatalf("config.yaml has no %q", old)
	}
	if new == "name: adam\n  betas: [0.9, 0.999]" {
		changed = strings.NewReplacer("  betas: [0, 0]\n", "", "  momentum: 0.9\n", "", "  nesterov: true\n", "").Replace(changed)
	}
	write(t, path, []byte(changed))
	return dir
}

// TestImageFolder trains on images of all sizes, of which some are damaged.
func TestImageFolder(t *testing.T) {
	dir := imageFolder(t, 6)
	write(t, filepath.Join(dir, "train", "dark", "broken.png"), []byte("\x89PNG\r\n\x1a\n"))
	write(t, filepath.Join(dir, "val", "light", "broken.png"), []byte("\x89PNG\r\n\x1a\n"))
	c := onFolder(t, dir)
	c.Epochs = 4
	r := newRun(t, c, Options{})
	finish(t, r)
	if got := r.Best(); got.ValImages != 12 {
		t.Errorf("%d images of 12 that are whole were evaluated", got.ValImages)
	}
	log, err := os.ReadFile(filepath.Join(r.Dir(), LogFile))
	if err != nil || strings.Count(string(log), "broken.png") < 2 {
		t.Errorf("the log does not name the broken images: %v\n%s", err, log)
	}
	e, err := Evaluate(context.Background(), EvalConfig{Weights: r.Dir(), Data: "imagefolder:" + dir, Log: quiet})
	if err != nil || e.N != 12 || e.Skipped != 1 || e.Top1 != r.Best().ValTop1 {
		t.Errorf("%+v, %v; want the best epoch's %+v", e, err, r.Best())
	}
	t.Run("resume", func(t *testing.T) {
		want := outcomeOf(r)
		same(t, "with damaged images", interrupted(t, c, func(p Progress) bool { return p.Epoch == 2 && p.Batch == 2 }), want)
	})
}

func TestEvaluateRefuses(t *testing.T) {
	good := start10Classes(t)
	a, err := weights.Load(good)
	if err != nil {
		t.Fatal(err)
	}
	a.Meta.Model = ""
	nameless := filepath.Join(t.TempDir(), "nameless.gob")
	if err := a.Save(nameless); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.gob")
	if err := a.Save(cut); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(cut, 3000); err != nil {
		t.Fatal(err)
	}
	folder := imageFolder(t, 2)
	for _, c := range []struct {
		name string
		c    EvalConfig
		want []string
	}{
		{"no file", EvalConfig{Weights: "no.gob", Data: "glyphs"}, []string{"no.gob: no such file"}},
		{"empty folder", EvalConfig{Weights: t.TempDir(), Data: "glyphs"}, []string{"weights.gob: no such file"}},
		{"truncated", EvalConfig{Weights: cut, Data: "glyphs"}, []string{"cut.gob: truncated"}},
		{"nameless", EvalConfig{Weights: nameless, Data: "glyphs"}, []string{"does not say which model it is for"}},
		{"unknown model", EvalConfig{Weights: good, Model: "resent20", Data: "glyphs"}, []string{`no model "resent20"`, "resnet20"}},
		{"unknown data", EvalConfig{Weights: good, Data: "glyph"}, []string{`"glyph"`, "glyphs"}},
		{"missing data", EvalConfig{Weights: good, Data: "cifar10:no"}, []string{"cifar10: no: want a folder"}},
		{"other classes", EvalConfig{Weights: good, Data: "imagefolder:" + folder}, []string{"fc.weight: checkpoint has 10 classes, model wants 2"}},
		{"mean", EvalConfig{Weights: good, Data: "glyphs", Mean: []float32{0}, Std: []float32{1}}, []string{"mean and std of 1 channels for images of 3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.c.Log, c.c.ValLen = quiet, 0
			_, err := Evaluate(context.Background(), c.c)
			oneClearLine(t, err, c.want...)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		c := EvalConfig{Weights: good, Data: "glyphs", Log: quiet, Progress: func(int, int) { cancel() }}
		if _, err := Evaluate(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
