package weights

import (
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// LoadInto is Load and Into for a file: it reads the values straight into the
// parameters, with several threads, and never has all of them twice. It returns
// what the file says of the model.
//
// After a *MismatchError nothing has been changed. After another error, such as
// that of a damaged file, parameters may have been overwritten.
func LoadInto(path string, p *graph.Params, opts ...LoadOption) (Meta, error) {
	f, size, err := open(path)
	if err != nil {
		return Meta{}, err
	}
	meta, deferred, err := newLoading(opts).file(f, size, p)
	if err != nil || !deferred {
		f.Close()
	}
	return meta, errors.Wrap(err, path)
}

// file loads an open file and tells whether parameters refer to it from now on.
func (l *loading) file(f *os.File, size int64, p *graph.Params) (m Meta, deferred bool, err error) {
	c, in, err := identify(f, size)
	switch {
	case err != nil:
		return Meta{}, false, err
	case c != nil:
		if deferred, err = l.contents(c, p, l.deferred && size != unknown); err != nil {
			return Meta{}, false, err
		}
		return c.meta, deferred, nil
	case size == unknown:
		a, err := decode(in, size)
		if err == nil {
			err = l.archive(a, p)
		}
		return a.meta(), false, err
	}
	s, err := l.stream(f, size, p)
	if err != nil {
		return Meta{}, false, err
	}
	return s.archive.Meta, s.deferred, nil
}

func (a *Archive) meta() Meta {
	if a == nil {
		return Meta{}
	}
	return a.Meta
}

// Deferred makes LoadInto leave the large values in the file until somebody needs
// them, see graph.Params.Defer: a program for inference then brings each weight
// into the form that its kernels want without ever having all of them in memory
// as they are in the file. The file is checked at once, and stays open as long as
// the parameters refer to it; it must not be changed in place. Loading anything
// but a file is not deferred.
func Deferred() LoadOption { return func(l *loading) { l.deferred = true } }

// An opened file has its values read where they are needed.
type opened struct {
	file     io.ReaderAt
	archive  *Archive // the values of its tensors are empty
	tensors  []streamed
	pieces   []piece
	rest     checksum // of what lies between the last piece and the checksum
	want     uint32   // the checksum
	deferred bool     // parameters refer to the file
}

// streamed is where a tensor of the archive lies: in some of the pieces.
type streamed struct {
	from, to int
	bytes    int64
	crc      uint32
}

// piece is a run of bytes of a tensor's values.
type piece struct {
	before checksum // of what lies between the piece before and it
	at     int64
	size   int
	to     []byte // where it goes; nil if it is only checked
	sum    checksum
	err    error
}

// stream loads a file.
func (l *loading) stream(f *os.File, size int64, p *graph.Params) (*opened, error) {
	s, err := index(f, size)
	if err != nil {
		return nil, err
	}
	fits, err := l.fitting(s.archive, p)
	if err != nil {
		if damage := s.readAll(); damage != nil {
			err = damage // which may be why
		}
		return nil, err
	}
	later := make(map[*Tensor]int)
	for i := range s.archive.Tensors {
		t := &s.archive.Tensors[i]
		if !slices.Contains(fits, t) {
			continue
		}
		if l.deferred && s.tensors[i].bytes >= deferredSize {
			later[t] = i
			continue
		}
		v, err := p.Overwrite(t.Name, tensor.Shape(t.Shape))
		if err != nil {
			return nil, err
		}
		place(s.piecesOf(i), v)
	}
	if err := s.readAll(); err != nil {
		return nil, err
	}
	for _, t := range fits {
		if i, ok := later[t]; ok {
			if err := p.Defer(t.Name, tensor.Shape(t.Shape), s.source(i)); err != nil {
				return nil, err
			}
			s.deferred = true
		}
	}
	return s, nil
}

// deferredSize is the size in bytes from which on values are left in the file.
const deferredSize = 16 << 10

// index reads all but the values.
func index(f *os.File, size int64) (s *opened, err error) {
	defer damaged(&err)
	s = &opened{file: f}
	d := newDecoder(f, size)
	s.archive, err = d.archive(func(t *Tensor, e entry) error {
		from := len(s.pieces)
		for left := e.Bytes; left > 0; {
			size, err := d.piece(t, left)
			if err != nil {
				return err
			}
			s.pieces = append(s.pieces, piece{before: d.in.sum, at: d.in.read, size: size})
			d.in.sum = checksum{}
			if err := d.in.skip(f, size); err != nil {
				return d.account(err, t.label())
			}
			left -= int64(size)
		}
		s.tensors = append(s.tensors, streamed{from, len(s.pieces), e.Bytes, e.CRC})
		return nil
	})
	if err == nil {
		s.rest, s.want, err = d.end()
	}
	return s, err
}

// piecesOf returns the pieces of the i-th tensor.
func (s *opened) piecesOf(i int) []piece { return s.pieces[s.tensors[i].from:s.tensors[i].to] }

// place says where the values of some pieces go.
func place(pieces []piece, values []float32) {
	data := bytesOf(values)
	for i := range pieces {
		p := &pieces[i]
		p.to, data = data[:p.size], data[p.size:]
	}
}

// readAll reads and checks the file.
func (s *opened) readAll() error {
	if err := s.read(s.pieces); err != nil {
		return err
	}
	var sum checksum
	for _, p := range s.pieces {
		sum = sum.then(p.before).then(p.sum)
	}
	for i := range s.tensors {
		if err := s.check(i, s.piecesOf(i)); err != nil {
			return err
		}
	}
	return sum.then(s.rest).check("the file", s.want)
}

// read reads pieces, each to its place.
func (s *opened) read(pieces []piece) error {
	kernel.Parallel(len(pieces), func(i int) { pieces[i].read(s.file) })
	for i := range pieces {
		switch err := pieces[i].err; err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return errors.Errorf("truncated: the file ends before byte %d", pieces[i].at+int64(pieces[i].size))
		default:
			return err
		}
	}
	return nil
}

// check compares the checksum of a tensor, all of whose pieces have been read.
func (s *opened) check(i int, pieces []piece) error {
	var sum checksum
	for _, p := range pieces {
		sum = sum.then(p.sum)
	}
	return sum.check(s.archive.Tensors[i].label(), s.tensors[i].crc)
}

// source returns what reads the i-th tensor again.
func (s *opened) source(i int) graph.Source {
	return func(dst []float32) error {
		pieces := slices.Clone(s.piecesOf(i))
		place(pieces, dst)
		if err := s.read(pieces); err != nil {
			return err
		}
		return s.check(i, pieces)
	}
}

// looks is the memory for pieces that are only looked at; it fits into the
// caches.
var looks = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// read reads the piece to its place, or only looks at it.
func (p *piece) read(file io.ReaderAt) {
	if p.to != nil {
		_, p.err = file.ReadAt(p.to, p.at)
		p.sum = sumOf(p.to)
		native(p.to, kinds[Float32].size)
		return
	}
	buffer := looks.Get().(*[128 << 10]byte)
	defer looks.Put(buffer)
	for done := 0; done < p.size && p.err == nil; {
		data := buffer[:min(len(buffer), p.size-done)]
		_, p.err = file.ReadAt(data, p.at+int64(done))
		p.sum = checksum{crc32.Update(p.sum.crc, castagnoli, data), p.sum.size + int64(len(data))}
		done += len(data)
	}
}
