// Package docs_test keeps the pages honest: every piece of Go on them is code
// that is compiled elsewhere.
package docs_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestSnippets looks for every Go block of the pages in the examples.
func TestSnippets(t *testing.T) {
	compiled := examples(t)
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range goBlock.FindAllSubmatch(text, -1) {
			n++
			if code := flatten(string(m[1])); !strings.Contains(compiled, code) {
				t.Errorf("%s: this piece of Go is in no example:\n%s", page, m[1])
			}
		}
	}
	if n == 0 {
		t.Error("no Go block found on any page")
	}
}

// examples returns the code of all example tests and programs.
func examples(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		if !strings.Contains(filepath.Base(path), "example") && !strings.HasPrefix(path, "../examples/") {
			return nil
		}
		text, err := os.ReadFile(path)
		all.WriteString(flatten(string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// flatten drops indentation and empty lines.
func flatten(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// TestLogits runs the program of the README.
func TestLogits(t *testing.T) {
	out, err := exec.Command("go", "run", "../examples/logits").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := len(strings.Fields(strings.Trim(string(out), "[] \n"))); n != 10 {
		t.Errorf("%d logits, want 10:\n%s", n, out)
	}
}
