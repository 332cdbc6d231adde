package weights

import (
	"encoding/binary"
	"encoding/gob"
	"hash"
	"hash/crc32"
	"io"

	"github.com/pkg/errors"
)

// Encode writes the archive. The same archive gives the same bytes each time
// within a program; between programs the numbers that gob gives to types may
// differ.
func Encode(w io.Writer, a *Archive) error {
	if err := a.check(); err != nil {
		return err
	}
	e := newEncoder(w)
	if err := e.values(magic, version, newHeader(a)); err != nil {
		return err
	}
	for i := range a.Tensors {
		if err := e.tensor(&a.Tensors[i]); err != nil {
			return err
		}
	}
	return e.values(e.sum.Sum32())
}

// check reports what cannot be written, before anything is.
func (a *Archive) check() error {
	if len(a.Tensors) > tensorLimit {
		return errors.Errorf("%d tensors, at most %d can be kept", len(a.Tensors), tensorLimit)
	}
	seen := make(names, len(a.Tensors))
	for i := range a.Tensors {
		t := &a.Tensors[i]
		if err := t.check(); err != nil {
			return err
		}
		if err := seen.add(t); err != nil {
			return err
		}
		if size := len(t.label()); size > nameLimit {
			return errors.Errorf("%.40s...: the name takes %d bytes, at most %d can be kept", t.label(), size, nameLimit)
		}
	}
	if size := encodedSize(newHeader(a)); size > headerLimit {
		return errors.Errorf("the metadata take %d bytes, at most %d can be kept", size, headerLimit)
	}
	return nil
}

type encoder struct {
	gob *gob.Encoder
	sum hash.Hash32
	buf []byte
}

func newEncoder(w io.Writer) *encoder {
	sum := crc32.New(castagnoli)
	return &encoder{gob: gob.NewEncoder(io.MultiWriter(w, sum)), sum: sum}
}

func (e *encoder) values(list ...any) error {
	for _, v := range list {
		if err := e.gob.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) tensor(t *Tensor) error {
	head := entry{
		Section: t.Section, Name: t.Name, Shape: t.Shape, DType: string(t.DType()),
		Buffer: t.Buffer, NoDecay: t.NoDecay, Bytes: t.Bytes(),
	}
	err := e.chunks(t, func(data []byte) error {
		head.CRC = crc32.Update(head.CRC, castagnoli, data)
		return nil
	})
	if err != nil {
		return err
	}
	if err := e.values(head); err != nil {
		return err
	}
	return e.chunks(t, func(data []byte) error { return e.values(data) })
}

// chunks calls do with the values as little-endian bytes, chunkSize at a time.
func (e *encoder) chunks(t *Tensor, do func([]byte) error) error {
	k := kinds[t.DType()]
	n, step := k.length(t.Values), chunkSize/k.size
	for i := 0; i < n; i += step {
		var err error
		e.buf, err = binary.Append(e.buf[:0], binary.LittleEndian, k.slice(t.Values, i, min(i+step, n)))
		if err != nil {
			return err
		}
		if err := do(e.buf); err != nil {
			return err
		}
	}
	return nil
}

// encodedSize returns the size of a value in a gob stream.
func encodedSize(v any) int64 {
	var n counter
	gob.NewEncoder(&n).Encode(v)
	return int64(n)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Gob numbers types in the order in which a program first encodes them. Doing so
// here makes the numbers, and with them the bytes of a file, independent of what
// else the program has encoded before.
func init() {
	encodedSize(header{})
	encodedSize(entry{})
}
