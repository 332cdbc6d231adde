package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// foreign writes what another program might of a small ResNet for colour images
// without a word of what it is, and a map of its names.
func foreign(t *testing.T, classes int) (file, names string) {
	t.Helper()
	m, err := zoo.New("resnet20", zoo.WithClasses(classes), zoo.WithInput(3, 8, 8), func(a zoo.Architecture) error {
		r := a.(*zoo.ResNet)
		r.Blocks, r.Width = []int{1}, 4
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
	for i := range a.Tensors {
		a.Tensors[i].Name = "trunk/" + a.Tensors[i].Name
	}
	a.Tensors = append(a.Tensors, weights.Tensor{Name: "extra", Shape: []int{1}, Values: []float32{1}})
	dir := t.TempDir()
	file, names = filepath.Join(dir, "weights.safetensors"), filepath.Join(dir, "names.txt")
	if err := a.SaveSafetensors(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(names, []byte("trunk/(.*) $1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file, names
}

// TestWeightsThatAreMadeToFit trains with weights of another network and measures
// the result, and says what was changed.
func TestWeightsThatAreMadeToFit(t *testing.T) {
	file, names := foreign(t, 7)
	dir := filepath.Join(t.TempDir(), "run")
	args := tiny("--out", dir, "--weights", file, "--map", names, "--adapt-input", "--no-strict")
	status, _, stderr := zooTrain(t, args...)
	if want := "fc.weight: checkpoint has 7 classes, model wants 10"; status != 1 || !strings.Contains(stderr, want) {
		t.Errorf("without a new head: status %d, %s, want %q", status, stderr, want)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a run that did not begin left its folder")
	}
	if status, _, stderr = zooTrain(t, append(args, "--new-head")...); status != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{
		"conv1: 1 input channels made of 3",
		"fc: the weights have 7 classes, the model has 10: it begins anew",
		"extra: checkpoint has (1), model does not have it",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%s\nlacks %q", stderr, want)
		}
	}
	eval := func(weights string, args ...string) (int, string) {
		status, _, stderr := zooTrain(t, append([]string{"eval", "--weights", weights, "--data", "glyphs", "--val-len", "20"}, args...)...)
		return status, stderr
	}
	if status, stderr := eval(filepath.Join(dir, train.WeightsFile)); status != 0 {
		t.Error(stderr)
	}
	as := []string{"--model", "resnet20", "--input-size", "8", "--architecture", "{blocks: [1], width: 4}", "--adapt-input", "--map", names}
	for _, c := range []struct {
		args []string
		want string
	}{
		{as, "checkpoint does not fit the model: 1 of another shape, 0 missing, 1 unexpected"},
		{append(as, "--no-strict"), "fc.weight: checkpoint has 7 classes, model wants 10"},
	} {
		if status, stderr := eval(file, c.args...); status != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("eval %q: status %d, %s, want %q", c.args, status, stderr, c.want)
		}
	}
	ten, _ := foreign(t, 10)
	if status, stderr := eval(ten, append(as, "--no-strict")...); status != 0 || !strings.Contains(stderr, "extra: checkpoint has") {
		t.Errorf("eval of ten classes: status %d, %s", status, stderr)
	}
}

// TestPretrained begins a run with weights that are inside the program, measures such
// weights, and wants the run to be repeated and resumed by what it leaves.
func TestPretrained(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	fit := []string{"--pretrained", "cifar10", "--model", "resnet20", "--adapt-input"}
	status, _, stderr := zooTrain(t, append(fit, "--data", "glyphs", "--new-head", "--train-len", "20", "--val-len", "20", "--epochs", "1", "--batch-size", "10", "--out", dir)...)
	if want := "conv1: 1 input channels made of 3"; status != 0 || !strings.Contains(stderr, want) {
		t.Fatalf("status %d, %s, want %q", status, stderr, want)
	}
	again := filepath.Join(t.TempDir(), "again")
	if status, _, stderr = zooTrain(t, "--config", filepath.Join(dir, train.ConfigFile), "--out", again); status != 0 {
		t.Fatal(stderr)
	}
	first, second := fileOf(t, dir, train.WeightsFile), fileOf(t, again, train.WeightsFile)
	if !bytes.Equal(first, second) {
		t.Error("the settings of the run give another one")
	}
	if status, stdout, stderr := zooTrain(t, "resume", dir); status != 0 || !strings.Contains(stdout, "complete") {
		t.Errorf("resume: status %d, %s%s", status, stdout, stderr)
	}
	status, stdout, stderr := zooTrain(t, append(fit, "eval", "--data", "glyphs", "--val-len", "20")...)
	if status != 0 || !strings.HasPrefix(stdout, "resnet20: ") {
		t.Errorf("eval: status %d, %s%s", status, stdout, stderr)
	}
}
