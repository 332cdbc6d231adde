package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestPredict(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resnet20.gob")
	for _, args := range [][]string{
		{"resnet20", "32", file}, // not there yet
		{"resnet20", "32"},
		{"resnet20", "large", file},
		{"resnet21", "32", file},
		{"-threads", "0", "resnet20", "32", file},
	} {
		if err := run(args, strings.NewReader(""), new(strings.Builder)); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
	if err := run([]string{"--write", "resnet20", "32", file}, nil, nil); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run([]string{"--threads", "1", "resnet20", "32", file}, strings.NewReader("anything\n"), &out); err != nil {
		t.Fatal(err)
	}
	if class, err := strconv.Atoi(strings.TrimSuffix(out.String(), "\n")); err != nil || class < 0 || class > 9 {
		t.Errorf("printed %q, want a class and nothing else", out.String())
	}
	if err := run([]string{"resnet32", "32", file}, strings.NewReader(""), &out); err == nil {
		t.Error("the weights of another model give no error")
	}
}
