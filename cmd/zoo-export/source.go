package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/train"
)

// inRun are the files of a run folder that hold weights, the most wanted first.
var inRun = []string{train.WeightsFile, train.BestFile, train.LastFile}

// source returns the file of weights that a path means: the file itself, or the
// first of a run folder.
func source(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, nil // whoever opens it says what is wrong
	}
	for _, name := range inRun {
		file := filepath.Join(path, name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", errors.Errorf("%s is no run folder: there is none of %s in it", path, strings.Join(inRun, ", "))
}
