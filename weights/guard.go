package weights

import (
	"bufio"
	"hash/crc32"
	"io"

	"github.com/pkg/errors"
)

// guard stands between a file and a gob decoder, which is not made for hostile
// input. It looks at each message before the decoder does and lets through only
// those that the format can have: no longer than limit, and of types that are
// slices and structs of numbers, strings and bytes, with no more elements than it
// has bytes for. Such a message costs the decoder time and memory in proportion
// to its length. (Maps of any announced size are made at once, and slices up to
// 10 MiB of them; arrays of nothing are counted through; interfaces bring further
// types.)
//
// It implements io.ByteReader because the decoder reads ahead of what it needs
// otherwise.
type guard struct {
	r     *bufio.Reader
	limit int      // of the next message in bytes
	left  int      // bytes of the current message that the decoder has not read
	sum   checksum // of what has been read
	read  int64    // bytes that have been read
	types types    // that the messages so far have defined
	err   error    // why a message was refused
}

var errTruncated = errors.New("truncated")

// peek is enough for the length of a message and all of a definition of a type.
const (
	definitionLimit = 4 << 10
	peek            = definitionLimit + 9
)

// peekable is how many bytes can be looked at before they are read. What a longer
// message makes the decoder take for a slice, 10 MiB at most, is in proportion to
// it in any case.
const peekable = 1 << 16

func newGuard(r io.Reader) *guard {
	return &guard{r: bufio.NewReaderSize(r, peekable), types: make(types)}
}

func (g *guard) Read(p []byte) (int, error) {
	if g.left == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.sum = checksum{crc32.Update(g.sum.crc, castagnoli, p[:n]), g.sum.size + int64(n)}
	g.left -= n
	g.read += int64(n)
	if err != nil && err != io.EOF {
		g.err = err
	}
	return n, err
}

func (g *guard) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(g, b[:])
	return b[0], err
}

// next checks the message that comes now and sets left to its length.
func (g *guard) next() error {
	head, err := g.r.Peek(peek)
	if err == nil || err == io.EOF {
		err = errTruncated // is what to say if head is too short
	}
	if len(head) == 0 {
		return g.refuse(err)
	}
	c := cursor{data: head}
	length := c.uint()
	prefix := len(head) - len(c.data)
	switch {
	case c.bad && len(head) < 9:
		return g.refuse(err)
	case c.bad || length == 0 || length > uint64(g.limit):
		return g.refuse(errors.New("it is not made of the messages of the format"))
	}
	g.left = prefix + int(length)
	if id := c.int(); id > 0 {
		return g.value(prefix)
	}
	if length > definitionLimit {
		return g.refuse(errors.New("the definition of a type is too long"))
	}
	if length > uint64(len(head)-prefix) {
		return g.refuse(err)
	}
	if !g.types.define(head[prefix:g.left]) {
		return g.refuse(errors.New("it has a type that the format does not use"))
	}
	return nil
}

// value checks the message that comes now, which is a value after so many bytes
// of its length. Bytes, which may be long, are checked by who reads them.
func (g *guard) value(prefix int) error {
	if g.left > peekable {
		return nil
	}
	message, err := g.r.Peek(g.left)
	if err != nil {
		return nil // truncated, as the decoder will find
	}
	if !g.types.fits(message[prefix:]) {
		return g.refuse(errors.New("it announces more than it has"))
	}
	return nil
}

// bytes reads the beginning of a message that is bytes, and returns how many
// follow.
func (g *guard) bytes() (size int, err error) {
	g.limit = chunkLimit
	if err := g.next(); err != nil {
		return 0, err
	}
	head, _ := g.r.Peek(min(g.left, peek))
	c := cursor{data: head}
	c.uint() // the length, which next has seen
	id, zero, n := c.int(), c.uint(), c.uint()
	begin := len(head) - len(c.data)
	switch {
	case c.bad && len(head) < min(g.left, peek):
		return 0, g.refuse(errTruncated)
	case c.bad || id != bytesType || zero != 0 || n != uint64(g.left-begin):
		return 0, g.refuse(errors.New("it is not made of the messages of the format"))
	}
	_, err = io.CopyN(io.Discard, g, int64(begin))
	return int(n), err
}

// fill reads what follows bytes, and returns its checksum.
func (g *guard) fill(data []byte) (checksum, error) {
	n, err := io.ReadFull(g.r, data)
	g.read += int64(n)
	if err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errTruncated
		}
		return checksum{}, g.refuse(err)
	}
	g.left = 0
	sum := sumOf(data)
	g.sum = g.sum.then(sum)
	return sum, nil
}

func (g *guard) refuse(err error) error {
	g.err = err
	return err
}

// skip passes over what follows bytes, in the file that is being read.
func (g *guard) skip(file io.ReadSeeker, size int) error {
	buffered := g.r.Buffered()
	if size <= buffered {
		g.r.Discard(size)
	} else {
		if _, err := file.Seek(int64(size-buffered), io.SeekCurrent); err != nil {
			return g.refuse(err)
		}
		g.r.Reset(file)
	}
	g.read += int64(size)
	g.left = 0
	return nil
}

// atEnd reports whether nothing follows.
func (g *guard) atEnd() bool {
	_, err := g.r.Peek(1)
	return g.left == 0 && err == io.EOF
}
