package main

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
)

// stdinName stands for standard input among the files.
const stdinName = "-"

// findImages returns the files, and the images in and below the folders, by name.
// What does not exist is left for whoever opens it.
func findImages(args []string) (files []string, err error) {
	stdin := false
	for _, arg := range args {
		if arg == stdinName {
			if stdin {
				return nil, errors.New("standard input can be read once only")
			}
			stdin = true
		}
		if info, err := os.Stat(arg); arg == stdinName || err != nil || !info.IsDir() {
			files = append(files, arg)
			continue
		}
		before := len(files)
		err := filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && dataset.IsImageFile(path) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, errors.Errorf("%s: holds no JPEG or PNG file", arg)
		}
	}
	return files, nil
}
