package weights

// types are those that a gob stream has defined, by their numbers.
type types map[int64]shapeOf

// shapeOf says what a value of a type is made of: a slice of elements of one
// type, or a struct of fields.
type shapeOf struct {
	slice bool
	parts []int64 // types of the fields, or that of the elements alone
}

// Numbers that gob gives to the types that need no definition.
const (
	boolType   = 1
	floatType  = 4
	bytesType  = 5
	stringType = 6
)

// define notes the type that a message defines. It reports whether that is a
// slice or a struct of what is allowed, written in the one way of gob.
func (t types) define(message []byte) bool {
	c := cursor{data: message}
	id := -c.int()
	var s shapeOf
	const sliceType, structType = 2, 3 // fields of gob's wireType
	switch c.uint() {
	case sliceType:
		s.slice = true
		c.common(id)
		c.expect(1) // Elem
		s.parts = []int64{c.allowed()}
		c.expect(0)
	case structType:
		c.common(id)
		s.parts = c.fields()
	default:
		return false
	}
	c.expect(0)
	if c.bad || len(c.data) > 0 {
		return false
	}
	t[id] = s
	return true
}

// fits reports whether a message, which is a value, has as many elements in its
// slices as it says.
func (t types) fits(message []byte) bool {
	c := cursor{data: message}
	id := c.int()
	if s, ok := t[id]; !ok || s.slice {
		c.expect(0) // stands before a value that is not a struct
	}
	t.pass(&c, id, nesting)
	return !c.bad
}

// nesting bounds how deep values may lie in each other; the format needs 3.
const nesting = 8

// pass takes a value of a type.
func (t types) pass(c *cursor, id int64, depth int) {
	switch {
	case c.bad:
		return
	case id >= boolType && id <= floatType:
		c.uint()
		return
	case id == bytesType || id == stringType:
		c.skip(c.uint())
		return
	}
	s, ok := t[id]
	if !ok || depth == 0 {
		c.bad = true
		return
	}
	if !s.slice {
		t.passFields(c, s.parts, depth-1)
		return
	}
	n := c.uint()
	if n > uint64(len(c.data)) { // no element is written in less than a byte
		c.bad = true
		return
	}
	for range n {
		t.pass(c, s.parts[0], depth-1)
	}
}

// passFields takes the fields of a struct: each after the distance of its place
// from that of the one before, a distance of 0 at the end.
func (t types) passFields(c *cursor, fields []int64, depth int) {
	left := uint64(len(fields))
	for !c.bad {
		step := c.uint()
		if step == 0 {
			return
		}
		if step > left {
			c.bad = true
			return
		}
		left -= step
		t.pass(c, fields[uint64(len(fields))-left-1], depth)
	}
}
