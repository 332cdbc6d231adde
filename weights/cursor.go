package weights

import "encoding/binary"

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
func (c *cursor) allowed() (id int64) {
	id = c.int()
	if id < 1 || id > stringType && id < 64 {
		c.bad = true
	}
	return id
}

// fields takes the fields of a struct that is being defined, and returns their
// types.
func (c *cursor) fields() (types []int64) {
	switch c.uint() {
	case 0: // none
		return nil
	case 1:
	default:
		c.bad = true
		return nil
	}
	for range c.uint() {
		c.expect(1) // Name
		c.skip(c.uint())
		c.expect(1) // Id
		types = append(types, c.allowed())
		c.expect(0)
		if c.bad {
			return nil
		}
	}
	c.expect(0)
	return types
}
