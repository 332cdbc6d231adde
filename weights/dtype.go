package weights

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// DType names the type of a tensor's values.
type DType string

// The types that an Archive holds.
const (
	Float32 DType = "float32"
	Int64   DType = "int64"
	Uint64  DType = "uint64"
	Uint8   DType = "uint8"
)

// kind is what there is to do with a slice of one type.
type kind struct {
	size   int // of a value in bytes
	make   func(capacity int) any
	length func(values any) int
	slice  func(values any, from, to int) any
	grow   func(values any, size int) (longer any, added []byte) // by so many bytes
}

var kinds = map[DType]kind{
	Float32: kindOf[float32](),
	Int64:   kindOf[int64](),
	Uint64:  kindOf[uint64](),
	Uint8:   kindOf[uint8](),
}

func kindOf[T float32 | int64 | uint64 | uint8]() kind {
	size := binary.Size(T(0))
	return kind{
		size:   size,
		make:   func(capacity int) any { return make([]T, 0, capacity) },
		length: func(values any) int { return len(values.([]T)) },
		slice:  func(values any, from, to int) any { return values.([]T)[from:to] },
		grow: func(values any, bytes int) (any, []byte) {
			old := values.([]T)
			all := slices.Grow(old, bytes/size)[:len(old)+bytes/size]
			return all, bytesOf(all[len(old):])
		},
	}
}

// bytesOf returns the memory of the values.
func bytesOf[T float32 | int64 | uint64 | uint8](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(T(0))))
}

// valuesOf returns the values whose memory it is.
func valuesOf[T float32 | int64 | uint64 | uint8](data []byte) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/int(unsafe.Sizeof(T(0))))
}

// memory returns that of a slice of any of the types.
func memory(values any) []byte {
	switch v := values.(type) {
	case []float32:
		return bytesOf(v)
	case []int64:
		return bytesOf(v)
	case []uint64:
		return bytesOf(v)
	}
	return values.([]byte)
}

// littleEndian says that values lie in memory as they do in a file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// native brings the bytes of values of that size from the order of the file to
// that of memory.
func native(data []byte, size int) {
	if littleEndian {
		return
	}
	for i := 0; i < len(data); i += size {
		slices.Reverse(data[i : i+size])
	}
}

func dtypeOf(values any) DType {
	switch values.(type) {
	case []float32:
		return Float32
	case []int64:
		return Int64
	case []uint64:
		return Uint64
	case []byte:
		return Uint8
	}
	return ""
}

// elements returns the number of values of a shape, which must fit the memory
// that a program can address.
func elements(dims []int, size int) (int, error) {
	if len(dims) > rankLimit {
		return 0, errors.Errorf("a shape of %d sizes, at most %d can be kept", len(dims), rankLimit)
	}
	n := 1
	for _, d := range dims {
		if d < 0 {
			return 0, errors.Errorf("shape %v has a negative size", shape(dims))
		}
		if d > 0 && n > math.MaxInt/size/d {
			return 0, errors.Errorf("shape %v is too large", shape(dims))
		}
		n *= d
	}
	return n, nil
}

// shape prints as (64, 3, 7, 7).
type shape = tensor.Shape
