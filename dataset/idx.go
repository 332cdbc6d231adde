package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// The idx format of the MNIST files: two zero bytes, the type of the elements
// (8 for unsigned bytes), the number of dimensions, each dimension as a
// big-endian 32-bit number, and the elements.
const (
	idxBytes    = 0x08
	maxIDXBytes = 1 << 31 // many times the largest set of this format (EMNIST: 6e8)
)

// openMNIST reads the four files of MNIST or of a set in its format.
func openMNIST(k *kind, dir string, _ Options) (train, val Dataset, err error) {
	if err := checkDir(dir); err != nil {
		return nil, nil, err
	}
	if train, err = openIDX(dir, "train", k.classes); err != nil {
		return nil, nil, err
	}
	if val, err = openIDX(dir, "t10k", k.classes); err != nil {
		return nil, nil, err
	}
	return train, val, nil
}

// openIDX reads the images and labels of one split.
func openIDX(dir, split string, classes []string) (*Memory, error) {
	shape, pix, err := readIDXFile(dir, split+"-images-idx3-ubyte", 3)
	if err != nil {
		return nil, err
	}
	count, labels, err := readIDXFile(dir, split+"-labels-idx1-ubyte", 1)
	if err != nil {
		return nil, err
	}
	if shape[0] != count[0] {
		return nil, errors.Errorf("%s: %d images and %d labels", filepath.Join(dir, split+"-*"), shape[0], count[0])
	}
	d, err := NewMemory(1, shape[1], shape[2], pix, labels, classes)
	return d, errors.WithMessage(err, filepath.Join(dir, split+"-*"))
}

// readIDXFile reads DIR/name or DIR/name.gz, or the same in the folder that
// torchvision makes.
func readIDXFile(dir, name string, dims int) (shape []int, data []uint8, err error) {
	path, err := findFile(dir, []string{".", "raw", "MNIST/raw", "FashionMNIST/raw"}, []string{name, name + ".gz"})
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, errors.WithStack(err)
	}
	defer f.Close()
	var in io.Reader = bufio.NewReaderSize(f, 1<<16)
	if filepath.Ext(path) == ".gz" {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, nil, errors.WithMessage(unexpectedEOF(err), path)
		}
	}
	shape, data, err = readIDX(in, dims)
	return shape, data, errors.WithMessage(err, path)
}

// readIDX reads an idx file of bytes with the given number of dimensions. Memory
// is taken as the data comes, not as the header promises.
func readIDX(r io.Reader, dims int) (shape []int, data []uint8, err error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, nil, errors.WithMessage(unexpectedEOF(err), "idx header")
	}
	if want := [4]byte{0, 0, idxBytes, byte(dims)}; magic != want {
		return nil, nil, errors.Errorf("idx header begins with % x, want % x (bytes in %d dimensions)", magic, want, dims)
	}
	shape = make([]int, dims)
	size := int64(1)
	for i := range shape {
		var n [4]byte
		if _, err := io.ReadFull(r, n[:]); err != nil {
			return nil, nil, errors.WithMessage(unexpectedEOF(err), "idx header")
		}
		d := int64(binary.BigEndian.Uint32(n[:]))
		if d == 0 {
			return nil, nil, errors.Errorf("idx header: dimension %d is zero", i)
		}
		if d > maxIDXBytes/size {
			return nil, nil, errors.Errorf("idx header promises more than %d bytes", int64(maxIDXBytes))
		}
		size *= d
		shape[i] = int(d)
	}
	data, err = readExactly(r, size)
	return shape, data, err
}
