package dataset

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// cifarLayout is how one of the two CIFAR sets lies in its files. A record is
// labels, then 32x32 pixels of red, of green and of blue.
type cifarLayout struct {
	folder  string // inside the archive
	archive string
	train   []string
	val     string
	names   string // class names, a line each
	labels  int    // bytes of labels before the pixels; the last one counts
}

var cifar10Layout = cifarLayout{
	folder:  "cifar-10-batches-bin",
	archive: "cifar-10-binary.tar.gz",
	train:   []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
	val:     "test_batch.bin",
	names:   "batches.meta.txt",
	labels:  1,
}

var cifar100Layout = cifarLayout{
	folder:  "cifar-100-binary",
	archive: "cifar-100-binary.tar.gz",
	train:   []string{"train.bin"},
	val:     "test.bin",
	names:   "fine_label_names.txt",
	labels:  2, // coarse, then fine
}

const (
	cifarSide  = 32
	cifarImage = 3 * cifarSide * cifarSide

	// maxCIFARFile bounds what one file may take: the largest of the original
	// layout has 153,700,000 bytes.
	maxCIFARFile = 1 << 28
)

// opener returns the reader of data sets in this layout.
func (l *cifarLayout) opener() openFunc {
	return func(k *kind, path string, _ Options) (train, val Dataset, err error) {
		files, where, err := l.read(path)
		if err != nil {
			return nil, nil, err
		}
		classes, err := l.classes(files[l.names], k.classes)
		if err != nil {
			return nil, nil, errors.WithMessage(err, where)
		}
		if train, err = l.split(files, l.train, classes); err != nil {
			return nil, nil, errors.WithMessage(err, where)
		}
		if val, err = l.split(files, []string{l.val}, classes); err != nil {
			return nil, nil, errors.WithMessage(err, where)
		}
		return train, val, nil
	}
}

// read returns the content of the layout's files by name, and where they lie:
// path is their folder, the folder that contains it or the archive, or the
// archive itself.
func (l *cifarLayout) read(path string) (files map[string][]uint8, where string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", pathError(err, "a folder or "+l.archive)
	}
	if !info.IsDir() {
		files, err = readTarGz(path, append(l.required(), l.names))
		return files, path, err
	}
	for _, dir := range []string{path, filepath.Join(path, l.folder)} {
		if isFile(filepath.Join(dir, l.val)) || isFile(filepath.Join(dir, l.train[0])) {
			files, err = l.readDir(dir)
			return files, dir, err
		}
	}
	if archive := filepath.Join(path, l.archive); isFile(archive) {
		files, err = readTarGz(archive, append(l.required(), l.names))
		return files, archive, err
	}
	return nil, "", errors.Errorf("%s: holds neither %s nor %s nor %s", path, l.val, l.folder, l.archive)
}

// required returns the names of the files with records.
func (l *cifarLayout) required() []string {
	return append(append([]string(nil), l.train...), l.val)
}

func (l *cifarLayout) readDir(dir string) (map[string][]uint8, error) {
	files := make(map[string][]uint8)
	for _, name := range append(l.required(), l.names) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if os.IsNotExist(err) {
			continue // said by split, with all that is missing
		}
		if err != nil {
			return nil, errors.WithStack(err)
		}
		if info.Size() > maxCIFARFile {
			return nil, errors.Errorf("%s: %d bytes: the limit is %d", path, info.Size(), maxCIFARFile)
		}
		if files[name], err = os.ReadFile(path); err != nil {
			return nil, errors.WithStack(err)
		}
	}
	return files, nil
}

// split joins the records of some files.
func (l *cifarLayout) split(files map[string][]uint8, names []string, classes []string) (*Memory, error) {
	record := l.labels + cifarImage
	n := 0
	for _, name := range names {
		data, ok := files[name]
		if !ok {
			return nil, errors.Errorf("%s is missing", name)
		}
		if len(data) == 0 || len(data)%record != 0 {
			return nil, errors.Errorf("%s: %d bytes is not a whole number of records of %d: truncated or of another layout",
				name, len(data), record)
		}
		n += len(data) / record
	}
	pix, labels := make([]uint8, 0, n*cifarImage), make([]uint8, 0, n)
	for _, name := range names {
		for data := files[name]; len(data) > 0; data = data[record:] {
			label := data[l.labels-1]
			if int(label) >= len(classes) {
				return nil, errors.Errorf("%s: label %d: want less than %d, the number of classes", name, label, len(classes))
			}
			labels = append(labels, label)
			pix = append(pix, data[l.labels:record]...)
		}
		delete(files, name) // the memory may go
	}
	return NewMemory(3, cifarSide, cifarSide, pix, labels, classes)
}

// classes returns the names in the file of names, or the usual ones without it.
func (l *cifarLayout) classes(data []uint8, usual []string) ([]string, error) {
	var names []string
	for line := range bytes.Lines(data) {
		if name := string(bytes.TrimSpace(line)); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return usual, nil
	}
	if len(names) != len(usual) {
		return nil, errors.Errorf("%s: %d names, want %d", l.names, len(names), len(usual))
	}
	return names, nil
}
