package jpeg

import "encoding/binary"

// bitReader reads the entropy-coded bytes between two markers. After them there are
// zeros: a damaged file then still gives what is there of its image, as libjpeg does.
type bitReader struct {
	data []byte // ends with zeroBytes, which are read again and again
	at   int
	past int    // bytes by which at was set back
	acc  uint64 // the next bits, the first uppermost
	n    int    // how many there are
}

// zeroBytes follow the data, so that eight bytes can be loaded at once.
const zeroBytes = 8

// begin starts with other data, that has its zeros.
func (b *bitReader) begin(data []byte) { *b = bitReader{data: data} }

// fill makes at least 56 bits available, with the bits of whole bytes: those of a
// part of a byte that it loads are loaded again the next time.
func (b *bitReader) fill() {
	b.acc |= binary.BigEndian.Uint64(b.data[b.at:]) >> (b.n & 63)
	b.at += (63 - b.n) >> 3
	b.n |= 56
	if end := len(b.data) - zeroBytes; b.at > end {
		b.past += b.at - end
		b.at = end
	}
}

// exhausted reports whether more bits were read than there were.
func (b *bitReader) exhausted() bool {
	return b.past > 0 && 8*b.past > b.n
}

// bit reads a bit.
func (b *bitReader) bit() int32 {
	if b.n < 1 {
		b.fill()
	}
	v := int32(b.acc >> 63)
	b.acc <<= 1
	b.n--
	return v
}

// bits reads a number of 0 to 15 bits.
func (b *bitReader) bits(n int) int32 {
	if b.n < n {
		b.fill()
	}
	v := int32(b.acc >> 1 >> (63 - n))
	b.acc <<= n
	b.n -= n
	return v
}
