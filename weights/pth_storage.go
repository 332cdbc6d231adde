package weights

import (
	"archive/zip"
	"hash/crc32"
	"io"
	"sync"
)

// storage is a run of numbers of which tensors are made.
type storage struct {
	key  string
	size int64 // in bytes, as the pickle announces it
	unit int64 // the size of a number
	record
	verify func() error // reads all of it, once, to see whether it is damaged
}

// record is a run of bytes of a file: one that a zip archive holds, or a part of
// an older checkpoint.
type record struct {
	file       io.ReaderAt
	name       string
	at, packed int64  // where it lies in the file
	crc        uint32 // of the bytes, 0 if it is not known
	// inflate is set if the bytes are compressed. It finds damage by itself.
	inflate func() (io.ReadCloser, error)
}

// place says where the bytes of a storage are.
func (s *storage) place(r record) {
	s.record = r
	s.verify = sync.OnceValue(s.readAll)
}

// checked reports whether damage can be found.
func (s *storage) checked() bool { return s.crc != 0 || s.inflate != nil }

// open reads the bytes. At their end, damage is an error.
func (r *record) open() (io.ReadCloser, error) {
	if r.inflate != nil {
		return r.inflate()
	}
	section := io.NewSectionReader(r.file, r.at, r.packed)
	if r.crc == 0 {
		return io.NopCloser(section), nil
	}
	return io.NopCloser(&summed{r: section, left: r.packed, want: r.crc}), nil
}

// section reads some of the bytes, after all have been seen not to be damaged.
func (s *storage) section(from, to int64) (io.ReadCloser, error) {
	if err := s.verify(); err != nil {
		return nil, err
	}
	if s.inflate == nil {
		return io.NopCloser(io.NewSectionReader(s.file, s.at+from, to-from)), nil
	}
	r, err := s.inflate()
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, r, from); err != nil {
		r.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(r, to-from), r}, nil
}

// skipped is how many bytes are to be read before those from an offset on.
func (s *storage) skipped(from int64) int64 {
	if s.inflate != nil {
		return from
	}
	return 0
}

func (s *storage) readAll() error {
	if !s.checked() {
		return nil
	}
	r, err := s.open()
	if err != nil {
		return err
	}
	defer r.Close()
	buffer := looks.Get().(*[128 << 10]byte)
	defer looks.Put(buffer)
	for err == nil {
		_, err = r.Read(buffer[:])
	}
	if err != io.EOF {
		return err
	}
	return nil
}

// summed compares the CRC-32 of what it reads, at the end.
type summed struct {
	r         io.Reader
	left      int64
	sum, want uint32
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:n])
	s.left -= int64(n)
	if err == io.EOF && s.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err == io.EOF && s.sum != s.want {
		err = zip.ErrChecksum
	}
	return n, err
}
