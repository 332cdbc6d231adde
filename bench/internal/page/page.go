// Package page writes measured tables: to files of their own and into the
// documentation.
//
// A section of a markdown page that a command writes lies between two comments:
//
//	<!-- NAME: written by go run ./bench/... -->
//	<!-- end NAME -->
package page

import (
	"bytes"
	"io"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// ErrNoSection is the cause of Replace's error where the page has no such
// section.
var ErrNoSection = errors.New("the page has no such section")

// Replace writes text between the marks of a section.
func Replace(path, section, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return errors.Wrap(err, "page")
	}
	begin := bytes.Index(old, []byte("<!-- "+section+":"))
	if begin < 0 {
		return errors.Wrapf(ErrNoSection, "%s: section %q", path, section)
	}
	head := bytes.Index(old[begin:], []byte("-->\n"))
	end := bytes.Index(old[begin:], []byte("<!-- end "+section+" -->"))
	if head < 0 || end < head {
		return errors.Errorf("%s: section %q does not end", path, section)
	}
	return Write(path, string(old[:begin+head+4])+"\n"+text+"\n"+string(old[begin+end:]))
}

// Write makes a file, with its folder, or replaces it.
func Write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return errors.Wrapf(err, "cannot write %s", path)
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
