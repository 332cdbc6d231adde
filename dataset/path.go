package dataset

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// checkDir reports a path that is not a folder.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return pathError(err, "a folder")
	}
	if !info.IsDir() {
		return errors.Errorf("%s: want a folder, found a file", dir)
	}
	return nil
}

// pathError says in one line that something is not there.
func pathError(err error, want string) error {
	var p *os.PathError
	if os.IsNotExist(err) && errors.As(err, &p) {
		return errors.Errorf("%s: want %s, found nothing", p.Path, want)
	}
	return errors.WithStack(err)
}

// isFile reports whether path is a regular file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// findFile returns the first of names that is a file in one of the folders
// inside dir.
func findFile(dir string, folders, names []string) (string, error) {
	for _, folder := range folders {
		for _, name := range names {
			if path := filepath.Join(dir, filepath.FromSlash(folder), name); isFile(path) {
				return path, nil
			}
		}
	}
	return "", errors.Errorf("%s: %s is missing", dir, strings.Join(names, " or "))
}
