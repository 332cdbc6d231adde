package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecipes(t *testing.T) {
	status, stdout, stderr := zooTrain(t, "recipes")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d\n%s", status, stderr)
	}
	for _, want := range []string{"cifar10-fast  ", "fashion  ", "he2015  ", "torchvision-v1  ", "Result: 94.73 %", "Reference: He et al. 2015"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the list lacks %q:\n%s", want, stdout)
		}
	}
}

func TestRecipeFlag(t *testing.T) {
	s := settingFlags{given: map[string]string{"data": "cifar10:dir", "epochs": "3"}}
	c, err := s.config(origin{recipe: "he2015"})
	if err != nil || c.Epochs != 3 || c.Optimizer.LR != 0.1 || c.Optimizer.Nesterov || len(c.Schedule.Milestones) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--recipe", "he2016"}, "did you mean he2015?"},
		{[]string{"--recipe", "he2015"}, "want cifar10:DIR"},
		{[]string{"--recipe", "he2015", "--config", file}, "--config and --recipe: want one of them"},
	} {
		if status, _, stderr := zooTrain(t, c.args...); status != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, %q, want %q", c.args, status, stderr, c.want)
		}
	}
}
