package weights

import (
	"bytes"
	"io"
	"math"

	"github.com/pkg/errors"
)

// view is a tensor of a checkpoint: some numbers of a storage.
type view struct {
	storage       *storage
	element       *element
	from, to      int64 // the bytes of the storage that it may be made of
	offset        int64 // of the first number, counted in numbers from there
	dims, strides []int // strides are counted in numbers
}

// part is a storage, or a part of it, as a pickle names it.
type part struct {
	storage  *storage
	element  *element
	from, to int64 // in bytes
}

// A tensor costs so many bytes of a pickle at least, beside two for each of its
// dimensions.
const tensorCost = 8

// rebuildTensor makes a tensor of a storage, an offset, a shape and strides.
// Whether it has a gradient, and who asked for it, may follow, and then its type
// or how its values are to be changed.
func rebuildTensor(u *unpickler, args []any) (any, error) {
	if len(args) < 4 || len(args) > 8 {
		return nil, errArguments("_rebuild_tensor")
	}
	p, ok := args[0].(*part)
	offset, also := args[1].(int64)
	if !ok || !also {
		return nil, errArguments("_rebuild_tensor")
	}
	v := &view{storage: p.storage, element: p.element, from: p.from, to: p.to, offset: offset}
	for _, a := range args[min(6, len(args)):] {
		switch a := a.(type) {
		case nil:
		case *pyGlobal:
			if a.element == nil {
				return nil, errArguments("_rebuild_tensor")
			}
			v.element = a.element
		case *pyDict:
			if len(a.items) > 0 {
				return nil, errors.New("pickle has a tensor whose values are to be negated or conjugated: save a clone of it")
			}
		default:
			return nil, errArguments("_rebuild_tensor")
		}
	}
	var err error
	if v.dims, err = u.ints(args[2]); err != nil {
		return nil, err
	}
	if v.strides, err = u.ints(args[3]); err != nil {
		return nil, err
	}
	if len(v.dims) != len(v.strides) {
		return nil, errArguments("_rebuild_tensor")
	}
	return v, u.charge(tensorCost)
}

// ints returns the numbers of a tuple, which are not negative.
func (u *unpickler) ints(v any) ([]int, error) {
	items, ok := argumentsOf(v)
	if !ok || len(items) > rankLimit {
		return nil, errors.Errorf("damaged: the pickle has a tensor whose shape is no tuple of at most %d sizes", rankLimit)
	}
	if len(items) == 0 {
		return nil, nil
	}
	if err := u.charge(len(items)); err != nil {
		return nil, err
	}
	list := make([]int, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok || n < 0 || n > math.MaxInt {
			return nil, errors.New("damaged: the pickle has a tensor with a size or a stride that is no number from 0 on")
		}
		list[i] = int(n)
	}
	return list, nil
}

// rebuildParameter is the tensor that the parameter has.
func rebuildParameter(_ *unpickler, args []any) (any, error) {
	if len(args) > 0 {
		if v, ok := args[0].(*view); ok {
			return v, nil
		}
	}
	return nil, errArguments("_rebuild_parameter")
}

// rebuildFromType makes a tensor to which somebody has given attributes, with a
// function that is one of the above.
func rebuildFromType(u *unpickler, args []any) (any, error) {
	if len(args) != 4 {
		return nil, errArguments("_rebuild_from_type_v2")
	}
	f, ok := args[0].(*pyGlobal)
	if !ok || f.name == "torch._tensor._rebuild_from_type_v2" {
		return nil, errArguments("_rebuild_from_type_v2")
	}
	v, err := u.apply(f, args[2])
	if err != nil {
		return nil, err
	}
	if _, ok := v.(*view); !ok {
		return nil, errArguments("_rebuild_from_type_v2")
	}
	return v, nil
}

// span returns the number of values of a view, and the bytes of its storage from
// the first to the last of them.
func (v *view) span() (count int, from, to int64, err error) {
	count, err = elements(v.dims, 8)
	if err != nil || count == 0 {
		return 0, v.from, v.from, err
	}
	size := int64(v.element.size)
	room := (v.to - v.from) / size // numbers that there are
	last := v.offset
	if v.offset < 0 || v.offset >= room {
		return 0, 0, 0, v.beyond(room)
	}
	for i, d := range v.dims {
		if d > 1 && int64(v.strides[i]) > (room-1-last)/int64(d-1) {
			return 0, 0, 0, v.beyond(room)
		}
		last += int64(d-1) * int64(v.strides[i])
	}
	return count, v.from + v.offset*size, v.from + (last+1)*size, nil
}

func (v *view) beyond(room int64) error {
	return errors.Errorf("damaged: shape %v with strides %v from number %d on reaches beyond the %d numbers of its storage",
		shape(v.dims), shape(v.strides), v.offset, room)
}

// contiguous reports whether the values lie in the order of the shape.
func (v *view) contiguous() bool {
	next := 1
	for i := len(v.dims) - 1; i >= 0; i-- {
		if v.dims[i] != 1 && v.strides[i] != next {
			return false
		}
		next *= v.dims[i]
	}
	return true
}

// gather copies the numbers of a view in the order of its shape from the bytes
// that it spans.
func (v *view) gather(dst, src []byte) {
	index := make([]int, len(v.dims))
	size, from := v.element.size, 0
	for at := 0; at < len(dst); at += size {
		copy(dst[at:at+size], src[from:])
		for axis := len(v.dims) - 1; axis >= 0; axis-- {
			index[axis]++
			from += v.strides[axis] * size
			if index[axis] < v.dims[axis] {
				break
			}
			from -= v.strides[axis] * size * v.dims[axis]
			index[axis] = 0
		}
	}
}

// located returns where the values of the view are read, and how many bytes of
// memory and of reading that takes at most.
func (v *view) located(name string) (l *located, cost int64, err error) {
	if v.element.form == nil {
		return nil, 0, errors.Errorf("values are %s, which this program does not read", v.element.dtype)
	}
	count, from, to, err := v.span()
	if err != nil {
		return nil, 0, err
	}
	l, err = newLocated(name, v.dims, v.element.form, int64(count)*int64(v.element.size))
	if err != nil {
		return nil, 0, err
	}
	cost = int64(count) * int64(kinds[l.form.dtype].size)
	s := v.storage
	l.checksum = s.checked()
	switch {
	case count == 0:
		l.open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(nil)), nil }
	case v.contiguous() && from == 0 && to == s.size:
		l.open = s.open
	case v.contiguous():
		l.open = func() (io.ReadCloser, error) { return s.section(from, to) }
		cost += s.skipped(from)
	default:
		l.open = func() (io.ReadCloser, error) { return v.open(count, from, to) }
		cost += s.skipped(from) + to - from + int64(count)*int64(v.element.size)
	}
	return l, cost, nil
}

// open reads a view that is not contiguous.
func (v *view) open(count int, from, to int64) (io.ReadCloser, error) {
	r, err := v.storage.section(from, to)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	src, dst := make([]byte, to-from), make([]byte, count*v.element.size)
	if _, err := io.ReadFull(r, src); err != nil {
		return nil, err
	}
	v.gather(dst, src)
	return io.NopCloser(bytes.NewReader(dst)), nil
}
