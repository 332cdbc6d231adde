package train

import (
	"context"
	"encoding/csv"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// small is a run of milliseconds: a net with one block on glyphs of 8x8 pixels,
// and everything random that a run can have.
func small(t testing.TB) Config {
	t.Helper()
	c, err := ParseConfig([]byte(`
architecture: {blocks: [1, 1], width: 4}
train_len: 100
val_len: 130
input_size: 8
batch_size: 16
epochs: 3
label_smoothing: 0.1
optimizer: {lr: 0.05}
augment: {padding: 1, flip: 0.3, brightness: 0.2, erasing: 0.2}
`), Names{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var quiet = slog.New(slog.DiscardHandler)

func newRun(t testing.TB, c Config, o Options) *Run {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "run")
	}
	if o.Log == nil {
		o.Log = quiet
	}
	r, err := New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// begun returns the folder of a run that has begun and is closed.
func begun(t testing.TB, c Config) string {
	t.Helper()
	r := newRun(t, c, Options{})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return r.Dir()
}

func finish(t testing.TB, r *Run) {
	t.Helper()
	if err := r.Train(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// stopAt cancels a run at a place of its progress.
type stopAt struct {
	at     func(Progress) bool
	cancel context.CancelFunc
}

func (s *stopAt) Progress(p Progress) {
	if s.at(p) {
		s.cancel()
	}
}
func (s *stopAt) Epoch(EpochResult) {}

// outcome is what must be the same of two runs of the same settings: all but
// the times.
type outcome struct {
	params  map[string][]float32
	average map[string][]float32
	solver  []ParamState
	history []EpochResult
	samples map[string]string // contents of files
}

func outcomeOf(r *Run) outcome {
	o := outcome{params: make(map[string][]float32), average: make(map[string][]float32), solver: r.solver.State(), samples: make(map[string]string)}
	for p := range r.Params().All() {
		o.params[p.Name] = slices.Clone(p.Value.Float32s())
	}
	for p := range r.shown().All() {
		o.average[p.Name] = slices.Clone(p.Value.Float32s())
	}
	for _, h := range r.History() {
		withoutTimes(&h)
		o.history = append(o.history, h)
	}
	files, _ := filepath.Glob(filepath.Join(r.Dir(), SamplesDir, "*"))
	for _, path := range append(files, filepath.Join(r.Dir(), SamplesFile)) {
		if content, err := os.ReadFile(path); err == nil {
			o.samples[filepath.Base(path)] = string(content)
		}
	}
	return o
}

func same(t *testing.T, what string, got, want outcome) {
	t.Helper()
	if !reflect.DeepEqual(got.history, want.history) {
		t.Errorf("%s: history\n%+v, want\n%+v", what, got.history, want.history)
	}
	for name, w := range want.params {
		if !slices.Equal(got.params[name], w) {
			t.Errorf("%s: %s differs", what, name)
			return
		}
	}
	for name, w := range want.average {
		if !slices.Equal(got.average[name], w) {
			t.Errorf("%s: the average of %s differs", what, name)
			return
		}
	}
	if !reflect.DeepEqual(got.solver, want.solver) {
		t.Errorf("%s: the state of the solver differs", what)
	}
	if !maps.Equal(got.samples, want.samples) {
		t.Errorf("%s: samples %q, want %q", what, slices.Sorted(maps.Keys(got.samples)), slices.Sorted(maps.Keys(want.samples)))
	}
}

func TestRunFolder(t *testing.T) {
	r := newRun(t, small(t), Options{})
	finish(t, r)
	for _, f := range runFiles {
		if f == SamplesFile {
			continue // of a language model
		}
		if info, err := os.Stat(filepath.Join(r.Dir(), f)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, want a file that is not empty", f, err)
		}
	}
	t.Run("metrics", func(t *testing.T) {
		f, err := os.Open(filepath.Join(r.Dir(), MetricsFile))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines, err := csv.NewReader(f).ReadAll()
		if err != nil || len(lines) != 4 || lines[0][0] != "epoch" || lines[3][0] != "3" || lines[3][1] != "18" {
			t.Errorf("%v, %v", lines, err)
		}
	})
	t.Run("log", func(t *testing.T) {
		log, err := os.ReadFile(filepath.Join(r.Dir(), LogFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"msg=begin model=resnet20", "msg=epoch epoch=3", "msg=done"} {
			if !strings.Contains(string(log), want) {
				t.Errorf("the log lacks %q:\n%s", want, log)
			}
		}
	})
	t.Run("weights", func(t *testing.T) {
		a, err := weights.Load(filepath.Join(r.Dir(), WeightsFile))
		if err != nil {
			t.Fatal(err)
		}
		if a.Meta.Model != "resnet20" || len(a.Meta.Classes) != 10 || a.Meta.Input.Height != 8 || len(a.Meta.Input.Mean) != 1 {
			t.Errorf("metadata %+v", a.Meta)
		}
		if got, want := a.Meta.Metrics["top1"], r.Best().ValTop1; got != want {
			t.Errorf("top-1 %v, want %v", got, want)
		}
		if got := a.Sections(); !slices.Equal(got, []string{""}) {
			t.Errorf("sections %q, want the model alone", got)
		}
	})
	t.Run("evaluate", func(t *testing.T) {
		e, err := Evaluate(context.Background(), EvalConfig{Weights: r.Dir(), Data: "glyphs", Seed: 1, ValLen: 130})
		if err != nil {
			t.Fatal(err)
		}
		if b := r.Best(); e.N != 130 || e.Top1 != b.ValTop1 || e.Top5 != b.ValTop5 || math.Abs(e.Loss-b.ValLoss) > 1e-6 || e.Model != "resnet20" {
			t.Errorf("%+v, want the best epoch's %+v", e, b)
		}
	})
	t.Run("resume", func(t *testing.T) {
		again, err := Resume(r.Dir(), Options{Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if !again.Done() {
			t.Error("a run that is complete can be resumed")
		}
		finish(t, again)
	})
}

func TestTrainingLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some epochs")
	}
	c := small(t)
	c.TrainLen, c.Epochs, c.Augment = 2000, 5, Augment{}
	r := newRun(t, c, Options{})
	finish(t, r)
	first, last := r.History()[0], r.History()[4]
	if last.TrainLoss > 0.8*first.TrainLoss || last.ValTop1 < 0.3 || last.ValTop5 < last.ValTop1 {
		t.Errorf("first epoch %v\nlast epoch %v", first, last)
	}
}

// tiny is a run of milliseconds of another task than small.
func tiny(t testing.TB, text string) Config {
	t.Helper()
	c, err := ParseConfig([]byte(text), Names{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// others are runs of all other tasks, with everything random that they can have.
var others = map[string]string{
	"lstm": `
model: lstm-lm
architecture: {context: 7, dim: 12, hidden: 20, dropout: 0.2}
train_len: 1500
val_len: 120
batch_size: 8
accumulate: 2
epochs: 3
`,
	"transformer": `
model: transformer-lm
architecture: {context: 12, width: 16, heads: 2, feed_forward: 32, layers: 2, dropout: 0.2}
train_len: 1500
val_len: 300
batch_size: 4
epochs: 3
steps_per_epoch: 11
ema_decay: 0.9
`,
	"gan": `
model: gan
architecture: {features: [16], start: 14, latent: 10}
train_len: 90
val_len: 10
batch_size: 16
epochs: 3
`,
	"dcgan": `
model: dcgan
architecture: {features: [32, 16], start: 4, latent: 10}
train_len: 90
val_len: 10
batch_size: 16
epochs: 3
clip_norm: 1
ema_decay: 0.8
`,
}

// The same settings give the same bits: at any number of threads, from the
// config.yaml of the run, and after an interruption anywhere.
func TestRunsAreReproducible(t *testing.T) {
	configs := map[string]Config{"sgd": small(t)}
	adamw := small(t)
	adamw.Optimizer = DefaultOptimizer("adamw")
	configs["adamw"] = adamw
	averaged := small(t)
	averaged.EMADecay, averaged.EMAWarmup = 0.9, true
	configs["average"] = averaged
	accumulated := small(t)
	accumulated.BatchSize, accumulated.Accumulate, accumulated.ClipValue = 4, 6, 0.01
	accumulated.Architecture = node(t, "{blocks: [1, 1], width: 4, drop_path: 0.5}")
	configs["accumulated"] = accumulated
	for name, text := range others {
		configs[name] = tiny(t, text)
	}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "sgd" {
				t.Skip("one run is enough for -short")
			}
			reproducible(t, c)
		})
	}
}

func reproducible(t *testing.T, c Config) {
	whole := newRun(t, c, Options{})
	finish(t, whole)
	want := outcomeOf(whole)

	t.Run("threads", func(t *testing.T) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(7))
		r := newRun(t, c, Options{Workers: 3})
		finish(t, r)
		same(t, "7 threads", outcomeOf(r), want)
	})
	t.Run("config.yaml", func(t *testing.T) {
		t.Parallel() // and so are those below, which mostly wait for the disk
		again, err := ReadConfig(filepath.Join(whole.Dir(), ConfigFile), Names{})
		if err != nil {
			t.Fatal(err)
		}
		r := newRun(t, again, Options{})
		finish(t, r)
		same(t, "from config.yaml", outcomeOf(r), want)
	})
	for name, at := range map[string]func(Progress) bool{
		"first step":        func(p Progress) bool { return p.Epoch == 1 && p.Batch == 1 },
		"within an epoch":   func(p Progress) bool { return p.Epoch == 2 && p.Batch == 3 && !p.Evaluating },
		"end of an epoch":   func(p Progress) bool { return p.Epoch == 2 && p.Batch == p.Batches && !p.Evaluating },
		"evaluation":        func(p Progress) bool { return p.Epoch == 2 && p.Evaluating },
		"end of evaluation": func(p Progress) bool { return p.Epoch == 1 && p.Batch == p.Batches && p.Evaluating },
		"every third batch": func(p Progress) bool { return p.Batch%3 == 2 },
	} {
		if whole.Model().Task() == zoo.Generation && strings.Contains(name, "evaluation") {
			continue // there is none
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, name, interrupted(t, c, at), want)
		})
	}
}

// The folders of the other tasks hold what they have to show, and their weights are
// complete.
func TestOtherRunFolders(t *testing.T) {
	for name, text := range others {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, tiny(t, text), Options{})
			finish(t, r)
			wanted := []string{ConfigFile, MetricsFile, LinesFile, LogFile, LastFile, BestFile, WeightsFile, CurvesFile, SamplesFile}
			language := r.Model().Task() == zoo.Language
			header := "epoch,step,lr,d_loss,g_loss,d_real,d_fake,seconds,eval_seconds,data_wait,images_per_second,skipped_steps,skipped_images"
			if language {
				header = "epoch,step,lr,train_loss,val_loss,val_perplexity,val_bits,seconds,eval_seconds,data_wait,tokens_per_second,skipped_steps"
			}
			checkMetrics(t, r, header)
			if !language {
				wanted = append(wanted[:len(wanted)-1], filepath.Join(SamplesDir, "epoch-001.png"), filepath.Join(SamplesDir, "epoch-002.png"), filepath.Join(SamplesDir, "epoch-003.png"))
			}
			for _, f := range wanted {
				if info, err := os.Stat(filepath.Join(r.Dir(), f)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v, want a file that is not empty", f, err)
				}
			}
			p, err := zoo.Load(WeightsOf(r.Dir()), "")
			if err != nil {
				t.Fatal(err)
			}
			if !language {
				if _, err := p.Images(3, 1); err != nil {
					t.Error(err)
				}
				if _, err := Evaluate(context.Background(), EvalConfig{Weights: r.Dir(), Data: "glyphs"}); err == nil {
					t.Error("a GAN can be evaluated")
				}
				return
			}
			if samples, err := os.ReadFile(filepath.Join(r.Dir(), SamplesFile)); err != nil || !headedByEpoch.MatchString(string(samples)) {
				t.Errorf("%v, want a text after each of three epochs in\n%s", err, samples)
			}
			said := ""
			if err := p.Continue("The ", 20, zoo.Sampling{Temperature: 1, Seed: 3}, func(s string) bool { said += s; return true }); err != nil || len([]rune(said)) != 20 {
				t.Errorf("%q, %v, want 20 characters", said, err)
			}
			e, err := Evaluate(context.Background(), EvalConfig{Weights: r.Dir(), Data: "sentences", Seed: 1, ValLen: r.Config().ValLen})
			if err != nil {
				t.Fatal(err)
			}
			if want := r.Best().ValLoss; math.Abs(e.Loss-want) > 1e-6 || e.Perplexity() != math.Exp(e.Loss) {
				t.Errorf("loss %v and perplexity %v, want the best epoch's loss %v", e.Loss, e.Perplexity(), want)
			}
		})
	}
}

// headedByEpoch is a samples.txt of three epochs.
var headedByEpoch = regexp.MustCompile(`^-+ epoch 1, loss \d[^\n]* bits per character -+\n(?s:.{500})\n\n-+ epoch 2, [^\n]*\n(?s:.{500})\n\n-+ epoch 3, [^\n]*\n(?s:.{500})\n\n$`)

// checkMetrics wants a metrics.csv of these columns, with the history of the run.
func checkMetrics(t *testing.T, r *Run, header string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.Dir(), MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(lines) != 1+len(r.History()) || strings.Join(lines[0], ",") != header {
		t.Fatalf("metrics.csv, %v:\n%s\nwant the columns %s", err, text, header)
	}
	for i, h := range r.History() {
		for k, c := range columns(r.Model().Task()) {
			if got, err := strconv.ParseFloat(lines[1+i][k], 64); err != nil || got != c.value(h) {
				t.Errorf("%s of epoch %d is %s, want %v", c.name, i+1, lines[1+i][k], c.value(h))
			}
		}
	}
}

// Language models learn from the sentences more than how frequent the letters are.
func TestLanguageModelsLearn(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some epochs")
	}
	for _, text := range []string{`
model: lstm-lm
architecture: {context: 32, dim: 32, hidden: 64, layers: 1}
train_len: 40000
val_len: 4000
batch_size: 16
optimizer: {lr: 0.01}
epochs: 4
`, `
model: transformer-lm
architecture: {context: 32, width: 32, heads: 2, feed_forward: 64, layers: 2}
train_len: 40000
val_len: 4000
batch_size: 16
optimizer: {lr: 0.005}
epochs: 4
`} {
		r := newRun(t, tiny(t, text), Options{})
		finish(t, r)
		// Knowing the frequencies alone is worth about 2.9 nats.
		if last := r.History()[3]; last.ValLoss > 2.2 || last.TrainLoss > r.History()[0].TrainLoss {
			t.Errorf("%s: %v", r.Model().Name(), last)
		}
	}
}

// interrupted stops a run wherever at says so, and resumes it from its folder.
func interrupted(t *testing.T, c Config, at func(Progress) bool) outcome {
	dir := filepath.Join(t.TempDir(), "run")
	stops := 0
	begin := func(o Options) (*Run, error) { return New(c, o) }
	for range 50 {
		ctx, cancel := context.WithCancel(context.Background())
		passed := Progress{}
		r, err := begin(Options{Dir: dir, Log: quiet, Report: &stopAt{func(p Progress) bool {
			// Not where this session began, or the run would never get on.
			first := passed == Progress{}
			passed = p
			return at(p) && !(first && stops > 0)
		}, cancel}})
		if err != nil {
			t.Fatal(err)
		}
		err = r.Train(ctx)
		cancel()
		if err == nil {
			if stops == 0 {
				t.Error("the run was not interrupted")
			}
			defer r.Close()
			return outcomeOf(r)
		}
		if !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		stops++
		r.Close()
		begin = func(o Options) (*Run, error) { return Resume(dir, o) }
	}
	t.Fatal("the run does not come to an end")
	return outcome{}
}

func TestSeedMatters(t *testing.T) {
	c := small(t)
	c.Epochs = 1
	a := newRun(t, c, Options{})
	finish(t, a)
	c.Seed = 2
	b := newRun(t, c, Options{})
	finish(t, b)
	if a.History()[0].TrainLoss == b.History()[0].TrainLoss {
		t.Error("two seeds give one loss")
	}
}

// TestDivergence trains with a learning rate beyond all measure.
func TestDivergence(t *testing.T) {
	c := small(t)
	c.Optimizer.LR, c.Schedule = 1e30, DefaultSchedule("constant")
	r := newRun(t, c, Options{})
	err := r.Train(context.Background())
	var d *DivergedError
	if !errors.As(err, &d) || d.Step < 2 || d.Step > 6 || d.Epoch != 1 || d.Saved != 0 || d.Checkpoint != filepath.Join(r.Dir(), LastFile) {
		t.Fatalf("got %v, %+v", err, d)
	}
	if !strings.Contains(err.Error(), "the loss is NaN at step") && !strings.Contains(err.Error(), "the loss is +Inf at step") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %q", err)
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
	if log, _ := os.ReadFile(filepath.Join(r.Dir(), LogFile)); !strings.Contains(string(log), "level=ERROR") {
		t.Errorf("the log does not say it:\n%s", log)
	}
}

// A checkpoint never replaces a good one with parameters that are not finite,
// which may be the case before the loss shows it.
func TestCheckpointsAreFinite(t *testing.T) {
	c := small(t)
	r := newRun(t, c, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	r.options.Report = &stopAt{func(p Progress) bool {
		if p.Batch == 2 {
			w, _ := r.Params().Get("fc.bias")
			w.Value.Float32s()[3] = float32(math.Inf(-1))
			return true
		}
		return false
	}, cancel}
	err := r.Train(ctx)
	var d *DivergedError
	if !errors.As(err, &d) || d.Step != 2 || !strings.HasPrefix(err.Error(), "fc.bias holds numbers that are not finite at step 2 (epoch 1)") {
		t.Fatalf("got %v", err)
	}
	a, err := weights.Load(filepath.Join(r.Dir(), LastFile))
	if err != nil || a.Meta.Step != 0 {
		t.Errorf("the checkpoint is of step %d, %v", a.Meta.Step, err)
	}
}

func TestCheckpointsWithinAnEpoch(t *testing.T) {
	c := small(t)
	c.CheckpointMinutes = 1e-9
	r := newRun(t, c, Options{})
	var steps []int
	r.options.Report = &stopAt{at: func(p Progress) bool {
		if a, err := weights.Load(filepath.Join(r.Dir(), LastFile)); err == nil && p.Epoch == 1 && !p.Evaluating {
			steps = append(steps, a.Meta.Step)
		}
		return false
	}}
	finish(t, r)
	if !slices.Equal(steps, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("checkpoints of steps %v before steps 1 to 6", steps)
	}
}

func TestBeginWithWeights(t *testing.T) {
	first := newRun(t, small(t), Options{})
	finish(t, first)
	c := small(t)
	c.Weights, c.Skip, c.Seed = filepath.Join(first.Dir(), LastFile), []string{"fc.*"}, 7
	r := newRun(t, c, Options{})
	for p := range r.Params().All() {
		old, _ := first.Params().Get(p.Name)
		if equal := slices.Equal(p.Value.Float32s(), old.Value.Float32s()); equal == strings.HasPrefix(p.Name, "fc.") {
			t.Errorf("%s: taken from the file %v", p.Name, equal)
		}
	}
	c.Skip = []string{"head.*"}
	if _, err := New(c, Options{Dir: filepath.Join(t.TempDir(), "run"), Log: quiet}); err == nil || !strings.Contains(err.Error(), `no parameter matches "head.*"`) {
		t.Errorf("got %v", err)
	}
}

// TestEvaluationCountsEveryImage compares 130 images, which is a batch and two,
// with one batch of all.
func TestEvaluationCountsEveryImage(t *testing.T) {
	r := newRun(t, small(t), Options{})
	got, err := r.task.(*classifier).eval.run(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	g, err := r.model.Graph(r.params, graph.Infer, 130)
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	val := r.task.(*classifier).data.ValPipeline(1, 8, 8)
	loader, err := dataset.NewLoader(r.task.(*classifier).data.Val, dataset.Config{BatchSize: 130, Pipeline: val})
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close()
	b, err := loader.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Let("x", b.Images); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	logits, err := p.Output("logits")
	if err != nil {
		t.Fatal(err)
	}
	var want Metrics
	if err := want.Add(logits.Float32s(), b.Labels); err != nil {
		t.Fatal(err)
	}
	if got.N != 130 || got.Wrong != want.Wrong || got.Wrong5 != want.Wrong5 || math.Abs(got.Loss()-want.Loss()) > 1e-6 || !reflect.DeepEqual(got.Confusion, want.Confusion) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// NaN among the weights makes every image wrong, and nothing else fails.
func TestEvaluationOfNaN(t *testing.T) {
	r := newRun(t, small(t), Options{})
	a := weights.FromParams(r.Params())
	a.Meta = r.metaNow()
	w, _ := a.Get("", "fc.bias")
	w.Values.([]float32)[0] = nan
	path := filepath.Join(t.TempDir(), "w.gob")
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	e, err := Evaluate(context.Background(), EvalConfig{Weights: path, Data: "glyphs", ValLen: 20, Log: quiet})
	if err != nil || e.Wrong != 20 || e.Top1 != 0 || e.Top5 != 0 || e.Metrics.NaN != 20 || !math.IsNaN(e.Loss) {
		t.Fatalf("%+v, %v", e, err)
	}
	text, err := e.MarshalJSON()
	if err != nil || !strings.Contains(string(text), `"loss":null`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestWarningsGoToTheLogAndTheUser(t *testing.T) {
	var user strings.Builder
	dir := t.TempDir()
	file := new(logFile)
	log := newLogger(file, slog.New(slog.NewTextHandler(&user, nil)))
	log.Warn("early", slog.Int("n", 1))
	f, err := os.Create(filepath.Join(dir, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.attach(f); err != nil {
		t.Fatal(err)
	}
	log.With(slog.Int("n", 2)).WithGroup("g").Info("late", slog.Int("k", 3))
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(dir, LogFile))
	if !strings.Contains(string(text), "msg=early n=1") || !strings.Contains(string(text), "msg=late n=2 g.k=3") {
		t.Errorf("the log holds\n%s", text)
	}
	if !strings.Contains(user.String(), "early") || strings.Contains(user.String(), "late") {
		t.Errorf("the user sees\n%s", user.String())
	}
}

func TestDefaultDir(t *testing.T) {
	c := Names{Data: "cifar10:some/where"}.Config()
	at := time.Date(2030, 4, 5, 6, 7, 8, 0, time.UTC)
	if got, want := DefaultDir(c, at), filepath.Join("runs", "resnet20-cifar10-20300405-060708"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestModelOfAnotherFamilyOfSizes(t *testing.T) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte("{size: {channels: 3}, blocks: [1], width: 4}"), &node); err != nil {
		t.Fatal(err)
	}
	c := small(t)
	c.Architecture = *node.Content[0]
	r := newRun(t, c, Options{})
	if ch, h, w := r.Model().Input(); ch != 3 || h != 8 || w != 8 {
		t.Errorf("input %dx%dx%d, want 3x8x8", ch, h, w)
	}
	finish(t, r)
	if got := r.Model().Config().(*zoo.ResNet).Width; got != 4 {
		t.Errorf("width %d", got)
	}
}

// The weights say how they were trained, and not where on the disk.
func TestRecipeInWeights(t *testing.T) {
	c := onFolder(t, imageFolder(t, 3))
	c.Epochs = 1
	r := newRun(t, c, Options{})
	finish(t, r)
	a, err := weights.Load(filepath.Join(r.Dir(), WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	_, dir, _ := strings.Cut(c.Data, ":")
	if strings.Contains(a.Meta.Recipe, filepath.Dir(dir)) {
		t.Errorf("the recipe tells where the images are:\n%s", a.Meta.Recipe)
	}
	again, err := ParseConfig([]byte(a.Meta.Recipe), Names{})
	if err != nil {
		t.Fatal(err)
	}
	if again.Data != "imagefolder:"+filepath.Base(dir) || again.Epochs != 1 || again.BatchSize != 3 || again.Model != "resnet20" {
		t.Errorf("the recipe is %+v", again)
	}
}
