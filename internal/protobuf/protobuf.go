// Package protobuf reads protocol buffers in files, without descriptions of their
// messages, and without more memory than a text or a list that is asked for takes.
package protobuf

import (
	"bytes"
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

// Message is a protocol buffer in a file.
type Message struct {
	*window
	begin, end int64
}

// NewMessage returns the message that a file of that size holds.
func NewMessage(file io.ReaderAt, size int64) *Message {
	return &Message{&window{file: file}, 0, size}
}

// Of returns the message that bytes hold.
func Of(b []byte) *Message { return NewMessage(bytes.NewReader(b), int64(len(b))) }

// File returns the file that the message is in.
func (m *Message) File() io.ReaderAt { return m.file }

// Field is one field of a message.
type Field struct {
	*window
	Number   protowire.Number
	Value    uint64 // of a varint, fixed32 or fixed64
	At, Size int64  // of the bytes, in the file
	kind     protowire.Type
}

var errDamaged = errors.New("truncated or damaged: it is no protocol buffer")

// Fields calls do for each field of the message.
func (m *Message) Fields(do func(*Field) error) error {
	for at := m.begin; at < m.end; {
		f := Field{window: m.window}
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
func (f *Field) read(at, end int64) (next int64, err error) {
	const most = 20 // bytes of a tag and a varint
	head, err := f.bytes(at, int(min(most, end-at)))
	if err != nil {
		return 0, err
	}
	number, kind, n := protowire.ConsumeTag(head)
	if n < 0 {
		return 0, errDamaged
	}
	f.Number, f.kind = number, kind
	rest := head[n:]
	length := 0
	switch kind {
	case protowire.VarintType:
		f.Value, length = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, length = protowire.ConsumeFixed32(rest)
		f.Value = uint64(v)
	case protowire.Fixed64Type:
		f.Value, length = protowire.ConsumeFixed64(rest)
	case protowire.BytesType:
		var size uint64
		size, length = protowire.ConsumeVarint(rest)
		f.At = at + int64(n+length)
		if length >= 0 && size > uint64(end-f.At) {
			return 0, errDamaged
		}
		f.Size = int64(size)
	default: // groups, which nobody writes
		return 0, errDamaged
	}
	if length < 0 {
		return 0, errDamaged
	}
	return at + int64(n+length) + f.Size, nil
}

// Message returns the field as a message; an empty one if it is none.
func (f *Field) Message() *Message { return &Message{f.window, f.At, f.At + f.Size} }

// Bytes returns what the field holds, which is as much as it takes in the file.
func (f *Field) Bytes() ([]byte, error) {
	b := make([]byte, f.Size)
	if _, err := f.file.ReadAt(b, f.At); err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}

// textLimit is the longest text that is read.
const textLimit = 4 << 20

// Text returns the field as one.
func (f *Field) Text() (string, error) {
	if f.Size > textLimit {
		return "", errors.Errorf("damaged: a text of %d bytes", f.Size)
	}
	text, err := f.Bytes()
	if err != nil {
		return "", err
	}
	if !utf8.Valid(text) {
		return "", errors.New("damaged: a text is no UTF-8")
	}
	return string(text), nil
}

// Varints calls do for each number of a repeated field, packed or not.
func (f *Field) Varints(do func(uint64) error) error {
	if f.kind != protowire.BytesType {
		return do(f.Value)
	}
	for at, end := f.At, f.At+f.Size; at < end; {
		head, err := f.bytes(at, int(min(binary.MaxVarintLen64, end-at)))
		if err != nil {
			return err
		}
		v, n := protowire.ConsumeVarint(head)
		if n < 0 {
			return errDamaged
		}
		if err := do(v); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// Fixed appends the bytes of a repeated field of numbers of that size, packed or
// not.
func (f *Field) Fixed(size int, to *[]byte) error {
	if f.kind != protowire.BytesType {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], f.Value)
		*to = append(*to, b[:size]...)
		return nil
	}
	all, err := f.Bytes()
	if err != nil {
		return err
	}
	*to = append(*to, all...)
	return nil
}
