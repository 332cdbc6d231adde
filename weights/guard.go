package weights

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/pkg/errors"
)

// guard stands between a file and a gob decoder, which is not made for hostile
// input. It looks at each message before the decoder does and lets through only
// those that the format can have: no longer than limit, and of types that are
// slices and structs of numbers, strings and bytes. Such a message costs the
// decoder time and memory in proportion to its length. (Maps of any announced
// size are made at once; arrays of nothing are counted through; interfaces bring
// further types.)
//
// It implements io.ByteReader because the decoder reads ahead of what it needs
// otherwise.
type guard struct {
	r     *bufio.Reader
	limit int      // of the next message in bytes
	left  int      // bytes of the current message that the decoder has not read
	sum   checksum // of what has been read
	read  int64    // bytes that have been read
	err   error    // why a message was refused
}

var errTruncated = errors.New("truncated")

// peek is enough for the length of a message and all of a definition of a type.
const (
	definitionLimit = 4 << 10
	peek            = definitionLimit + 9
)

func newGuard(r io.Reader) *guard { return &guard{r: bufio.NewReaderSize(r, 1<<16)} }

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
	if id := c.int(); id < 0 {
		if length > definitionLimit {
			return g.refuse(errors.New("the definition of a type is too long"))
		}
		if length > uint64(len(head)-prefix) {
			return g.refuse(err)
		}
		if !definition(head[prefix : prefix+int(length)]) {
			return g.refuse(errors.New("it has a type that the format does not use"))
		}
	}
	g.left = prefix + int(length)
	return nil
}

// bytes reads the beginning of a message that is bytes, and returns how many
// follow.
func (g *guard) bytes() (size int, err error) {
	g.limit = chunkLimit
	if err := g.next(); err != nil {
		return 0, err
	}
	const bytesType = 5
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

// definition reports whether a message defines a slice or a struct of what is
// allowed, in the one way in which gob writes it.
func definition(message []byte) bool {
	c := cursor{data: message}
	id := -c.int()
	const sliceType, structType = 2, 3 // fields of gob's wireType
	switch c.uint() {
	case sliceType:
		c.common(id)
		c.expect(1) // Elem
		c.allowed()
	case structType:
		c.common(id)
		switch c.uint() {
		case 0: // no fields
			c.expect(0)
			return !c.bad && len(c.data) == 0
		case 1:
		default:
			return false
		}
		for range c.uint() {
			c.expect(1) // Name
			c.skip(c.uint())
			c.expect(1) // Id
			c.allowed()
			c.expect(0)
			if c.bad {
				return false
			}
		}
	default:
		return false
	}
	c.expect(0)
	c.expect(0)
	return !c.bad && len(c.data) == 0
}

// cursor takes gob's numbers off a slice. After the first thing that is not as
// it should be it is bad and stays so.
type cursor struct {
	data []byte
	bad  bool
}

// uint takes a number: itself if below 128, otherwise the negated count of its
// big-endian bytes and these.
func (c *cursor) uint() uint64 {
	b := c.take(1)
	if c.bad || b[0] < 128 {
		return uint64(first(b))
	}
	n := -int(int8(b[0]))
	if n > 8 {
		c.bad = true
		return 0
	}
	var full [8]byte
	copy(full[8-min(n, 8):], c.take(n))
	return binary.BigEndian.Uint64(full[:])
}

// int takes a number whose lowest bit says that the others are inverted.
func (c *cursor) int() int64 {
	u := c.uint()
	if u&1 != 0 {
		return ^int64(u >> 1)
	}
	return int64(u >> 1)
}

func (c *cursor) take(n int) []byte {
	if c.bad || n > len(c.data) {
		c.bad = true
		return nil
	}
	b := c.data[:n]
	c.data = c.data[n:]
	return b
}

func first(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (c *cursor) skip(n uint64) {
	if n > uint64(len(c.data)) {
		c.bad = true
		return
	}
	c.take(int(n))
}

func (c *cursor) expect(want uint64) {
	if c.uint() != want {
		c.bad = true
	}
}

// common takes the name and the number of a type that is being defined.
func (c *cursor) common(id int64) {
	c.expect(1) // CommonType
	switch c.uint() {
	case 1: // Name
		c.skip(c.uint())
		c.expect(1)
	case 2: // a type without a name
	default:
		c.bad = true
	}
	if got := c.int(); got != id || id < 64 {
		c.bad = true
	}
	c.expect(0)
}

// allowed takes the number of a type: bool, int, uint, float, bytes, string, or
// one that is defined in the file.
func (c *cursor) allowed() {
	if id := c.int(); id < 1 || id > 6 && id < 64 {
		c.bad = true
	}
}
