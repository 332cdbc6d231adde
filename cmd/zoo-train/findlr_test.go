package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/train"
)

func TestFindLR(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	status, stdout, stderr := zooTrain(t, append([]string{"find-lr"}, tiny("--steps", "20", "--batch-size", "20", "--lr-base-size", "80")...)...)
	if status != 0 || !strings.Contains(stdout, "suggestion") || !strings.Contains(stdout, train.LRFinderPlot) {
		t.Fatalf("status %d\n%s%s", status, stdout, stderr)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("the folder has %v, %v, want the two files", files, err)
	}
	if status, _, stderr := zooTrain(t, append([]string{"find-lr", "--out", filepath.Join(dir, "x"), "--steps", "3"}, tiny()...)...); status != 1 || !strings.Contains(stderr, "3 steps, want at least 10") {
		t.Errorf("status %d, %q", status, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a folder is left by a search that was refused")
	}
}

// A suggestion is for the flag --lr.
func TestSuggestion(t *testing.T) {
	falling := func(scale float64) *train.LRCurve {
		return &train.LRCurve{Scale: scale, Points: []train.LRPoint{
			{LR: 0.1, Loss: 3, Smoothed: 3}, {LR: 0.2, Loss: 2, Smoothed: 2.5}, {LR: 0.4, Loss: 1, Smoothed: 2},
		}}
	}
	diverged := falling(1)
	diverged.Diverged = true
	for _, c := range []struct {
		curve *train.LRCurve
		want  []string
	}{
		{falling(1), []string{"suggestion: --lr 0.2,", "the loss does not diverge"}},
		{falling(0.25), []string{"suggestion: --lr 0.8,", "--lr times 0.25"}},
		{diverged, []string{"the loss diverges after 0.4"}},
		{new(train.LRCurve), []string{"no suggestion"}},
	} {
		got := suggestion(c.curve)
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%q, want %q in it", got, w)
			}
		}
	}
}
