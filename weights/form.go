package weights

import (
	"encoding/binary"
	"math"
	"slices"
)

// form is how a file of another format writes a number, little-endian.
type form struct {
	name  string // for messages
	size  int    // in bytes
	dtype DType  // what it becomes in an Archive
	// decode brings numbers into the memory of values of dtype; nil if the file
	// has them as memory does.
	decode func(dst, raw []byte)
}

// The forms of numbers that are read. An Archive has float32 alone among the
// floating-point types, and 64 bits for integers.
var (
	float16  = &form{"float16", 2, Float32, decoder2(half)}
	bfloat16 = &form{"bfloat16", 2, Float32, decoder2(brain)}
	float32s = &form{"float32", 4, Float32, nil}
	float64s = &form{"float64", 8, Float32, decoder8(func(b uint64) float32 { return float32(math.Float64frombits(b)) })}
	int8s    = &form{"int8", 1, Int64, decoder1(func(b uint8) int64 { return int64(int8(b)) })}
	int16s   = &form{"int16", 2, Int64, decoder2(func(b uint16) int64 { return int64(int16(b)) })}
	int32s   = &form{"int32", 4, Int64, decoder4(func(b uint32) int64 { return int64(int32(b)) })}
	int64s   = &form{"int64", 8, Int64, nil}
	uint8s   = &form{"uint8", 1, Uint8, nil}
	uint16s  = &form{"uint16", 2, Uint64, decoder2(func(b uint16) uint64 { return uint64(b) })}
	uint32s  = &form{"uint32", 4, Uint64, decoder4(func(b uint32) uint64 { return uint64(b) })}
	uint64s  = &form{"uint64", 8, Uint64, nil}
	bools    = &form{"bool", 1, Uint8, nil}
)

// values returns memory for n of them.
func (f *form) values(n int) any {
	switch f.dtype {
	case Float32:
		return make([]float32, n)
	case Int64:
		return make([]int64, n)
	case Uint64:
		return make([]uint64, n)
	}
	return make([]byte, n)
}

// number is what an Archive has.
type number interface {
	float32 | int64 | uint64 | uint8
}

func decoder1[T number](f func(uint8) T) func(dst, raw []byte) {
	return func(dst, raw []byte) {
		to := valuesOf[T](dst)
		for i, b := range raw {
			to[i] = f(b)
		}
	}
}

func decoder2[T number](f func(uint16) T) func(dst, raw []byte) {
	return func(dst, raw []byte) {
		to := valuesOf[T](dst)
		for i := range to {
			to[i] = f(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	}
}

func decoder4[T number](f func(uint32) T) func(dst, raw []byte) {
	return func(dst, raw []byte) {
		to := valuesOf[T](dst)
		for i := range to {
			to[i] = f(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	}
}

func decoder8[T number](f func(uint64) T) func(dst, raw []byte) {
	return func(dst, raw []byte) {
		to := valuesOf[T](dst)
		for i := range to {
			to[i] = f(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	}
}

// half is the value of an IEEE 754 binary16. The payload of a NaN is kept.
func half(b uint16) float32 {
	sign, exponent, fraction := uint32(b>>15)<<31, uint32(b>>10&0x1f), uint32(b&0x3ff)
	switch exponent {
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	case 0: // zero and denormals, which float32 holds exactly
		f := math.Float32bits(float32(fraction) / (1 << 24))
		return math.Float32frombits(sign | f)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// reverse swaps the bytes of values of that size.
func reverse(data []byte, size int) {
	for i := 0; size > 1 && i < len(data); i += size {
		slices.Reverse(data[i : i+size])
	}
}

// toRows copies values that lie with the first index running fastest into
// row-major order.
func toRows(dst, src any, dims []int) {
	switch d := dst.(type) {
	case []float32:
		transpose(d, src.([]float32), dims)
	case []int64:
		transpose(d, src.([]int64), dims)
	case []uint64:
		transpose(d, src.([]uint64), dims)
	case []byte:
		transpose(d, src.([]byte), dims)
	}
}

func transpose[T number](dst, src []T, dims []int) {
	steps := make([]int, len(dims)) // in src, by index
	step := 1
	for i, d := range dims {
		steps[i] = step
		step *= d
	}
	index := make([]int, len(dims))
	from := 0
	for i := range dst {
		dst[i] = src[from]
		for axis := len(dims) - 1; axis >= 0; axis-- {
			index[axis]++
			from += steps[axis]
			if index[axis] < dims[axis] {
				break
			}
			from -= steps[axis] * dims[axis]
			index[axis] = 0
		}
	}
}
