package weights

import (
	"strings"
	"unicode"

	"github.com/pkg/errors"
)

const onlyPlain = "only tensors and plain containers are read"

// globals are the names of Python that a pickle may use. What is not here is not
// read, and nothing here can do more than make a value of this package.
var globals = func() map[string]*pyGlobal {
	all := make(map[string]*pyGlobal)
	add := func(call func(*unpickler, []any) (any, error), names ...string) {
		for _, n := range names {
			all[n] = &pyGlobal{name: n, call: call}
		}
	}
	for _, builtins := range []string{"builtins.", "__builtin__."} {
		add(makeDict, builtins+"dict")
		add(makeList, builtins+"list", builtins+"set", builtins+"frozenset", builtins+"tuple")
		add(makeBytes, builtins+"bytes", builtins+"bytearray")
		add(makeOpaque, builtins+"complex")
		add(nil, builtins+"int", builtins+"float", builtins+"bool", builtins+"str")
	}
	add(makeDict, "collections.OrderedDict", "collections.Counter")
	add(makeDefaultDict, "collections.defaultdict")
	add(makeList, "collections.deque")
	add(makeBytes, "_codecs.encode")

	add(rebuildTensor, "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3")
	add(rebuildParameter, "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch.nn.parameter.Parameter")
	add(rebuildFromType, "torch._tensor._rebuild_from_type_v2")
	add(nil, "torch.Tensor")
	add(makeSize, "torch.Size")
	add(makeOpaque, "torch.device", "torch.serialization._get_layout")
	addElements(all)

	for _, numpy := range []string{"numpy.core", "numpy._core"} {
		add(numpyScalar, numpy+".multiarray.scalar")
	}
	add(makeNumpyType, "numpy.dtype")
	return all
}()

// findGlobal returns what a name of Python stands for.
func findGlobal(module, name string) (*pyGlobal, error) {
	full := module + "." + name
	if g := globals[full]; g != nil {
		return g, nil
	}
	return nil, errors.Errorf("pickle wants %s: %s", printable(full), onlyPlain)
}

// printable makes text fit for a message.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "..."
	}
	return s
}

// errArguments says that a name is called with other arguments than Python would.
func errArguments(name string) error {
	return errors.Errorf("damaged: the pickle calls %s with arguments that it does not take", name)
}

// makeDict makes a dict of nothing, of a dict or of pairs.
func makeDict(u *unpickler, args []any) (any, error) {
	if len(args) == 0 {
		return &pyDict{}, nil
	}
	if d, ok := args[0].(*pyDict); ok && len(args) == 1 {
		return d, nil
	}
	pairs, ok := argumentsOf(args[0])
	if !ok || len(args) > 1 {
		return nil, errArguments("dict")
	}
	if err := u.charge(len(pairs)); err != nil {
		return nil, err
	}
	d := &pyDict{}
	for _, p := range pairs {
		pair, ok := argumentsOf(p)
		if !ok || len(pair) != 2 {
			return nil, errArguments("dict")
		}
		d.set(pair[0], pair[1])
	}
	return d, nil
}

// makeDefaultDict is makeDict after the function that makes defaults.
func makeDefaultDict(u *unpickler, args []any) (any, error) {
	return makeDict(u, args[min(1, len(args)):])
}

// makeList makes a list of nothing or of a list or tuple. Of a deque, the largest
// length follows.
func makeList(u *unpickler, args []any) (any, error) {
	l := &pyList{}
	if len(args) == 0 {
		return l, nil
	}
	items, ok := argumentsOf(args[0])
	if !ok || len(args) > 2 {
		return nil, errArguments("list")
	}
	if err := u.charge(len(items)); err != nil {
		return nil, err
	}
	l.items = append(l.items, items...)
	return l, nil
}

// makeBytes makes bytes of bytes, or of text and the name of an encoding, which
// for pickles is Latin-1.
func makeBytes(u *unpickler, args []any) (any, error) {
	if len(args) == 0 {
		return pyBytes(""), nil
	}
	switch v := args[0].(type) {
	case pyBytes:
		return v, nil
	case string:
		if err := u.charge(len(v)); err != nil {
			return nil, err
		}
		b := make([]byte, 0, len(v))
		for _, r := range v {
			if r > 0xff {
				return nil, errArguments("encode")
			}
			b = append(b, byte(r))
		}
		return pyBytes(b), nil
	}
	return nil, errArguments("bytes")
}

func makeOpaque(*unpickler, []any) (any, error) { return pyOpaque{}, nil }

// makeSize makes a shape of a tuple, and is that.
func makeSize(_ *unpickler, args []any) (any, error) {
	if len(args) == 1 {
		if t, ok := args[0].(*pyTuple); ok {
			return t, nil
		}
	}
	return nil, errArguments("torch.Size")
}
