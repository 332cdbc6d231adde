package weights

import (
	"encoding/binary"
	"math"

	"github.com/pkg/errors"
)

// The types that floating-point values may have in a file. In an Archive they are
// Float32.
const (
	// Float16 is binary16 of IEEE 754: 11 significant bits, up to 65504.
	Float16 DType = "float16"
	// BFloat16 is the upper half of a float32: 8 significant bits and its range.
	BFloat16 DType = "bfloat16"
)

// narrow writes floating-point values in 16 bits.
type narrow struct {
	name  string // in safetensors
	round func(float32) uint16
	value func(uint16) float32
}

var narrows = map[DType]*narrow{
	Float16:  {"F16", toHalf, half},
	BFloat16: {"BF16", toBrain, brain},
}

// append writes values little-endian, each rounded to the nearest, of two equally
// near to the even one. One that is finite stays so, or there is an error.
func (n *narrow) append(b []byte, values []float32) ([]byte, error) {
	for _, v := range values {
		bits := n.round(v)
		if infinite(n.value(bits)) && !infinite(v) {
			return nil, errors.Errorf("%v is beyond its range", v)
		}
		b = binary.LittleEndian.AppendUint16(b, bits)
	}
	return b, nil
}

func infinite(v float32) bool { return math.IsInf(float64(v), 0) }

// toHalf rounds to binary16. A NaN stays one, with what has room of its payload.
func toHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, magnitude := uint16(bits>>16&0x8000), bits&0x7fffffff
	switch {
	case magnitude > 0x7f800000:
		return sign | 0x7e00 | uint16(magnitude>>13&0x3ff)
	case magnitude >= (127+16)<<23: // from 65536 on
		return sign | 0x7c00
	case magnitude < (127-14)<<23: // denormals are multiples of 2^-24, which the ulp of 0.5 is
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-math.Float32bits(0.5))
	}
	// The carry of a fraction that is rounded up goes where it belongs, to the
	// exponent.
	return sign | uint16(nearest(magnitude-(127-15)<<23, 13))
}

// toBrain rounds to bfloat16. A NaN stays one, with what has room of its payload.
func toBrain(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 0x40
	}
	return uint16(nearest(bits, 16))
}

// brain is the value of a bfloat16.
func brain(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// nearest takes so many bits off the end of a number and rounds it, from the middle
// to an even one.
func nearest(bits uint32, off int) uint32 {
	return (bits + 1<<(off-1) - 1 + bits>>off&1) >> off
}
