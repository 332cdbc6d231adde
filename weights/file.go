package weights

import (
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// Save writes the state of a model to a file, with what is known about it. An
// existing file is replaced only when the new one is complete.
func Save(path string, p *graph.Params, m Meta) error {
	a := FromParams(p)
	a.Meta = m
	return a.Save(path)
}

// Save writes the archive to a file. An existing one is replaced only when the
// new one is complete.
func (a *Archive) Save(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return Encode(w, a) })
}

// Load reads a file that Save wrote. What the file is, is told from its content
// and not from its name.
func Load(path string) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plain(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, plain(path, err)
	}
	if info.IsDir() {
		return nil, errors.Errorf("%s is a folder: want a file of weights", path)
	}
	size := int64(math.MaxInt64) // unknown, as of a pipe
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	a, err := decode(f, size)
	return a, errors.Wrap(err, path)
}

// plain says what the file system found without the name of the call.
func plain(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return errors.Wrap(err, path)
}
