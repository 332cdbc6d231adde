package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// rules writes a map of names.
func rules(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// foreign are weights of the model with something before their names and one tensor
// too many.
func foreign(t *testing.T) *weights.Archive {
	a := resnet20(t, 10)
	for i := range a.Tensors {
		a.Tensors[i].Name = "trunk/" + a.Tensors[i].Name
	}
	a.Tensors = slices.Insert(a.Tensors, 0, weights.Tensor{Name: "extra", Shape: []int{1}, Values: []float32{1}})
	return a
}

// TestFit exports weights under other names, with and without a model.
func TestFit(t *testing.T) {
	from := save(t, foreign(t), "from.gob")
	strip, drop := rules(t, "trunk/(.*) $1\n"), rules(t, "trunk/(.*) $1\nextra -\n")
	good := resnet20(t, 10)
	extra := "zoo-export: extra: checkpoint has (1), model does not have it\n"
	for _, c := range []struct {
		name    string
		args    []string
		tensors int // 0 for an error
		stderr  string
	}{
		{"only names", []string{"--map", strip}, len(good.Tensors) + 1, ""},
		{"no extra", []string{"--map", drop, "--model", "resnet20"}, len(good.Tensors), ""},
		{"what fits", []string{"--map", strip, "--model", "resnet20", "--no-strict"}, len(good.Tensors), extra},
		{"strictly", []string{"--map", strip, "--model", "resnet20"}, 0, "extra: checkpoint has (1), model does not have it\n"},
		{"nothing fits", []string{"--model", "resnet20", "--no-strict"}, 0, "checkpoint of resnet20 does not fit the model: "},
		{"a rule for nothing", []string{"--map", rules(t, "stem x\n")}, 0, "map of names: no tensor's name is used by line 1, stem\n"},
		{"a bad rule", []string{"--map", rules(t, "a(b x\n")}, 0, "line 1: error parsing regexp: missing closing ): `a(b`\n"},
		{"no map", []string{"--map", "none.txt"}, 0, "--map: stat none.txt: "},
		{"without a model", []string{"--no-strict"}, 0, "--no-strict is for --model NAME: there is nothing to fit\n"},
		{"channels without a model", []string{"--adapt-input"}, 0, "--adapt-input is for --model NAME: there is nothing to fit\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "to.gob")
			status, _, stderr := command(append([]string{"--from", from, "--to", to}, c.args...)...)
			if c.tensors == 0 {
				if _, err := os.Stat(to); status == 0 || err == nil || !strings.Contains(stderr, c.stderr) {
					t.Errorf("status %d, %q, want %q and no file (%v)", status, stderr, c.stderr, err)
				}
				return
			}
			if status != 0 || stderr != c.stderr {
				t.Fatalf("status %d, %q, want %q", status, stderr, c.stderr)
			}
			got := load(t, to)
			w, ok := got.Get("", "fc.bias")
			if want, _ := good.Get("", "fc.bias"); len(got.Tensors) != c.tensors || !ok || !slices.Equal(w.Values.([]float32), want.Values.([]float32)) {
				t.Errorf("%d tensors, want %d, fc.bias among them (%v)", len(got.Tensors), c.tensors, ok)
			}
		})
	}
}

// TestFitInput makes the weights of a network for grey images ones for colours.
func TestFitInput(t *testing.T) {
	a := resnet20(t, 10)
	a.Meta = weights.Meta{} // so that the model is the registered one
	to := filepath.Join(t.TempDir(), "to.onnx")
	args := []string{"--from", save(t, a, "from.gob"), "--model", "resnet20", "--to"}
	if status, _, stderr := command(append(args, to)...); status != 1 || !strings.Contains(stderr, "conv1.weight: checkpoint has (16, 1, 3, 3), model wants (16, 3, 3, 3)") {
		t.Errorf("strictly: status %d, %s", status, stderr)
	}
	for _, to := range []string{to, filepath.Join(t.TempDir(), "to.gob")} {
		status, _, stderr := command(append(args, to, "--adapt-input")...)
		if status != 0 || stderr != "zoo-export: conv1: 3 input channels made of 1\n" {
			t.Errorf("status %d, %s", status, stderr)
		}
	}
}
