package weights

import (
	"encoding/gob"
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
func Decode(r io.Reader) (*Archive, error) { return decode(r, unknown) }

// unknown is the size of a file that tells none.
const unknown = math.MaxInt64

// decode reads an archive from a file of that size.
func decode(r io.Reader, size int64) (a *Archive, err error) {
	defer damaged(&err)
	d := newDecoder(r, size)
	a, err = d.archive(d.values)
	if err != nil {
		return nil, err
	}
	sum, want, err := d.end()
	if err != nil {
		return nil, err
	}
	if err := sum.check("the file", want); err != nil {
		return nil, err
	}
	return a, nil
}

// damaged makes a panic an error: gob promises none, but is not made for hostile
// input.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = errors.Errorf("damaged: %v", p)
	}
}

type decoder struct {
	in   *guard
	gob  *gob.Decoder
	size int64 // of the file
}

func newDecoder(r io.Reader, size int64) *decoder {
	d := &decoder{in: newGuard(r), size: size}
	d.gob = gob.NewDecoder(d.in)
	return d
}

// archive reads all but the end. Of each tensor it leaves the values to a
// function.
func (d *decoder) archive(values func(*Tensor, entry) error) (*Archive, error) {
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
	a := &Archive{Meta: h.meta()}
	seen := make(names)
	for i := range h.Tensors {
		t, e, err := d.tensor(i)
		if err != nil {
			return nil, err
		}
		if err := values(&t, e); err != nil {
			return nil, err
		}
		if err := seen.add(&t); err != nil {
			return nil, errors.Wrap(err, "damaged")
		}
		a.Tensors = append(a.Tensors, t)
	}
	return a, nil
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

// end reads the checksum, after which there must be nothing, and returns that of
// what was read too.
func (d *decoder) end() (sum checksum, want uint32, err error) {
	sum = d.in.sum
	if err := d.value(&want, wordLimit, "its checksum"); err != nil {
		return sum, 0, err
	}
	if !d.in.atEnd() {
		return sum, 0, errors.Errorf("damaged: something follows the end of the weights at byte %d", d.in.read)
	}
	return sum, want, nil
}

// value decodes the next value of the stream into v.
func (d *decoder) value(v any, limit int, what string) error {
	d.in.limit = limit
	return d.account(d.gob.Decode(v), what)
}

// account says what an error means, if it is one, that came while reading what.
func (d *decoder) account(err error, what string) error {
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

// tensor reads the entry of the i-th tensor, which has no values yet.
func (d *decoder) tensor(i int) (t Tensor, e entry, err error) {
	if err := d.value(&e, entryLimit, "the entry of tensor "+ordinal(i)); err != nil {
		return t, e, err
	}
	t = Tensor{Section: e.Section, Name: e.Name, Shape: e.Shape, Buffer: e.Buffer, NoDecay: e.NoDecay}
	if err := t.checkName(); err != nil {
		return t, e, errors.Wrap(err, "damaged")
	}
	k, ok := kinds[DType(e.DType)]
	if !ok {
		return t, e, errors.Errorf("%s: values are of type %q, this program reads float32, int64, uint64 and uint8", t.label(), e.DType)
	}
	n, err := elements(t.Shape, k.size)
	if err != nil {
		return t, e, errors.Wrapf(err, "damaged: %s", t.label())
	}
	bytes := n * k.size
	if e.Bytes != int64(bytes) {
		return t, e, errors.Errorf("damaged: %s has %d bytes, want %d for shape %v of %s", t.label(), e.Bytes, bytes, shape(t.Shape), e.DType)
	}
	if left := d.size - d.in.read; int64(bytes) > left {
		return t, e, errors.Errorf("truncated: %s of shape %v takes %d bytes and the file has %d more",
			t.label(), shape(t.Shape), bytes, left)
	}
	t.Values = k.make(0)
	return t, e, nil
}

// values reads the values of a tensor.
func (d *decoder) values(t *Tensor, e entry) error {
	k := kinds[t.DType()]
	if d.size != unknown { // otherwise nobody knows whether they will come
		t.Values = k.make(int(e.Bytes) / k.size)
	}
	var sum checksum
	for left := e.Bytes; left > 0; {
		size, err := d.piece(t, left)
		if err != nil {
			return err
		}
		var data []byte
		t.Values, data = k.grow(t.Values, size)
		part, err := d.in.fill(data)
		if err != nil {
			return d.account(err, t.label())
		}
		sum = sum.then(part)
		native(data, k.size)
		left -= int64(size)
	}
	if err := sum.check(t.label(), e.CRC); err != nil {
		return err
	}
	return errors.Wrap(t.check(), "damaged")
}

// piece reads the beginning of a piece of the values of a tensor, of which so
// many bytes are left, and returns the size of the piece.
func (d *decoder) piece(t *Tensor, left int64) (size int, err error) {
	size, err = d.in.bytes()
	if err != nil {
		return 0, d.account(err, t.label())
	}
	if want := int(min(left, chunkSize)); size != want {
		return 0, errors.Errorf("damaged: %s comes in pieces of %d bytes, want %d", t.label(), size, want)
	}
	return size, nil
}

// ordinal counts from 1.
func ordinal(i int) string { return strconv.Itoa(i + 1) }
