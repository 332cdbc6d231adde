package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestMain is zoo-train itself where a test starts this program as that.
func TestMain(m *testing.M) {
	if os.Getenv("ZOO_TRAIN_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// zooTrain runs the command within the test.
func zooTrain(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

// tiny are flags for a run of milliseconds.
func tiny(args ...string) []string {
	return append([]string{
		"--architecture", "{blocks: [1], width: 4}", "--train-len", "60", "--val-len", "20",
		"--input-size", "8", "--batch-size", "10", "--epochs", "2", "--lr", "0.05",
	}, args...)
}

func TestTrain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	status, stdout, stderr := zooTrain(t, tiny("--out", dir)...)
	if status != 0 {
		t.Fatalf("status %d\n%s", status, stderr)
	}
	for _, want := range []string{"resnet20 (", "glyphs: 2 epochs of 60 images", "epoch 1/2", "epoch 2/2", "best: epoch ", "run folder: " + dir} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the output lacks %q:\n%s", want, stdout)
		}
	}
	if stderr != "" {
		t.Errorf("on standard error:\n%s", stderr)
	}

	t.Run("again from its settings", func(t *testing.T) {
		again := filepath.Join(t.TempDir(), "run")
		if status, _, stderr := zooTrain(t, "train", "--config", filepath.Join(dir, train.ConfigFile), "--out", again); status != 0 {
			t.Fatal(stderr)
		}
		if a, b := fileOf(t, dir, train.WeightsFile), fileOf(t, again, train.WeightsFile); !bytes.Equal(a, b) {
			t.Error("the weights differ")
		}
	})
	t.Run("other settings over them", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "run")
		status, stdout, stderr := zooTrain(t, "--config", filepath.Join(dir, train.ConfigFile), "--epochs", "1", "--optimizer", "adam", "--out", other, "--json")
		if status != 0 || strings.Count(stdout, "\n") != 1 {
			t.Fatalf("status %d\n%s%s", status, stdout, stderr)
		}
		if text := string(fileOf(t, other, train.ConfigFile)); !strings.Contains(text, "name: adam") || !strings.Contains(text, "lr: 0.001") {
			t.Errorf("the settings are\n%s", text)
		}
	})
	t.Run("resume", func(t *testing.T) {
		status, stdout, _ := zooTrain(t, "resume", dir)
		if status != 0 || !strings.Contains(stdout, "the run is complete") {
			t.Errorf("status %d\n%s", status, stdout)
		}
	})
	t.Run("eval", func(t *testing.T) {
		for _, file := range []string{dir, filepath.Join(dir, train.WeightsFile), filepath.Join(dir, train.BestFile)} {
			status, stdout, stderr := zooTrain(t, "eval", "--weights", file, "--data", "glyphs", "--val-len", "23", "--json")
			if status != 0 {
				t.Fatal(stderr)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("%v: %s", err, stdout)
			}
			if len(got) != 9 || len(got["classes"].([]any)) != 10 || got["model"] != "resnet20" || got["n"] != 23. ||
				got["top1"].(float64) != 1-got["wrong"].(float64)/23 && got["top1"].(float64) != (23-got["wrong"].(float64))/23 {
				t.Errorf("got %v", got)
			}
			for _, key := range []string{"top5", "loss", "ece", "seconds"} {
				if _, ok := got[key].(float64); !ok {
					t.Errorf("%s is %v", key, got[key])
				}
			}
		}
		status, stdout, _ := zooTrain(t, "eval", "--model", "resnet20", "--weights", dir, "--data", "glyphs", "--val-len", "23", "--mean", "0.5", "--std", "0.25")
		if status != 0 || !strings.Contains(stdout, "of 23 images wrong, top-1 ") || strings.Count(stdout, "\n") != 14 {
			t.Errorf("status %d\n%s", status, stdout)
		}
	})
}

func fileOf(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTrainJSON(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	status, stdout, stderr := zooTrain(t, tiny("--out", dir, "--json")...)
	if status != 0 || !strings.Contains(stderr, "run folder: "+dir) {
		t.Fatalf("status %d\n%s", status, stderr)
	}
	lines := bufio.NewScanner(strings.NewReader(stdout))
	epoch := 0
	for lines.Scan() {
		epoch++
		var r train.EpochResult
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if r.Epoch != epoch || r.Epochs != 2 || r.Step != 6*epoch || r.ValImages != 20 || r.TrainLoss <= 0 || r.ValLoss <= 0 {
			t.Errorf("got %s", lines.Text())
		}
	}
	if epoch != 2 {
		t.Errorf("%d lines", epoch)
	}
}

func TestBadUsage(t *testing.T) {
	existing := t.TempDir()
	file := filepath.Join(existing, train.ConfigFile)
	if err := os.WriteFile(file, []byte("epochs: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--epoch", "3"}, 2, "no flag --epoch; did you mean --epochs?"},
		{[]string{"--xyzzy"}, 2, "no flag --xyzzy; see zoo-train --help"},
		{[]string{"eval", "--weight", "x"}, 2, "no flag --weight; did you mean --weights"},
		{[]string{"--epochs", "three"}, 2, `"three" for "--epochs" flag: want a whole number`},
		{[]string{"--lr", "fast"}, 2, "want a number"},
		{[]string{"--betas", "0.9"}, 2, "want two numbers with a comma between them"},
		{[]string{"--mean", "a,b"}, 2, "want numbers with commas between them"},
		{[]string{"--nesterov=maybe"}, 2, "want true or false"},
		{[]string{"--seed", "-1"}, 2, "want a whole number from 0"},
		{[]string{"--architecture", "wide"}, 2, "want a YAML mapping"},
		{[]string{"--architecture", "{widht: 3}"}, 2, `no setting "widht"; did you mean width?`},
		{[]string{"--epochs"}, 2, "flag needs an argument: --epochs"},
		{[]string{"trian"}, 2, `no command "trian"; did you mean train?`},
		{[]string{"train", "extra"}, 2, "extra"},
		{[]string{"resume"}, 2, "an argument is missing, want zoo-train resume RUN_DIR"},
		{[]string{"--model", "resnet2"}, 2, `no model "resnet2"; the nearest names are resnet20`},
		{[]string{"--data", "mnits:x"}, 2, `no data set "mnits"; did you mean mnist?`},
		{[]string{"--data", "cifar10"}, 2, "want cifar10:DIR"},
		{[]string{"--optimizer", "adm"}, 2, `no optimizer "adm"; did you mean adam`},
		{[]string{"--schedule", "one-cycle", "--epochs", "0"}, 2, "epochs 0"},
		{[]string{"--schedule", "linear"}, 2, `no schedule "linear"`},
		{[]string{"--optimizer", "sgd", "--momentum", "0"}, 2, "nesterov with momentum 0"},
		{[]string{"--workers", "-1"}, 2, "--workers -1"},
		{[]string{"--workers", "all"}, 2, `"all" for "--workers" flag: want a whole number`},
		{[]string{"recipes", "he2015"}, 2, "found he2015, want zoo-train recipes"},
		{[]string{"--http", "8080"}, 2, `--http: "8080", want :PORT or HOST:PORT`},
		{[]string{"--http", ":99999"}, 2, `--http: "99999" is no port`},
		{[]string{"--download"}, 2, "glyphs are drawn"},
		{[]string{"--config", filepath.Join(existing, "no.yaml")}, 2, "no.yaml: no such file"},
		{[]string{"models", "vgg*"}, 2, `no model is called "vgg*"; there are convnet`},
		{[]string{"models", "resnet2"}, 2, "did you mean resnet20"},
		{[]string{"models", "["}, 2, "pattern"},
		{[]string{"describe", "resnet1"}, 2, `no model "resnet1"`},
		{[]string{"describe", "resnet20", "--mode", "test"}, 2, "want train, eval or infer"},
		{[]string{"describe", "resnet20", "--input", "3,32"}, 2, "want channels, height and width"},
		{[]string{"describe", "resnet20", "--classes", "-1"}, 2, "-1 classes, want at least 1"},
		{[]string{"describe", "resnet20", "--freeze", "layer9.*"}, 2, `freeze: no parameter's name fits "layer9.*"`},
		{[]string{"describe", "resnet20", "--lr-scale", "fc.*"}, 2, "want pattern=factor"},
		{[]string{"describe", "resnet20", "--params", "--json"}, 2, "json"},
		{[]string{"describe", "gan", "--layer-decay", "0.5"}, 2, "are for classifiers and language models, gan is a GAN"},
		{[]string{"eval", "--data", "glyphs"}, 2, "--weights is missing"},
		{[]string{"eval", "--weights", "x"}, 2, "--data is missing"},
		{[]string{"eval", "--weights", "x", "--pretrained", "cifar10", "--data", "glyphs"}, 2, "--weights and --pretrained exclude each other"},
		{[]string{"eval", "--pretrained", "cifar11", "--data", "glyphs"}, 2, "--pretrained: no pretrained weights for data called \"cifar11\"; did you mean cifar10?"},
		{[]string{"eval", "--pretrained", "cifar10", "--model", "resnet21", "--data", "glyphs"}, 2, "did you mean resnet20"},
		{[]string{"--pretrained", "cifar10", "--weights", file}, 2, "weights and pretrained exclude each other"},
		{[]string{"--pretrained", "cifar10", "--model", "resnet32"}, 2, "--pretrained: no pretrained weights for a model called \"resnet32\""},

		{[]string{"--data", "mnist:" + filepath.Join(existing, "no")}, 1, "want a folder, found nothing"},
		{tiny("--batch-size", "61"), 1, "batch size 61 is larger than the data set, which has 60 images"},
		{tiny("--out", existing), 1, existing + " holds a run already"},
		{tiny("--out", filepath.Join(file, "run")), 1, "cannot make the run folder"},
		{tiny("--lr", "1e30", "--schedule", "constant", "--out", filepath.Join(t.TempDir(), "run")), 1, "at step "},
		{[]string{"resume", existing}, 1, "last.ckpt: no such file"},
		{[]string{"eval", "--weights", filepath.Join(existing, "no.gob"), "--data", "glyphs"}, 1, "no.gob: no such file"},
		{[]string{"eval", "--weights", file, "--data", "glyphs"}, 1, "config.yaml: "},
		{[]string{"describe", "resnet20", "--dot", filepath.Join(file, "x.dot")}, 1, "cannot write"},
		{[]string{"models", "--cpuprofile", filepath.Join(file, "x.prof")}, 1, "CPU profile"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Chdir(t.TempDir())
			status, _, stderr := zooTrain(t, c.args...)
			if status != c.status || !strings.Contains(stderr, c.want) {
				t.Errorf("status %d, %q; want %d, %q", status, stderr, c.status, c.want)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "zoo-train: ") {
				t.Errorf("not one line: %q", stderr)
			}
			if entries, _ := os.ReadDir("."); len(entries) > 0 {
				t.Errorf("%s was left behind", entries[0].Name())
			}
		})
	}
}

func TestModels(t *testing.T) {
	status, stdout, _ := zooTrain(t, "models")
	names, err := zoo.Names("")
	if err != nil {
		t.Fatal(err)
	}
	if status != 0 || strings.Count(stdout, "\n") != len(names)+1 || !strings.Contains(stdout, "11 689 512") {
		t.Errorf("status %d\n%s", status, stdout)
	}
	status, stdout, _ = zooTrain(t, "models", "resnet[12]?", "--json")
	var list []modelLine
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || status != 0 {
		t.Fatalf("%v, status %d\n%s", err, status, stdout)
	}
	want := modelLine{"resnet18", "resnet", 11689512, 1814073344, []int{3, 224, 224}, nil}
	if len(list) != 2 || !reflect.DeepEqual(list[0], want) || list[1].Name != "resnet20" {
		t.Errorf("got %+v", list)
	}
	if p := list[1].Pretrained; len(p) != 2 || p[0].Data != "cifar10" || p[0].Metrics["top1"] < 0.9125 {
		t.Errorf("pretrained %+v", p)
	}
	for name, want := range map[string]string{
		"resnet20": "resnet20  cifar10 (top-1 91.64 %), fashion-mnist (top-1 94.73 %)\n", "lstm-lm": "lstm-lm  tinyshakespeare (loss 1.5048)\n",
	} {
		if _, stdout, _ = zooTrain(t, "models", name); !strings.Contains(stdout, want) {
			t.Errorf("%s\nlacks %s", stdout, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	status, stdout, _ := zooTrain(t, "describe", "resnet18", "--classes", "10", "--input", "1,64,64", "--architecture", "{width: 32}")
	for _, want := range []string{"resnet18: 1x64x64 to 10 classes", "layer1.0.conv1", "7x7, stride 2, padding 3", "32x32x32", "BatchNorm2d", "Linear"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("status %d, the output lacks %q:\n%s", status, want, stdout)
		}
	}
	t.Run("taps", func(t *testing.T) {
		_, stdout, _ := zooTrain(t, "describe", "resnet20", "--taps", "--batch-size", "2")
		lines := strings.Split(stdout, "\n")
		for _, want := range [][]string{{"part", "shape"}, {"layer2.0", "32x16x16"}, {"avgpool", "64"}, {"logits", "10"}} {
			if !slices.ContainsFunc(lines, func(l string) bool { return slices.Equal(strings.Fields(l), want) }) {
				t.Errorf("no line %q in\n%s", want, stdout)
			}
		}
	})
	t.Run("json", func(t *testing.T) {
		_, stdout, _ := zooTrain(t, "describe", "resnet50", "--json", "--batch-size", "2")
		var got struct {
			modelLine
			Classes int
			Layers  []layerLine
			Taps    []tapLine
		}
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatal(err)
		}
		params, macs := 0, int64(0)
		for _, l := range got.Layers {
			params += l.Params
			macs += l.MACs
		}
		if got.Params != 25557032 || params != got.Params || macs != got.MACs || got.Classes != 1000 || !slices.Equal(got.Input, []int{3, 224, 224}) {
			t.Errorf("%+v, layers have %d parameters and %d multiply-adds", got.modelLine, params, macs)
		}
		if last := got.Taps[len(got.Taps)-1]; last.Name != "logits" || !slices.Equal(last.Shape, []int{1000}) {
			t.Errorf("the last part is %+v", last)
		}
	})
	t.Run("dot", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "g.dot")
		if status, _, stderr := zooTrain(t, "describe", "resnet20", "--dot", file, "--under", "layer1.0"); status != 0 {
			t.Fatal(stderr)
		}
		text := string(fileOf(t, filepath.Dir(file), "g.dot"))
		_, stdout, _ := zooTrain(t, "describe", "resnet20", "--dot", "-", "--under", "layer1.0")
		if !strings.HasPrefix(text, "digraph") || text != stdout || !strings.Contains(text, "subgraph") {
			t.Errorf("the file holds\n%.300s", text)
		}
	})
}

func TestHelpAndProfile(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"train", "--help"}, {"eval", "-h"}, {"help", "resume"}} {
		if status, stdout, _ := zooTrain(t, args...); status != 0 || !strings.Contains(stdout, "Usage:") {
			t.Errorf("%v: status %d\n%s", args, status, stdout)
		}
	}
	file := filepath.Join(t.TempDir(), "cpu.prof")
	if status, _, stderr := zooTrain(t, "models", "--cpuprofile", file); status != 0 {
		t.Fatal(stderr)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}

// Every setting has a flag that sets it, and a bad value is found when the flags
// are read.
func TestSettings(t *testing.T) {
	values := map[string]string{"": "true", "NAME": "x", "SPEC": "x", "FILE": "x", "DATA": "x", "PATTERN,...": "a,b", "PATTERN=X,...": "fc.*=10", "YAML": "{width: 3}",
		"N": "3", "PIXELS": "3", "X": "0.5", "P": "0.5", "EPOCHS": "2.5", "EPOCHS,...": "1,2.5", "X,X": "0.1,0.2", "A,B,C": "1,2,3"}
	for _, s := range settings {
		var c train.Config
		if err := parse(values[s.value], s.field(&c)); err != nil {
			t.Errorf("--%s: %v", s.name, err)
		}
		if _, ok := values[s.value]; !ok {
			t.Errorf("--%s: no value for %q", s.name, s.value)
		}
	}
}

// TestInterrupt stops a run with a signal, as Ctrl-C does, and resumes it.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot send an interrupt to one process")
	}
	dir, whole := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	settings := tiny("--epochs", "25", "--train-len", "100")
	if status, _, stderr := zooTrain(t, append(settings, "--out", whole)...); status != 0 {
		t.Fatal(stderr)
	}

	c, lines, stderr := begin(t, append(settings, "--out", dir)...)
	for range 3 { // the header and two epochs
		if !lines.Scan() {
			t.Fatal("the run ended too early")
		}
	}
	c.Process.Signal(os.Interrupt)
	rest, _ := io.ReadAll(c.out)
	err := c.Wait()
	if c.ProcessState.ExitCode() != interrupted || !strings.Contains(stderr.String(), "zoo-train: interrupted; zoo-train resume "+dir+" goes on") {
		t.Fatalf("%v\n%s%s", err, rest, stderr)
	}
	a, err := weights.Load(filepath.Join(dir, train.LastFile))
	if err != nil || a.Meta.Step == 0 || a.Meta.Step >= 250 {
		t.Fatalf("the checkpoint is of step %d, %v", a.Meta.Step, err)
	}
	if status, _, stderr := zooTrain(t, "resume", dir); status != 0 {
		t.Fatal(stderr)
	}
	if !bytes.Equal(fileOf(t, dir, train.WeightsFile), fileOf(t, whole, train.WeightsFile)) {
		t.Error("the run that was interrupted came to other weights")
	}
}

// process is zoo-train in a process of its own.
type process struct {
	*exec.Cmd
	out io.Reader
}

func begin(t *testing.T, args ...string) (process, *bufio.Scanner, *syncBuffer) {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "ZOO_TRAIN_TEST_MAIN=1")
	stderr := new(syncBuffer)
	c.Stderr = stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	return process{c, out}, bufio.NewScanner(out), stderr
}
