package weights

import (
	"bufio"
	"bytes"
	"io"

	"github.com/pkg/errors"
)

// A reader knows one of the formats that others have made.
type reader struct {
	match func(head []byte) bool // of the first bytes of a file, at most sniffed
	read  func(file io.ReaderAt, size int64) (*contents, error)
}

// readers are the formats that are read beside this module's own.
var readers = []reader{
	{safetensors, readSafetensors},
	{npz, readNPZ},
	{npy, readNPY},
	{onnx, readONNX},
	{torchZip, readTorchZip}, // after npz, which is one, too
	{torchPickle, readPickled},
}

// wanted is what a message asks for when a file is nothing that can be read.
const wanted = "want a gob file of weights, or safetensors, .npz, .npy, .pth or ONNX"

// Read is Load for a file of that many bytes which is in memory or inside another:
// bytes that go:embed put into a program, a part of an archive.
func Read(file io.ReaderAt, size int64) (*Archive, error) {
	return readFile(io.NewSectionReader(file, 0, size), size)
}

// file is an *os.File, or what is like one.
type file interface {
	io.Reader
	io.ReaderAt
	io.Seeker
}

// readFile reads the whole of a file of any format.
func readFile(f file, size int64) (*Archive, error) {
	c, in, err := identify(f, size)
	switch {
	case err != nil:
		return nil, err
	case c == nil:
		return decode(in, size)
	}
	return c.load()
}

// identify finds the reader for a file and returns what the file holds. Of a file
// of this module's own format it returns what reads it from its beginning.
func identify(f file, size int64) (c *contents, in io.Reader, err error) {
	defer damaged(&err)
	buffered := bufio.NewReaderSize(f, sniffed)
	head, err := buffered.Peek(sniffed)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	for _, r := range readers {
		if !r.match(head) {
			continue
		}
		var from io.ReaderAt = f
		if size == unknown { // as of a pipe
			all, err := io.ReadAll(buffered)
			if err != nil {
				return nil, nil, err
			}
			from, size = bytes.NewReader(all), int64(len(all))
		}
		c, err = r.read(from, size)
		return c, nil, err
	}
	if !begins(head) {
		return nil, nil, errors.Errorf("%s: %s", describeFormat(head), wanted)
	}
	if size != unknown {
		_, err := f.Seek(0, io.SeekStart)
		return nil, f, err
	}
	return nil, buffered, nil
}
