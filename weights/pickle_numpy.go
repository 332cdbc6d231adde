package weights

import (
	"encoding/binary"
	"math"
	"slices"
)

// numpyType is a type of NumPy's numbers.
type numpyType struct {
	name string // "f8"
	big  bool   // big-endian
}

// makeNumpyType takes the name of the type; what follows says how to copy it.
func makeNumpyType(_ *unpickler, args []any) (any, error) {
	if len(args) > 0 {
		if name, ok := textOf(args[0]); ok {
			return &numpyType{name: name}, nil
		}
	}
	return nil, errArguments("numpy.dtype")
}

// build takes the state of a type, which begins with a version and the order of
// bytes.
func (t *numpyType) build(state any) error {
	if items, ok := argumentsOf(state); ok && len(items) > 1 {
		order, _ := textOf(items[1])
		t.big = order == ">"
		return nil
	}
	return errArguments("numpy.dtype")
}

// numpyScalar makes a number of its type and its bytes. What is no number, such
// as text, nobody looks into.
func numpyScalar(_ *unpickler, args []any) (any, error) {
	if len(args) != 2 {
		return nil, errArguments("numpy.core.multiarray.scalar")
	}
	t, ok := args[0].(*numpyType)
	data, also := textOf(args[1])
	if !ok || !also {
		return nil, errArguments("numpy.core.multiarray.scalar")
	}
	return t.number([]byte(data[:min(len(data), 8)])), nil
}

// number reads a number from its bytes.
func (t *numpyType) number(b []byte) any {
	if t.big {
		slices.Reverse(b)
	}
	var full [8]byte
	copy(full[:], b)
	bits := binary.LittleEndian.Uint64(full[:])
	unused := 64 - 8*len(b)
	switch {
	case t.name == "f8" && len(b) == 8:
		return math.Float64frombits(bits)
	case t.name == "f4" && len(b) == 4:
		return float64(math.Float32frombits(uint32(bits)))
	case t.name == "f2" && len(b) == 2:
		return float64(half(uint16(bits)))
	case t.name == "b1" && len(b) == 1:
		return bits != 0
	case len(t.name) == 2 && t.name[0] == 'i' && int(t.name[1]-'0') == len(b):
		return int64(bits<<unused) >> unused
	case len(t.name) == 2 && t.name[0] == 'u' && int(t.name[1]-'0') == len(b) && bits <= math.MaxInt64:
		return int64(bits)
	}
	return pyOpaque{}
}
