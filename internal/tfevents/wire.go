package tfevents

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field appends a field of bytes: text, or a message.
func field(b []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), value)
}

// varint appends a field of a whole number.
func varint(b []byte, number protowire.Number, value int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(value))
}

// double appends a field of type double.
func double(b []byte, number protowire.Number, value float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, number, protowire.Fixed64Type), math.Float64bits(value))
}

// doubles appends a packed field of doubles.
func doubles(b []byte, number protowire.Number, values []float64) []byte {
	packed := make([]byte, 0, 8*len(values))
	for _, v := range values {
		packed = protowire.AppendFixed64(packed, math.Float64bits(v))
	}
	return field(b, number, packed)
}
