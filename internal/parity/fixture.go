package parity

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// load decodes the fixture file called name into v; names ending in .gz are
// decompressed.
func load(name string, v any) error {
	dir, err := folder()
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return errors.Wrap(err, "parity fixture")
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return errors.Wrapf(err, "parity fixture %s", name)
		}
	}
	return errors.Wrapf(json.NewDecoder(r).Decode(v), "parity fixture %s", name)
}

// folder is testdata/parity of the module that the working folder is in: tests
// run in the folder of their package.
func folder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", errors.Wrap(err, "parity fixtures")
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "testdata", "parity"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("parity fixtures: no go.mod above the working folder")
		}
		dir = parent
	}
}
