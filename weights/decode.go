package weights

import (
	"encoding/gob"
	"hash/crc32"
	"io"
	"math"
	"strconv"

	"github.com/pkg/errors"
)

// Decode reads an archive that Encode wrote. Memory is taken as the bytes arrive,
// whatever sizes r announces.
//
// What is not such an archive gives an error that says what it looks like, or
// where it is truncated or damaged.
func Decode(r io.Reader) (*Archive, error) { return decode(r, math.MaxInt64) }

// decode reads an archive from a file of that size.
func decode(r io.Reader, size int64) (a *Archive, err error) {
	defer func() {
		if p := recover(); p != nil { // gob promises no panic, but is not made for hostile input
			a, err = nil, errors.Errorf("damaged: %v", p)
		}
	}()
	d := &decoder{in: newGuard(r), size: size}
	d.gob = gob.NewDecoder(d.in)
	if err := d.begin(); err != nil {
		return nil, err
	}
	var h header
	if err := d.value(&h, headerLimit, "the header"); err != nil {
		return nil, err
	}
	if h.Tensors < 0 || h.Tensors > tensorLimit {
		return nil, errors.Errorf("damaged: the header announces %d tensors, want 0 to %d", h.Tensors, tensorLimit)
	}
	a = &Archive{Meta: h.meta()}
	seen := make(names)
	for i := range h.Tensors {
		t, err := d.tensor(i)
		if err != nil {
			return nil, err
		}
		if err := seen.add(&t); err != nil {
			return nil, errors.Wrap(err, "damaged")
		}
		a.Tensors = append(a.Tensors, t)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return a, nil
}

type decoder struct {
	in    *guard
	gob   *gob.Decoder
	size  int64 // of the file
	chunk []byte
}

// begin reads the words that tell the format.
func (d *decoder) begin() error {
	start, err := d.in.r.Peek(sniffed)
	if len(start) == 0 && err != io.EOF {
		return err
	}
	if !begins(start) {
		return errors.Errorf("%s: want a gob file of weights", describeFormat(start))
	}
	var word string
	if err := d.value(&word, wordLimit, "its first words"); err != nil {
		return err
	}
	var v int
	if err := d.value(&v, wordLimit, "its version"); err != nil {
		return err
	}
	if v != version {
		return errors.Errorf("version %d of the format: this program reads version %d", v, version)
	}
	return nil
}

// end reads the checksum, after which there must be nothing.
func (d *decoder) end() error {
	want := d.in.sum
	var got uint32
	if err := d.value(&got, wordLimit, "its checksum"); err != nil {
		return err
	}
	if got != want {
		return errors.Errorf("damaged: the CRC-32C of the file is %08x, want %08x", want, got)
	}
	if !d.in.atEnd() {
		return errors.Errorf("damaged: something follows the end of the weights at byte %d", d.in.read)
	}
	return nil
}

// value decodes the next value of the stream into v.
func (d *decoder) value(v any, limit int, what string) error {
	d.in.limit = limit
	err := d.gob.Decode(v)
	if err != nil && d.in.err != nil {
		err = d.in.err
	}
	switch err {
	case nil:
		return nil
	case io.EOF, io.ErrUnexpectedEOF, errTruncated:
		return errors.Errorf("truncated: the file ends in %s, after %d bytes", what, d.in.read)
	}
	return errors.Errorf("damaged in %s, near byte %d: %v", what, d.in.read, err)
}

// tensor reads the i-th tensor.
func (d *decoder) tensor(i int) (Tensor, error) {
	var e entry
	if err := d.value(&e, entryLimit, "the entry of tensor "+ordinal(i)); err != nil {
		return Tensor{}, err
	}
	t := Tensor{Section: e.Section, Name: e.Name, Shape: e.Shape, Buffer: e.Buffer, NoDecay: e.NoDecay}
	if err := t.checkName(); err != nil {
		return t, errors.Wrap(err, "damaged")
	}
	k, ok := kinds[DType(e.DType)]
	if !ok {
		return t, errors.Errorf("%s: values are of type %q, this program reads float32, int64, uint64 and uint8", t.label(), e.DType)
	}
	n, err := elements(t.Shape, k.size)
	if err != nil {
		return t, errors.Wrapf(err, "damaged: %s", t.label())
	}
	bytes := n * k.size
	if e.Bytes != int64(bytes) {
		return t, errors.Errorf("damaged: %s has %d bytes, want %d for shape %v of %s", t.label(), e.Bytes, bytes, shape(t.Shape), e.DType)
	}
	if left := d.size - d.in.read; int64(bytes) > left {
		return t, errors.Errorf("truncated: %s of shape %v takes %d bytes and the file has %d more",
			t.label(), shape(t.Shape), bytes, left)
	}
	if d.size == math.MaxInt64 { // nobody knows whether they will come
		n = min(n, chunkSize/k.size)
	}
	t.Values = k.make(n)
	var sum uint32
	for bytes > 0 {
		want := min(bytes, chunkSize)
		if err := d.value(&d.chunk, chunkLimit, t.label()); err != nil {
			return t, err
		}
		if len(d.chunk) != want {
			return t, errors.Errorf("damaged: %s comes in pieces of %d bytes, want %d", t.label(), len(d.chunk), want)
		}
		sum = crc32.Update(sum, castagnoli, d.chunk)
		t.Values = k.extend(t.Values, d.chunk)
		bytes -= want
	}
	if sum != e.CRC {
		return t, errors.Errorf("damaged: the CRC-32C of %s is %08x, want %08x", t.label(), sum, e.CRC)
	}
	return t, errors.Wrap(t.check(), "damaged")
}

// ordinal counts from 1.
func ordinal(i int) string { return strconv.Itoa(i + 1) }
