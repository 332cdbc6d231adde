package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run with --http says where it can be seen, and one whose port is taken does not
// begin.
func TestHTTP(t *testing.T) {
	args := []string{"--train-len", "64", "--val-len", "10", "--epochs", "1", "--input-size", "8", "--architecture", "{blocks: [1], width: 4}"}
	out := filepath.Join(t.TempDir(), "run")
	status, _, stderr := zooTrain(t, append(args, "--out", out, "--http", ":0")...)
	if status != 0 || !strings.Contains(stderr, "live view at http://127.0.0.1:") || strings.Contains(stderr, "other machines") {
		t.Errorf("status %d\n%s", status, stderr)
	}

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for addr, want := range map[string]struct {
		status int
		text   string
	}{
		taken.Addr().String(): {1, "--http: cannot listen at " + taken.Addr().String() + ": "},
		"8080":                {2, `--http: "8080", want :PORT or HOST:PORT`},
	} {
		out := filepath.Join(t.TempDir(), "run")
		status, _, stderr := zooTrain(t, append(args, "--out", out, "--http", addr)...)
		if status != want.status || !strings.Contains(stderr, want.text) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d\n%s", addr, status, stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: there is a run folder", addr)
		}
	}
}
