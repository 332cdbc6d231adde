package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/train"
)

var (
	codeBlock = regexp.MustCompile("(?s)```(\\w*)\n(.*?)```")
	words     = regexp.MustCompile(`'[^']*'|\S+`)
)

// TestCommandsOfThePages checks that every call of zoo-train in the documentation
// has a command and flags that exist, and that the settings in YAML can be.
func TestCommandsOfThePages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	calls, files := 0, 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range codeBlock.FindAllStringSubmatch(string(text), -1) {
			switch block[1] {
			case "":
				for line := range strings.Lines(block[2]) {
					args, ok := strings.CutPrefix(strings.TrimSpace(line), "zoo-train")
					if !ok || strings.ContainsAny(args, "[|") {
						continue // not a call, or a synopsis
					}
					calls++
					checkCall(t, page, words.FindAllString(args, -1))
				}
			case "yaml":
				if !strings.HasPrefix(block[2], "model:") {
					continue
				}
				files++
				c, err := train.ParseConfig([]byte(block[2]), train.Names{})
				if err == nil {
					err = c.Validate()
				}
				if err != nil {
					t.Errorf("%s: %v in\n%s", page, err, block[2])
				}
			}
		}
	}
	if calls < 8 || files == 0 {
		t.Errorf("%d calls and %d files of settings found", calls, files)
	}
}

func checkCall(t *testing.T, page string, args []string) {
	t.Helper()
	for i := range args {
		args[i] = strings.Trim(args[i], "'")
	}
	c, rest, err := newRoot(slog.New(slog.DiscardHandler)).Find(args)
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: zoo-train %s: %v", page, strings.Join(args, " "), err)
	}
}
