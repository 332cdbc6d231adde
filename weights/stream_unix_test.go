//go:build unix

package weights

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestLoadIntoFromPipe reads what has no size and no places.
func TestLoadIntoFromPipe(t *testing.T) {
	from := model(t, 1, several())
	data, err := os.ReadFile(written(t, from))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	go os.WriteFile(path, data, 0)
	p := model(t, 0, several())
	meta, err := LoadInto(path, p, Deferred())
	if err != nil || meta.Model != "several" {
		t.Fatalf("got %v, %v", meta, err)
	}
	same(t, "from a pipe", FromParams(p), FromParams(from))
}
