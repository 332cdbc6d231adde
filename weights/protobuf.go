package weights

import (
	"encoding/binary"
	"io"
	"unicode/utf8"

	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"
)

// window shows a part of a file.
type window struct {
	file io.ReaderAt
	buf  [4096]byte
	at   int64
	n    int
}

// bytes returns up to n bytes of the file, at most some dozen, fewer at its end.
func (w *window) bytes(at int64, n int) ([]byte, error) {
	if at < w.at || at+int64(n) > w.at+int64(w.n) {
		got, err := w.file.ReadAt(w.buf[:], at)
		if err != nil && err != io.EOF {
			return nil, err
		}
		w.at, w.n = at, got
	}
	from := int(at - w.at)
	return w.buf[from:min(from+n, w.n)], nil
}

// message is a protocol buffer in a file.
type message struct {
	*window
	begin, end int64
}

// field is one field of a message.
type field struct {
	*window
	number   protowire.Number
	kind     protowire.Type
	value    uint64 // of a varint, fixed32 or fixed64
	at, size int64  // of the bytes
}

var errProtobuf = errors.New("truncated or damaged: it is no protocol buffer")

// fields calls do for each field of the message.
func (m *message) fields(do func(*field) error) error {
	for at := m.begin; at < m.end; {
		f := field{window: m.window}
		next, err := f.read(at, m.end)
		if err != nil {
			return err
		}
		if err := do(&f); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// read reads the field at a place of the file, and returns the end of it.
func (f *field) read(at, end int64) (next int64, err error) {
	const most = 20 // bytes of a tag and a varint
	head, err := f.bytes(at, int(min(most, end-at)))
	if err != nil {
		return 0, err
	}
	number, kind, n := protowire.ConsumeTag(head)
	if n < 0 {
		return 0, errProtobuf
	}
	f.number, f.kind = number, kind
	rest := head[n:]
	length := 0
	switch kind {
	case protowire.VarintType:
		f.value, length = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, length = protowire.ConsumeFixed32(rest)
		f.value = uint64(v)
	case protowire.Fixed64Type:
		f.value, length = protowire.ConsumeFixed64(rest)
	case protowire.BytesType:
		var size uint64
		size, length = protowire.ConsumeVarint(rest)
		f.at = at + int64(n+length)
		if length >= 0 && size > uint64(end-f.at) {
			return 0, errProtobuf
		}
		f.size = int64(size)
	default: // groups, which nobody writes
		return 0, errProtobuf
	}
	if length < 0 {
		return 0, errProtobuf
	}
	return at + int64(n+length) + f.size, nil
}

// message returns the field as a message; an empty one if it is none.
func (f *field) message() *message { return &message{f.window, f.at, f.at + f.size} }

// textLimit is the longest text that is read.
const textLimit = 4 << 20

// text returns the field as one.
func (f *field) text() (string, error) {
	if f.size > textLimit {
		return "", errors.Errorf("damaged: a text of %d bytes", f.size)
	}
	text := make([]byte, f.size)
	if _, err := f.file.ReadAt(text, f.at); err != nil && err != io.EOF {
		return "", err
	}
	if !utf8.Valid(text) {
		return "", errors.New("damaged: a text is no UTF-8")
	}
	return string(text), nil
}

// varints calls do for each number of a repeated field, packed or not.
func (f *field) varints(do func(uint64) error) error {
	if f.kind != protowire.BytesType {
		return do(f.value)
	}
	for at, end := f.at, f.at+f.size; at < end; {
		head, err := f.bytes(at, int(min(binary.MaxVarintLen64, end-at)))
		if err != nil {
			return err
		}
		v, n := protowire.ConsumeVarint(head)
		if n < 0 {
			return errProtobuf
		}
		if err := do(v); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// fixed appends the bytes of a repeated field of numbers of that size, packed or
// not.
func (f *field) fixed(size int, to *[]byte) error {
	if f.kind != protowire.BytesType {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], f.value)
		*to = append(*to, b[:size]...)
		return nil
	}
	all := make([]byte, f.size)
	if _, err := f.file.ReadAt(all, f.at); err != nil && err != io.EOF {
		return err
	}
	*to = append(*to, all...)
	return nil
}
