package weights

import (
	"bytes"
	"io"

	"github.com/pkg/errors"
)

const (
	// pickleLimit is the size in bytes of the largest pickle that is read. The
	// numbers of a checkpoint are not in it: a thousand tensors take some 200 KB.
	pickleLimit = 16 << 20
	// lineLimit is the length of the longest line in a pickle, a name or a number.
	lineLimit = 4 << 10
	// pickleChunk is how much of a file is read at a time.
	pickleChunk = 32 << 10
)

// pickleSource are the bytes of a file from which a pickle is read. What it holds
// in memory is never more than the file has.
type pickleSource struct {
	file io.ReaderAt
	next int64  // where the bytes after buf are
	end  int64  // of the file, or of the part that is to be read
	buf  []byte // bytes that have been read from the file and not taken
	left int    // how many bytes may be taken
}

func newPickleSource(file io.ReaderAt, at, end int64) *pickleSource {
	return &pickleSource{file: file, next: at, end: end, left: pickleLimit}
}

// at is where the next byte lies in the file.
func (s *pickleSource) at() int64 { return s.next - int64(len(s.buf)) }

// taken is the number of bytes that have been taken.
func (s *pickleSource) taken() int { return pickleLimit - s.left }

// take returns the next n bytes, which are valid until the next call.
func (s *pickleSource) take(n uint64) ([]byte, error) {
	switch {
	case n > uint64(s.end-s.at()):
		return nil, errors.Errorf("truncated: the pickle ends after %d bytes", s.end-s.at()+int64(s.taken()))
	case n > uint64(s.left):
		return nil, errors.Errorf("a pickle of more than %d bytes", pickleLimit)
	}
	if err := s.fill(int(n)); err != nil {
		return nil, err
	}
	b := s.buf[:n:n]
	s.buf = s.buf[n:]
	s.left -= int(n)
	return b, nil
}

// fill makes buf at least n bytes long, which the file must have.
func (s *pickleSource) fill(n int) error {
	if n <= len(s.buf) {
		return nil
	}
	more := min(int64(max(n, pickleChunk)-len(s.buf)), s.end-s.next)
	buf := make([]byte, len(s.buf)+int(more))
	copy(buf, s.buf)
	if _, err := s.file.ReadAt(buf[len(s.buf):], s.next); err != nil {
		if err == io.EOF {
			return errors.New("truncated: the file became shorter")
		}
		return err
	}
	s.buf = buf
	s.next += more
	return nil
}

// line takes what comes before the next end of line, and that.
func (s *pickleSource) line() (string, error) {
	n := min(lineLimit, s.end-s.at())
	if err := s.fill(int(n)); err != nil {
		return "", err
	}
	length := bytes.IndexByte(s.buf[:n], '\n')
	if length < 0 {
		if n < lineLimit {
			length = int(n) // which is more than there is: truncated
		} else {
			return "", errors.Errorf("damaged: the pickle has a line of more than %d bytes", lineLimit)
		}
	}
	b, err := s.take(uint64(length) + 1)
	if err != nil {
		return "", err
	}
	return string(b[:length]), nil
}
