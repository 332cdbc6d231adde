package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// TestWeightsThatAreMadeToFit classifies by weights under other names as by the same
// ones under their own.
func TestWeightsThatAreMadeToFit(t *testing.T) {
	file, dir := classifier(t, nil), album(t)
	_, want, _ := predict("--weights", file, dir)
	a, err := weights.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Tensors {
		a.Tensors[i].Name = "trunk/" + a.Tensors[i].Name
	}
	a.Tensors = append(a.Tensors, weights.Tensor{Name: "extra", Shape: []int{1}, Values: []float32{1}})
	renamed := filepath.Join(t.TempDir(), "renamed.gob")
	if err := a.Save(renamed); err != nil {
		t.Fatal(err)
	}
	names := filepath.Join(t.TempDir(), "names.txt")
	put(t, names, "trunk/(.*) $1\n")
	const extra = "zoo-predict: extra: checkpoint has (1), model does not have it\n"
	status, stdout, stderr := predict("--weights", renamed, "--map", names, "--no-strict", dir)
	if status != 0 || stdout != want || !strings.HasPrefix(stderr, extra) {
		t.Errorf("status %d, %s, want\n%s\n%s", status, stdout, want, stderr)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--weights", renamed, dir}, "does not fit the model: "},
		{[]string{"--weights", renamed, "--no-strict", dir}, "does not fit the model: "},
		{[]string{"--weights", renamed, "--map", names, dir}, "extra: checkpoint has (1), model does not have it\n"},
		{[]string{"--weights", file, "--map", names, dir}, "no tensor's name is used by line 1"},
		{[]string{"--weights", textModel(t), "--adapt-input"}, "lstm-lm is for language: only image classifiers get a new head or other input channels"},
	} {
		if status, _, stderr := predict(c.args...); status != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, %s, want %q", c.args, status, stderr, c.want)
		}
	}
}
