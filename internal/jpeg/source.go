package jpeg

import (
	"bytes"
	"io"
)

// source reads a file in pieces.
type source struct {
	in  io.Reader
	buf []byte // what was read last
	at  int    // what of it was taken
	mem []byte
}

// pieceBytes is how much is read at a time.
const pieceBytes = 1 << 15

// begin starts with another file.
func (s *source) begin(in io.Reader) {
	if s.mem == nil {
		s.mem = make([]byte, pieceBytes)
	}
	s.in, s.buf, s.at = in, nil, 0
}

// more reads on, when all that was read is taken.
func (s *source) more() error {
	for range 100 { // as bufio does, for readers that return nothing
		n, err := s.in.Read(s.mem)
		if n > 0 {
			s.buf, s.at = s.mem[:n], 0
			return nil
		}
		if err != nil {
			return short(err)
		}
	}
	return io.ErrNoProgress
}

func (s *source) next() (byte, error) {
	if s.at == len(s.buf) {
		if err := s.more(); err != nil {
			return 0, err
		}
	}
	v := s.buf[s.at]
	s.at++
	return v, nil
}

// full reads as many bytes as dst has.
func (s *source) full(dst []byte) error {
	for len(dst) > 0 {
		if s.at == len(s.buf) {
			if err := s.more(); err != nil {
				return err
			}
		}
		n := copy(dst, s.buf[s.at:])
		dst, s.at = dst[n:], s.at+n
	}
	return nil
}

// coded appends entropy-coded bytes to dst, without the zeros after FF, and returns
// the marker that ends them. What is beyond limit is not kept.
func (s *source) coded(dst []byte, limit int) ([]byte, byte, error) {
	for {
		if s.at == len(s.buf) {
			if err := s.more(); err != nil {
				return dst, 0, err
			}
		}
		piece := s.buf[s.at:]
		n := bytes.IndexByte(piece, 0xff)
		if n < 0 {
			n = len(piece)
		}
		dst = append(dst, piece[:min(n, limit-len(dst))]...)
		if s.at += n; n == len(piece) {
			continue
		}
		v := byte(0xff)
		for v == 0xff { // of which there may be several
			var err error
			if v, err = s.next(); err != nil {
				return dst, 0, err
			}
		}
		if v != 0 {
			return dst, v, nil
		}
		if len(dst) < limit {
			dst = append(dst, 0xff)
		}
	}
}

// short makes the end of a file an unexpected one.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
