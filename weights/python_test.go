package weights

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listing is what testdata/formats.py says of a file.
type listing struct {
	Meta    map[string]string
	Tensors []struct {
		Name, DType, Bytes string
		Shape              []int
	}
}

// python runs the script and reads the JSON that it prints, if there is a Python
// with NumPy.
func python(t *testing.T, into any, args ...string) {
	t.Helper()
	interpreter := "/usr/bin/python3"
	if runtime.GOOS == "windows" {
		interpreter = "python"
	}
	if err := exec.Command(interpreter, "-c", "import numpy").Run(); err != nil {
		t.Skipf("%s has no NumPy: %v", interpreter, err)
	}
	out, err := exec.Command(interpreter, append([]string{"testdata/formats.py"}, args...)...).Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v: %s", err, e.Stderr)
		}
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatal(err)
	}
}

// compare wants the tensors of an archive in the listing, in any order.
func (l *listing) compare(t *testing.T, what string, a *Archive) {
	t.Helper()
	if len(l.Tensors) != len(a.Tensors) {
		t.Errorf("%s: %d tensors, Python has %d", what, len(a.Tensors), len(l.Tensors))
	}
	for _, want := range l.Tensors {
		got, ok := a.Get("", want.Name)
		switch {
		case !ok:
			t.Errorf("%s: %s is missing", what, want.Name)
		case string(got.DType()) != want.DType || !slices.Equal(got.Shape, want.Shape):
			t.Errorf("%s: %s is %v of %s, Python has %v of %s", what, want.Name, got.Shape, got.DType(), want.Shape, want.DType)
		case littleEndian && hex.EncodeToString(memory(got.Values)) != want.Bytes:
			t.Errorf("%s: %s has other values", what, want.Name)
		}
	}
}

// TestPythonReads has Python read what is written here.
func TestPythonReads(t *testing.T) {
	a := unsectioned()
	var paths []string
	for _, ext := range slices.Sorted(maps.Keys(formats)) {
		path := filepath.Join(t.TempDir(), "weights."+ext)
		if err := formats[ext].save(a, path); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	var read []listing
	python(t, &read, append([]string{"list"}, paths...)...)
	notes, err := annotate(a)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range read {
		l.compare(t, paths[i], a)
		delete(l.Meta, "format")
		if d := cmp.Diff(map[string]string(notes), l.Meta); d != "" {
			t.Errorf("%s: %s", paths[i], d)
		}
	}
}

// TestNumPyWrites reads what NumPy writes.
func TestNumPyWrites(t *testing.T) {
	dir := t.TempDir()
	var want listing
	python(t, &want, "write", dir)
	for _, name := range []string{"stored.npz", "deflated.npz"} {
		a, err := Load(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		want.compare(t, name, a)
	}
	a, err := Load(filepath.Join(dir, "single.npy"))
	if err != nil {
		t.Fatal(err)
	}
	single := listing{Tensors: want.Tensors[1:2]}
	single.Tensors[0].Name = npySingle
	single.compare(t, "single.npy", a)
}
