package weights

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// operations are those of the machine, by their bytes. Operations of protocol 0
// alone, extensions and buffers outside the pickle are not among them: torch.save
// writes none.
var operations = [256]func(*unpickler) error{
	0x80: (*unpickler).proto,
	0x95: func(u *unpickler) error { _, err := u.in.take(8); return err }, // FRAME

	'N':  func(u *unpickler) error { return u.push(nil) },
	0x88: func(u *unpickler) error { return u.push(true) },
	0x89: func(u *unpickler) error { return u.push(false) },
	'K':  func(u *unpickler) error { return u.integer(1) },
	'M':  func(u *unpickler) error { return u.integer(2) },
	'J':  (*unpickler).binInt,
	'I':  (*unpickler).textInt,
	'L':  (*unpickler).textLong,
	0x8a: func(u *unpickler) error { return u.long(1) },
	0x8b: func(u *unpickler) error { return u.long(4) },
	'F':  (*unpickler).textFloat,
	'G':  (*unpickler).binFloat,

	'U':  func(u *unpickler) error { return u.oldString(1) },
	'T':  func(u *unpickler) error { return u.oldString(4) },
	0x8c: func(u *unpickler) error { return u.text(1) },
	'X':  func(u *unpickler) error { return u.text(4) },
	0x8d: func(u *unpickler) error { return u.text(8) },
	'C':  func(u *unpickler) error { return u.bytes(1) },
	'B':  func(u *unpickler) error { return u.bytes(4) },
	0x8e: func(u *unpickler) error { return u.bytes(8) },
	0x96: func(u *unpickler) error { return u.bytes(8) }, // BYTEARRAY8

	'(':  func(u *unpickler) error { u.marks = append(u.marks, len(u.stack)); return nil },
	'0':  (*unpickler).drop,
	'1':  func(u *unpickler) error { _, err := u.popMark(); return err },
	'2':  (*unpickler).dup,
	')':  func(u *unpickler) error { return u.tuple(0) },
	0x85: func(u *unpickler) error { return u.tuple(1) },
	0x86: func(u *unpickler) error { return u.tuple(2) },
	0x87: func(u *unpickler) error { return u.tuple(3) },
	't':  (*unpickler).markedTuple,
	']':  func(u *unpickler) error { return u.push(&pyList{}) },
	0x8f: func(u *unpickler) error { return u.push(&pyList{}) }, // EMPTY_SET
	'l':  (*unpickler).markedList,
	0x91: (*unpickler).markedList, // FROZENSET
	'a':  (*unpickler).appendOne,
	'e':  (*unpickler).appendAll,
	0x90: (*unpickler).appendAll, // ADDITEMS
	'}':  func(u *unpickler) error { return u.push(&pyDict{}) },
	'd':  (*unpickler).markedDict,
	's':  (*unpickler).setOne,
	'u':  (*unpickler).setAll,

	'q':  func(u *unpickler) error { return u.put(1) },
	'r':  func(u *unpickler) error { return u.put(4) },
	'p':  (*unpickler).textPut,
	0x94: func(u *unpickler) error { return u.remember(uint64(len(u.memo))) },
	'h':  func(u *unpickler) error { return u.get(1) },
	'j':  func(u *unpickler) error { return u.get(4) },
	'g':  (*unpickler).textGet,

	'c':  (*unpickler).global,
	0x93: (*unpickler).stackGlobal,
	'Q':  (*unpickler).persistentID,
	'R':  (*unpickler).reduce,
	0x81: (*unpickler).reduce, // NEWOBJ: a class that is called
	0x92: (*unpickler).newObjectEx,
	'b':  (*unpickler).build,
}

func (u *unpickler) proto() error {
	v, err := u.uint(1)
	if err == nil && v > 5 {
		err = errors.Errorf("a pickle of protocol %d, this program reads 1 to 5", v)
	}
	return err
}

// Numbers.

func (u *unpickler) integer(size uint64) error {
	v, err := u.uint(size)
	if err != nil {
		return err
	}
	return u.push(int64(v))
}

func (u *unpickler) binInt() error {
	v, err := u.uint(4)
	if err != nil {
		return err
	}
	return u.push(int64(int32(v)))
}

// textInt takes a decimal number, or a bool as protocol 1 has it.
func (u *unpickler) textInt() error {
	s, err := u.in.line()
	switch {
	case err != nil:
		return err
	case s == "00" || s == "01":
		return u.push(s == "01")
	}
	return u.decimal(s)
}

func (u *unpickler) textLong() error {
	s, err := u.in.line()
	if err != nil {
		return err
	}
	return u.decimal(strings.TrimSuffix(s, "L"))
}

func (u *unpickler) decimal(s string) error {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return errors.Errorf("damaged: the pickle has the number %.40q", s)
	}
	return u.push(v)
}

// long takes an integer in two's complement of any length.
func (u *unpickler) long(size uint64) error {
	b, err := u.sized(size)
	switch {
	case err != nil:
		return err
	case len(b) > 8:
		return u.push(pyLong(b))
	case len(b) == 0:
		return u.push(int64(0))
	}
	var full [8]byte
	copy(full[8-len(b):], b)
	return u.push(int64(binary.LittleEndian.Uint64(full[:])) >> (64 - 8*len(b)))
}

func (u *unpickler) textFloat() error {
	s, err := u.in.line()
	if err != nil {
		return err
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) {
		return errors.Errorf("damaged: the pickle has the number %.40q", s)
	}
	return u.push(v)
}

func (u *unpickler) binFloat() error {
	b, err := u.in.take(8)
	if err != nil {
		return err
	}
	return u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
}

// Text and bytes.

// oldString takes a str of Python 2, which is text or bytes.
func (u *unpickler) oldString(size uint64) error {
	b, err := u.sized(size)
	switch {
	case err != nil:
		return err
	case utf8.Valid(b):
		return u.push(string(b))
	}
	return u.push(pyBytes(b))
}

func (u *unpickler) text(size uint64) error {
	b, err := u.sized(size)
	if err != nil {
		return err
	}
	return u.push(string(b))
}

func (u *unpickler) bytes(size uint64) error {
	b, err := u.sized(size)
	if err != nil {
		return err
	}
	return u.push(pyBytes(b))
}

// The stack and containers.

// drop takes a value off the stack, or a mark.
func (u *unpickler) drop() error {
	if len(u.marks) > 0 && len(u.stack) == u.floor() {
		_, err := u.popMark()
		return err
	}
	_, err := u.pop()
	return err
}

func (u *unpickler) dup() error {
	v, err := u.top()
	if err != nil {
		return err
	}
	return u.push(v)
}

func (u *unpickler) tuple(n int) error {
	at := len(u.stack) - n
	if at < u.floor() {
		return errStack
	}
	t := &pyTuple{slices.Clone(u.stack[at:])}
	u.stack = u.stack[:at]
	return u.push(t)
}

func (u *unpickler) markedTuple() error {
	items, err := u.popMark()
	if err != nil {
		return err
	}
	return u.push(&pyTuple{slices.Clone(items)})
}

func (u *unpickler) markedList() error {
	items, err := u.popMark()
	if err != nil {
		return err
	}
	return u.push(&pyList{slices.Clone(items)})
}

func (u *unpickler) appendOne() error {
	v, err := u.pop()
	if err != nil {
		return err
	}
	return u.extend(v)
}

func (u *unpickler) appendAll() error {
	items, err := u.popMark()
	if err != nil {
		return err
	}
	return u.extend(items...)
}

// extend appends to the list on top of the stack.
func (u *unpickler) extend(items ...any) error {
	v, err := u.top()
	if err != nil {
		return err
	}
	l, ok := v.(*pyList)
	if !ok {
		return errors.New("damaged: the pickle appends to what is no list")
	}
	l.items = append(l.items, items...)
	return nil
}

func (u *unpickler) markedDict() error {
	items, err := u.popMark()
	if err != nil {
		return err
	}
	d := &pyDict{}
	if err := d.fill(items); err != nil {
		return err
	}
	return u.push(d)
}

func (u *unpickler) setOne() error {
	if len(u.stack)-2 < u.floor() {
		return errStack
	}
	pair := u.stack[len(u.stack)-2:]
	u.stack = u.stack[:len(u.stack)-2]
	return u.update(pair)
}

func (u *unpickler) setAll() error {
	items, err := u.popMark()
	if err != nil {
		return err
	}
	return u.update(items)
}

// update sets keys and values, which alternate, in the dict on top of the stack.
func (u *unpickler) update(items []any) error {
	v, err := u.top()
	if err != nil {
		return err
	}
	d, ok := v.(*pyDict)
	if !ok {
		return errors.New("damaged: the pickle sets keys of what is no dict")
	}
	return d.fill(items)
}

func (d *pyDict) fill(items []any) error {
	if len(items)%2 != 0 {
		return errors.New("damaged: the pickle has a key without a value")
	}
	for i := 0; i < len(items); i += 2 {
		d.set(items[i], items[i+1])
	}
	return nil
}

// The memo.

func (u *unpickler) put(size uint64) error {
	i, err := u.uint(size)
	if err != nil {
		return err
	}
	return u.remember(i)
}

// remember keeps the top of the stack. A pickle numbers its memo from 0, so that
// the numbers stay below the bytes that it takes to say them.
func (u *unpickler) remember(i uint64) error {
	v, err := u.top()
	if err != nil {
		return err
	}
	if i > uint64(u.in.taken()) {
		return errors.Errorf("damaged: the pickle keeps a value under the number %d", i)
	}
	if n := int(i) + 1; n > len(u.memo) {
		u.memo = slices.Grow(u.memo, n-len(u.memo))[:n]
	}
	u.memo[i] = v
	return nil
}

func (u *unpickler) get(size uint64) error {
	i, err := u.uint(size)
	if err != nil {
		return err
	}
	return u.recall(i)
}

func (u *unpickler) recall(i uint64) error {
	if i >= uint64(len(u.memo)) {
		return errors.Errorf("damaged: the pickle asks for the value number %d, which it has not kept", i)
	}
	return u.push(u.memo[i])
}

func (u *unpickler) textPut() error { return u.numbered(u.remember) }

func (u *unpickler) textGet() error { return u.numbered(u.recall) }

func (u *unpickler) numbered(do func(uint64) error) error {
	s, err := u.in.line()
	if err != nil {
		return err
	}
	i, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return errors.Errorf("damaged: the pickle has the number %.40q", s)
	}
	return do(i)
}

// Names of Python and what is made with them.

func (u *unpickler) global() error {
	module, err := u.in.line()
	if err != nil {
		return err
	}
	name, err := u.in.line()
	if err != nil {
		return err
	}
	return u.named(module, name)
}

func (u *unpickler) stackGlobal() error {
	n, err := u.pop()
	if err != nil {
		return err
	}
	m, err := u.pop()
	if err != nil {
		return err
	}
	name, ok := textOf(n)
	module, also := textOf(m)
	if !ok || !also {
		return errors.New("damaged: the pickle asks for a name that is no text")
	}
	return u.named(module, name)
}

func (u *unpickler) named(module, name string) error {
	g, err := u.find(module, name)
	if err != nil {
		return err
	}
	return u.push(g)
}

func (u *unpickler) persistentID() error {
	id, err := u.pop()
	if err != nil {
		return err
	}
	v, err := u.persistent(id)
	if err != nil {
		return err
	}
	return u.push(v)
}

// reduce calls what a global stands for.
func (u *unpickler) reduce() error {
	args, err := u.pop()
	if err != nil {
		return err
	}
	f, err := u.pop()
	if err != nil {
		return err
	}
	v, err := u.apply(f, args)
	if err != nil {
		return err
	}
	return u.push(v)
}

// newObjectEx is NEWOBJ with arguments by name, of which there must be none.
func (u *unpickler) newObjectEx() error {
	v, err := u.pop()
	if err != nil {
		return err
	}
	if d, ok := v.(*pyDict); !ok || len(d.items) > 0 {
		return errors.New("damaged: the pickle makes an object with arguments by name")
	}
	return u.reduce()
}

func (u *unpickler) apply(f, args any) (any, error) {
	g, ok := f.(*pyGlobal)
	list, also := args.(*pyTuple)
	switch {
	case !ok || !also:
		return nil, errors.New("damaged: the pickle calls what cannot be called")
	case g.call == nil:
		return nil, errors.Errorf("pickle calls %s: %s", g.name, onlyPlain)
	}
	return g.call(u, list.items)
}

// build gives an object its state. Of the few that there are, only a dtype of
// NumPy has one that matters.
func (u *unpickler) build() error {
	state, err := u.pop()
	if err != nil {
		return err
	}
	v, err := u.top()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *pyDict, *pyList, *view:
		return nil
	case *numpyType:
		return v.build(state)
	}
	return errors.New("damaged: the pickle gives a state to what has none")
}
