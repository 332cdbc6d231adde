package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// command runs zoo-export.
func command(args ...string) (status int, stdout, stderr string) {
	var out, err strings.Builder
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

// resnet20 returns weights of the model for that many classes.
func resnet20(t *testing.T, classes int) *weights.Archive {
	t.Helper()
	m, err := zoo.New("resnet20", zoo.WithClasses(classes), zoo.WithInput(1, 8, 8))
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	a := weights.FromParams(p)
	a.Meta = weights.Meta{Model: m.Name(), Epoch: 2, Metrics: map[string]float64{"top1": 0.5, "loss": math.NaN()}}
	if err := a.Meta.SetConfig(m.Config()); err != nil {
		t.Fatal(err)
	}
	return a
}

// save writes the archive to a file of a new folder.
func save(t *testing.T, a *weights.Archive, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// checkpoint adds what a training run keeps beside the model.
func checkpoint(a *weights.Archive) *weights.Archive {
	c := *a
	c.Tensors = append(append([]weights.Tensor{}, a.Tensors...),
		weights.Tensor{Section: "solver.step", Name: "fc.bias", Values: []int64{3}},
		weights.Tensor{Section: "run", Name: "state", Shape: []int{2}, Values: []byte("{}")})
	return &c
}

func load(t *testing.T, path string) *weights.Archive {
	t.Helper()
	a, err := weights.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// archives compares all but the metrics, of which one is NaN.
var archives = cmp.Options{
	cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Meta.Metrics" }, cmp.Ignore()),
	cmp.Comparer(slices.Equal[[]float32]), // at once, which is quicker
}

func TestExport(t *testing.T) {
	a := resnet20(t, 7)
	file := save(t, a, "some.file")
	last := save(t, checkpoint(a), train.LastFile)
	for _, c := range []struct {
		name string
		args []string
	}{
		{"file", []string{"--from", file}},
		{"checkpoint", []string{"--from", last}},
		{"run folder", []string{"--from", filepath.Dir(last)}},
		{"model", []string{"--from", file, "--model", "resnet20"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "OUT.GOB")
			status, stdout, stderr := command(append(c.args, "--to", to)...)
			if status != 0 || stderr != "" {
				t.Fatalf("status %d, %s", status, stderr)
			}
			if want := " -> " + to + ": 97 tensors, 269239 parameters, " + size(fileSize(t, to)) + "\n"; !strings.HasSuffix(stdout, want) {
				t.Errorf("got %q, want %q", stdout, want)
			}
			if d := cmp.Diff(a, load(t, to), archives); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestONNX exports a network: with its norms, the file holds all of the weights, and
// what was known of the model.
func TestONNX(t *testing.T) {
	a := resnet20(t, 7)
	file := save(t, a, "some.file")
	for _, c := range []struct {
		flags   []string
		tensors int
	}{{nil, 40}, {[]string{"--keep-norms"}, 97}} {
		to := filepath.Join(t.TempDir(), "OUT.ONNX")
		status, stdout, stderr := command(append(c.flags, "--from", file, "--to", to)...)
		if status != 0 || stderr != "" {
			t.Fatalf("status %d, %s", status, stderr)
		}
		if want := " -> " + to + ": 97 tensors, 269239 parameters, " + size(fileSize(t, to)) + "\n"; !strings.HasSuffix(stdout, want) {
			t.Errorf("got %q, want %q", stdout, want)
		}
		got := load(t, to)
		if d := cmp.Diff(a.Meta, got.Meta, archives, cmpopts.IgnoreFields(weights.Meta{}, "Metrics")); d != "" {
			t.Error(d)
		}
		if len(got.Tensors) != c.tensors {
			t.Errorf("%v: %d tensors, want %d", c.flags, len(got.Tensors), c.tensors)
		}
		if c.tensors == len(a.Tensors) {
			m, err := zoo.Load(to, "")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(a.Tensors, weights.FromParams(m.Params).Tensors, archives); d != "" {
				t.Error(d)
			}
		}
	}
}

// TestStateDict exports to PyTorch's format, which has names, shapes and values and
// no more, and from it as the model.
func TestStateDict(t *testing.T) {
	m, err := zoo.New("resnet20", zoo.WithClasses(7))
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	a := weights.FromParams(p)
	file := filepath.Join(t.TempDir(), "out.pth")
	back := filepath.Join(t.TempDir(), "back.gob")
	for _, args := range [][]string{
		{"--from", save(t, checkpoint(a), "checkpoint"), "--to", file},
		{"--from", file, "--to", back, "--model", "resnet20"},
	} {
		if status, _, stderr := command(args...); status != 0 || stderr != "" {
			t.Fatalf("%v: status %d, %s", args, status, stderr)
		}
	}
	got := load(t, back)
	if got.Meta.Model != "resnet20" {
		t.Errorf("the model is %q", got.Meta.Model)
	}
	if d := cmp.Diff(a.Tensors, got.Tensors, archives); d != "" {
		t.Error(d)
	}
	status, stdout, stderr := command("inspect", file)
	if want := "97 tensors, "; status != 0 || stderr != "" || !strings.Contains(stdout, want) {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}

// TestFormats exports to each format that keeps all, from it, and looks into it.
func TestFormats(t *testing.T) {
	a := resnet20(t, 7)
	a.Meta.Metrics = map[string]float64{"top1": 0.5}
	from := save(t, checkpoint(a), "checkpoint")
	for ext := range formats {
		if ext == ".pth" { // see TestStateDict
			continue
		}
		file := filepath.Join(t.TempDir(), "out"+ext)
		back := filepath.Join(t.TempDir(), "back.gob")
		for _, args := range [][]string{
			{"--from", from, "--to", file},
			{"--from", file, "--to", back, "--model", "resnet20"},
		} {
			if status, _, stderr := command(args...); status != 0 || stderr != "" {
				t.Fatalf("%v: status %d, %s", args, status, stderr)
			}
		}
		for _, path := range []string{file, back} {
			if d := cmp.Diff(a, load(t, path), archives); d != "" {
				t.Errorf("%s: %s", path, d)
			}
		}
		status, stdout, stderr := command("inspect", file)
		if want := "97 tensors, 1.08 MB: 269239 parameters, "; status != 0 || stderr != "" || !strings.Contains(stdout, want) {
			t.Errorf("%s: status %d, %s%s", ext, status, stdout, stderr)
		}
	}
}

// TestDType wants a file of half the size, whose values are near those of the model.
func TestDType(t *testing.T) {
	a := resnet20(t, 7)
	from := save(t, a, "some.file")
	for dtype, bound := range map[string]float64{"float16": 0x1p-11, "bfloat16": 0x1p-8} {
		to := filepath.Join(t.TempDir(), "out.safetensors")
		status, stdout, stderr := command("--from", from, "--to", to, "--dtype", dtype)
		if status != 0 || stderr != "" {
			t.Fatalf("status %d, %s", status, stderr)
		}
		if n := fileSize(t, to); n > 560_000 || !strings.HasSuffix(stdout, size(n)+"\n") {
			t.Errorf("%s: a file of %d bytes, and %q", dtype, n, stdout)
		}
		got, differ := load(t, to), false
		for i := range a.Tensors {
			for j, want := range a.Tensors[i].Values.([]float32) {
				v := got.Tensors[i].Values.([]float32)[j]
				if d := math.Abs(float64(v - want)); d > bound*math.Abs(float64(want))+0x1p-25 {
					t.Fatalf("%s: %s has %v, want %v", dtype, a.Tensors[i].Name, v, want)
				}
				differ = differ || v != want
			}
		}
		if !differ {
			t.Errorf("%s: every value has come through", dtype)
		}
	}
}

// TestPretrained exports what is inside the program, in two formats, with all that is
// known of it.
func TestPretrained(t *testing.T) {
	for _, to := range []string{"out.gob", "out.onnx"} {
		to = filepath.Join(t.TempDir(), to)
		status, stdout, stderr := command("--pretrained", "cifar10", "--model", "resnet20", "--to", to)
		if status != 0 || stderr != "" || !strings.HasPrefix(stdout, "pretrained cifar10 -> "+to) {
			t.Fatalf("status %d, %s%s", status, stdout, stderr)
		}
		if m := load(t, to).Meta; m.Model != "resnet20" || m.Classes[3] != "cat" || m.License == "" || m.Metrics["top1"] == 0 {
			t.Errorf("%s: the file says %+v", to, m)
		}
	}
}

// TestRunFolder checks which file of a run is taken.
func TestRunFolder(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{train.LastFile, train.BestFile, train.WeightsFile} {
		a := checkpoint(resnet20(t, 2))
		a.Meta.Epoch = i
		if err := a.Save(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "out.gob")
		status, stdout, stderr := command("--from", dir, "--to", to)
		if status != 0 || !strings.HasPrefix(stdout, filepath.Join(dir, name)+" -> ") {
			t.Fatalf("status %d, %s%s", status, stdout, stderr)
		}
		if got := load(t, to).Meta.Epoch; got != i {
			t.Errorf("got the weights of epoch %d, want those of %s", got, name)
		}
	}
}

// TestModelFills checks that weights without a description get that of the model
// which they fit.
func TestModelFills(t *testing.T) {
	m, err := zoo.New("resnet20", zoo.WithClasses(3))
	if err != nil {
		t.Fatal(err)
	}
	p := graph.NewParams(0)
	if _, err := m.Graph(p, graph.Eval, 1, graph.WithoutInit()); err != nil {
		t.Fatal(err)
	}
	want := weights.FromParams(p)
	bare := &weights.Archive{}
	for _, e := range want.Tensors { // flags and order are the model's to say
		bare.Tensors = append(bare.Tensors, weights.Tensor{Name: e.Name, Shape: e.Shape, Values: e.Values})
	}
	n := len(bare.Tensors)
	bare.Tensors[0], bare.Tensors[5] = bare.Tensors[5], bare.Tensors[0]
	to := filepath.Join(t.TempDir(), "out.gob")
	if status, _, stderr := command("--from", save(t, bare, "bare.gob"), "--to", to, "--model", "resnet20"); status != 0 {
		t.Fatal(stderr)
	}
	got := load(t, to)
	if d := cmp.Diff(want.Tensors, got.Tensors, archives); d != "" || len(got.Tensors) != n {
		t.Error(d)
	}
	again, err := zoo.New(got.Meta.Model, zoo.WithConfig(got.Meta.DecodeConfig))
	if err != nil || again.Classes() != 3 {
		t.Errorf("the model in the file: %v, %v", again, err)
	}
}

func TestNaNIsSaid(t *testing.T) {
	a := resnet20(t, 2)
	bias := a.Tensors[len(a.Tensors)-1]
	bias.Values.([]float32)[1] = float32(math.NaN())
	to := filepath.Join(t.TempDir(), "out.gob")
	status, _, stderr := command("--from", save(t, a, "nan.gob"), "--to", to)
	if want := "zoo-export: warning: fc.bias has 1 NaN and 0 infinite values\n"; status != 0 || stderr != want {
		t.Errorf("status %d, %q, want %q", status, stderr, want)
	}
}

func TestFailures(t *testing.T) {
	good := save(t, resnet20(t, 10), "good.gob")
	dir := t.TempDir()
	out := filepath.Join(dir, "out.gob")
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	half := file("half.gob", string(data[:len(data)/2]))
	data[len(data)/2]++
	damaged := file("damaged.gob", string(data))
	zip := file("model.gob", "PK\x03\x04")
	onlyState := save(t, &weights.Archive{Tensors: []weights.Tensor{{Section: "run", Name: "a", Values: []int64{1}}}}, "state.ckpt")
	contradiction := resnet20(t, 10)
	contradiction.Meta.Config = strings.Replace(contradiction.Meta.Config, "classes: 10", "classes: 100", 1)
	classes := save(t, contradiction, "classes.gob")
	missing := filepath.Join(dir, "missing.gob")

	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
		lines  int // 1 if not given
	}{
		{"nothing", nil, 2, "--from is missing: want a run folder or a file of weights, or --pretrained", 0},
		{"two sources", []string{"--from", good, "--pretrained", "cifar10", "--to", out}, 2, "--from and --pretrained exclude each other", 0},
		{"pretrained", []string{"--pretrained", "cifar11", "--to", out}, 2, "--pretrained: no pretrained weights for data called \"cifar11\"; did you mean cifar10?", 0},
		{"no target", []string{"--from", good}, 2, "--to is missing", 0},
		{"later format", []string{"--from", good, "--to", filepath.Join(dir, "out.h5")}, 2, "out.h5: cannot write this format, want a name that ends in .gob or .npz or .onnx or .pth or .safetensors", 0},
		{"no format", []string{"--from", good, "--to", filepath.Join(dir, "out")}, 2, "out: cannot write this format, want a name that ends in .gob or .npz or .onnx or .pth or .safetensors", 0},
		{"norms", []string{"--from", good, "--to", out, "--keep-norms"}, 2, "--keep-norms is for --to FILE.onnx", 0},
		{"dtype", []string{"--from", good, "--to", filepath.Join(dir, "out.safetensors"), "--dtype", "float61"}, 2, "--dtype float61: did you mean float16 or float32 or bfloat16?", 0},
		{"dtype of another format", []string{"--from", good, "--to", out, "--dtype", "float16"}, 2, "--dtype float16 is for --to FILE.safetensors", 0},
		{"model", []string{"--from", good, "--to", out, "--model", "resnet21"}, 2, `--model: no model "resnet21"; the nearest names are resnet20`, 0},
		{"command", []string{"inspct", good}, 2, `no command "inspct"; did you mean inspect?`, 0},
		{"flag", []string{"--form", good}, 2, "no flag --form; did you mean --from?", 0},
		{"inspect nothing", []string{"inspect"}, 2, "an argument is missing, want zoo-export inspect FILE", 0},

		{"no file", []string{"--from", missing, "--to", out}, 1, missing + ": ", 0},
		{"no run", []string{"--from", dir, "--to", out}, 1, dir + " is no run folder: there is none of weights.gob, best.ckpt, last.ckpt in it", 0},
		{"truncated", []string{"--from", half, "--to", out}, 1, half + ": truncated: ", 0},
		{"damaged", []string{"--from", damaged, "--to", out}, 1, damaged + ": damaged", 0},
		{"zip", []string{"--from", zip, "--to", out}, 1, zip + ": it looks like a zip archive", 0},
		{"no weights", []string{"--from", onlyState, "--to", out}, 1, onlyState + ": there are no weights in it", 0},
		{"another model", []string{"--from", good, "--to", out, "--model", "resnet32"}, 1, "checkpoint of resnet20 does not fit the model: 1 of another shape, 60 missing, 0 unexpected", 14},
		{"classes", []string{"--from", classes, "--to", out, "--model", "resnet20"}, 1, "fc.weight: checkpoint has 10 classes, model wants 100", 0},
		{"no folder", []string{"--from", good, "--to", filepath.Join(dir, "no", "out.gob")}, 1, "there is no folder " + filepath.Join(dir, "no"), 0},
		{"target is no folder", []string{"--from", good, "--to", filepath.Join(good, "out.gob")}, 1, "cannot write " + filepath.Join(good, "out.gob"), 0},
		{"inspect no file", []string{"inspect", missing}, 1, missing + ": ", 0},
		{"inspect no run", []string{"inspect", dir}, 1, "is no run folder", 0},
		{"inspect damaged", []string{"inspect", damaged}, 1, damaged + ": damaged", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := command(c.args...)
			if status != c.status || stdout != "" || !strings.HasPrefix(stderr, "zoo-export: ") || !strings.Contains(stderr, c.want) {
				t.Errorf("status %d, %q, %q, want status %d, %q", status, stdout, stderr, c.status, c.want)
			}
			if n := strings.Count(stderr, "\n"); n != max(1, c.lines) {
				t.Errorf("%d lines:\n%s", n, stderr)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("files were left: %v", left)
			}
		})
	}
}

func TestInspect(t *testing.T) {
	const golden = "../../weights/testdata/v1.gob"
	status, stdout, stderr := command("inspect", golden)
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	want, err := os.ReadFile("testdata/inspect.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), stdout); d != "" {
		t.Error(d)
	}
}

func TestInspectJSON(t *testing.T) {
	a := checkpoint(resnet20(t, 2))
	a.Tensors[0].Values.([]float32)[0] = float32(math.Inf(1))
	path := save(t, a, train.LastFile)
	status, stdout, stderr := command("inspect", "--json", filepath.Dir(path))
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	var got struct {
		File string
		Meta struct {
			Model   string
			Metrics map[string]*float64
		}
		Tensors []struct {
			Section, Name, DType string
			Shape                []int
			Buffer               bool
			Bytes                int64
			Min, Max, Mean, Std  *float64
			NaN, Inf             int
		}
		Total totals
	}
	d := json.NewDecoder(strings.NewReader(stdout))
	if err := d.Decode(&got); err != nil || d.More() {
		t.Fatalf("want one object: %v", err)
	}
	if got.File != path || got.Meta.Model != "resnet20" || got.Meta.Metrics["loss"] != nil || *got.Meta.Metrics["top1"] != 0.5 {
		t.Errorf("got %+v", got.Meta)
	}
	if len(got.Tensors) != len(a.Tensors) {
		t.Fatalf("%d tensors, want %d", len(got.Tensors), len(a.Tensors))
	}
	for i, e := range got.Tensors {
		s := a.Tensors[i].Stats()
		if e.Name != a.Tensors[i].Name || e.Section != a.Tensors[i].Section || e.Inf != s.Inf || *e.Min != s.Min || *e.Std != s.Std ||
			e.Bytes != a.Tensors[i].Bytes() || cmp.Diff(append([]int{}, a.Tensors[i].Shape...), e.Shape) != "" {
			t.Errorf("got %+v for %s", e, a.Tensors[i].Name)
		}
	}
	var bytes int64
	for i := range a.Tensors {
		bytes += a.Tensors[i].Bytes()
	}
	want := totals{Tensors: len(a.Tensors), Parameters: 268914, Buffers: got.Total.Buffers, Bytes: bytes, Inf: 1}
	if d := cmp.Diff(want, got.Total); d != "" || got.Total.Buffers == 0 {
		t.Error(d)
	}
}

func TestHostileTextIsNotPrinted(t *testing.T) {
	a := resnet20(t, 2)
	a.Meta.Source = "a\x1b[2Jb"
	_, stdout, _ := command("inspect", save(t, a, "a.gob"))
	if strings.Contains(stdout, "\x1b") || !strings.Contains(stdout, "a\ufffd[2Jb") {
		t.Error("a control character went to the terminal")
	}
}

// A model may be named for the weights of every task, whether their card has its
// configuration or not.
func TestModelOfAnyTask(t *testing.T) {
	for _, name := range []string{"convnet", "lstm-lm", "transformer-lm", "gan"} {
		m, err := zoo.New(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Init(1)
		if err != nil {
			t.Fatal(err)
		}
		for _, model := range []string{name, ""} {
			a := weights.FromParams(p)
			if a.Meta.Model = model; model != "" {
				if err := a.Meta.SetConfig(m.Config()); err != nil {
					t.Fatal(err)
				}
				a.Meta.Input = weights.Input{Channels: 1, Height: 28, Width: 28}
			}
			if name == "convnet" {
				a.Meta.Input.Channels, a.Meta.Input.Height, a.Meta.Input.Width = 3, 28, 28
			}
			out := filepath.Join(t.TempDir(), "out.gob")
			status, _, stderr := command("--from", save(t, a, "in.gob"), "--model", name, "--to", out)
			if status != 0 {
				t.Fatalf("%s: %s", name, stderr)
			}
			got, err := weights.Load(out)
			if err != nil || got.Meta.Model != name || got.Meta.Config == "" {
				t.Errorf("%s: %+v, %v", name, got.Meta, err)
			}
		}
	}
}

func TestSourceAndLicense(t *testing.T) {
	from := save(t, resnet20(t, 10), "in.gob")
	for _, name := range []string{"out.gob", "out.safetensors", "out.npz"} {
		to := filepath.Join(t.TempDir(), name)
		if status, _, stderr := command("--from", from, "--to", to, "--source", "our own run", "--license", "Apache-2.0"); status != 0 {
			t.Fatal(stderr)
		}
		a, err := weights.Load(to)
		if err != nil {
			t.Fatal(err)
		}
		if a.Meta.Source != "our own run" || a.Meta.License != "Apache-2.0" {
			t.Errorf("%s: source %q, license %q", name, a.Meta.Source, a.Meta.License)
		}
	}
}
