package dataset

import (
	"io"

	"github.com/pkg/errors"
)

// readExactly reads the size bytes that r must hold, no more and no less. It
// takes memory in steps, so that a short file costs little whatever size is.
func readExactly(r io.Reader, size int64) ([]uint8, error) {
	const step = 1 << 20
	data := make([]uint8, 0, min(size, step))
	for int64(len(data)) < size {
		if len(data) == cap(data) {
			grown := make([]uint8, len(data), min(size, 2*int64(cap(data))))
			copy(grown, data)
			data = grown
		}
		n, err := io.ReadFull(r, data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			return nil, errors.WithMessagef(unexpectedEOF(err), "%d bytes of %d", len(data), size)
		}
	}
	// Reading on to the end also verifies the checksum of a gzip stream.
	switch n, err := io.CopyN(io.Discard, r, 1); {
	case n != 0:
		return nil, errors.Errorf("more than the %d bytes expected", size)
	case err != io.EOF:
		return nil, errors.WithStack(err)
	}
	return data, nil
}

// unexpectedEOF calls the end of a file what it is in the middle of data.
func unexpectedEOF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("the file ends too early")
	}
	return errors.WithStack(err)
}
