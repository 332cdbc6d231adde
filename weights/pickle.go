package weights

import (
	"encoding/binary"

	"github.com/pkg/errors"
)

// stackLimit bounds how many values a pickle has at hand at once.
const stackLimit = 1 << 20

// unpickler is a machine that reads Python's pickles, of the binary protocols 1
// to 5, and runs nothing: a name of Python is one of the few that find knows, or
// an error.
//
// It needs no more memory than a multiple of the bytes of the pickle: each
// operation makes one small value, and those that could copy others pay for it
// (see charge).
type unpickler struct {
	in    *pickleSource
	stack []any
	marks []int // lengths of the stack
	memo  []any
	spent int // what has been charged
	// find returns what a name of Python stands for, and persistent what a
	// persistent id does.
	find       func(module, name string) (*pyGlobal, error)
	persistent func(id any) (any, error)
}

// pyGlobal is a class or a function of Python.
type pyGlobal struct {
	name string
	call func(u *unpickler, args []any) (any, error) // nil if it is none that is called
	// element is the type of numbers that it stands for, if any.
	element *element
}

// load reads the next pickle.
func (u *unpickler) load() (any, error) {
	u.stack, u.marks, u.memo = nil, nil, nil
	for {
		b, err := u.in.take(1)
		if err != nil {
			return nil, err
		}
		op := b[0]
		if op == '.' {
			return u.pop()
		}
		do := operations[op]
		if do == nil {
			return nil, errors.Errorf("damaged: the pickle has the unknown operation %#02x at its byte %d", op, u.in.taken())
		}
		if err := do(u); err != nil {
			return nil, err
		}
		if len(u.stack) > stackLimit || len(u.marks) > stackLimit {
			return nil, errors.Errorf("a pickle of more than %d values at once", stackLimit)
		}
	}
}

var errStack = errors.New("damaged: the pickle takes a value where there is none")

// floor is the length below which the stack is not taken from.
func (u *unpickler) floor() int {
	if len(u.marks) == 0 {
		return 0
	}
	return u.marks[len(u.marks)-1]
}

func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return nil
}

func (u *unpickler) top() (any, error) {
	if len(u.stack) <= u.floor() {
		return nil, errStack
	}
	return u.stack[len(u.stack)-1], nil
}

func (u *unpickler) pop() (any, error) {
	v, err := u.top()
	if err == nil {
		u.stack = u.stack[:len(u.stack)-1]
	}
	return v, err
}

// popMark takes what has been pushed since the last mark. The slice is valid
// until the next push.
func (u *unpickler) popMark() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, errors.New("damaged: the pickle looks for a mark where there is none")
	}
	n := u.floor()
	u.marks = u.marks[:len(u.marks)-1]
	items := u.stack[n:]
	u.stack = u.stack[:n]
	return items, nil
}

// charge pays for making n values of others. A pickle that says what it means
// pays with the bytes that make the others; one that makes much of little is
// refused.
func (u *unpickler) charge(n int) error {
	u.spent += n
	if u.spent > u.in.taken() {
		return errors.New("damaged: the pickle makes more values than it has bytes")
	}
	return nil
}

// uint takes an unsigned number of so many bytes.
func (u *unpickler) uint(size uint64) (uint64, error) {
	b, err := u.in.take(size)
	if err != nil {
		return 0, err
	}
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:]), nil
}

// sized takes bytes that follow their length, itself of so many bytes.
func (u *unpickler) sized(size uint64) ([]byte, error) {
	n, err := u.uint(size)
	if err != nil {
		return nil, err
	}
	return u.in.take(n)
}
