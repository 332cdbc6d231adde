package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
)

func TestWriteFileKeeping(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for i, want := range [][]string{{"a", "one"}, {"a", "two", "b", "one"}, {"a", "three", "b", "two"}} {
		if err := WriteFileKeeping(path, old, text([]string{"one", "two", "three"}[i])); err != nil {
			t.Fatal(err)
		}
		holds(t, dir, want...)
	}
	if err := WriteFileKeeping(path, old, func(io.Writer) error { return errors.New("no") }); err == nil {
		t.Error("want an error")
	}
	holds(t, dir, "a", "three", "b", "two")

	// What cannot be kept is given up.
	if err := WriteFileKeeping(path, filepath.Join(dir, "no", "b"), text("four")); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "a", "four", "b", "two")
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".0123456789abcdef.tmp", ".0123456789abcdef.tmp2", "x.0123456789abcdef.tmp", ".tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, ".0123456789abcdef.tmp2", ".0123456789abcdef.tmp2", ".tmp", ".tmp", "x.0123456789abcdef.tmp", "x.0123456789abcdef.tmp")
	if err := Sweep(filepath.Join(dir, "no")); err == nil {
		t.Error("want an error for a folder that is not there")
	}
	// What a write makes is what Sweep looks for.
	f, err := create(dir)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.Name()); err == nil {
		t.Error("a temporary file is left")
	}
}
