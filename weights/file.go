package weights

import (
	"io"
	"io/fs"
	"os"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// Save writes the state of a model to a file, with what is known about it. An
// existing file is replaced only when the new one is complete.
func Save(path string, p *graph.Params, m Meta) error {
	if err := p.Fetch(); err != nil {
		return err
	}
	a := FromParams(p)
	a.Meta = m
	return a.Save(path)
}

// Save writes the archive to a file. An existing one is replaced only when the
// new one is complete.
func (a *Archive) Save(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return Encode(w, a) })
}

// Load reads a file that Save wrote, or one of another format: safetensors, .npz,
// .npy, a checkpoint of PyTorch or the initialisers of an ONNX model. What the file
// is, is told from its content and not from its name. Of other formats,
// floating-point values become float32, and integers those of 64 bits or bytes.
func Load(path string) (*Archive, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := readFile(f, size)
	return a, errors.Wrap(err, path)
}

// open also tells the size of the file, unknown if it has none, as a pipe.
func open(path string) (f *os.File, size int64, err error) {
	if f, err = os.Open(path); err != nil {
		return nil, 0, plain(path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = plain(path, err)
	case info.IsDir():
		err = errors.Errorf("%s is a folder: want a file of weights", path)
	case info.Mode().IsRegular():
		return f, info.Size(), nil
	default:
		return f, unknown, nil
	}
	f.Close()
	return nil, 0, err
}

// plain says what the file system found without the name of the call.
func plain(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return errors.Wrap(err, path)
}
