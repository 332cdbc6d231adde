package dataset

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// readTarGz reads the named files, in whatever folder of the archive they lie,
// into memory. Nothing is ever written to disk; still, an archive with an entry
// that would leave the folder it is unpacked in is refused as hostile.
func readTarGz(file string, names []string) (map[string][]uint8, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer f.Close()
	files, err := readTarGzFrom(bufio.NewReaderSize(f, 1<<16), names)
	return files, errors.WithMessage(err, file)
}

func readTarGzFrom(r io.Reader, names []string) (map[string][]uint8, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, unexpectedEOF(err)
	}
	files := make(map[string][]uint8)
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, unexpectedEOF(err)
		}
		if !filepath.IsLocal(filepath.FromSlash(h.Name)) || strings.Contains(h.Name, `\`) {
			return nil, errors.Errorf("entry %q leads out of the archive", h.Name)
		}
		name := path.Base(h.Name)
		if h.Typeflag != tar.TypeReg || !slices.Contains(names, name) {
			continue
		}
		if _, twice := files[name]; twice {
			return nil, errors.Errorf("%s is in the archive twice", name)
		}
		if h.Size > maxCIFARFile {
			return nil, errors.Errorf("%s: %d bytes: the limit is %d", name, h.Size, maxCIFARFile)
		}
		if files[name], err = readExactly(t, h.Size); err != nil {
			return nil, errors.WithMessage(err, name)
		}
	}
}
