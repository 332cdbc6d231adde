package jpeg

import (
	"encoding/binary"
	"math"
)

// Constants of the inverse transform of Loeffler, Ligtenberg and Moschytz 1989 with
// 11 multiplications, in 13-bit fixed point. What a name says is the number.
const (
	fixBits = 13
	extra   = 2 // bits that the first pass keeps below the point

	c0_298631336 = 2446
	c0_390180644 = 3196
	c0_541196100 = 4433
	c0_765366865 = 6270
	c0_899976223 = 7373
	c1_175875602 = 9633
	c1_501321110 = 12299
	c1_847759065 = 15137
	c1_961570560 = 16069
	c2_053119869 = 16819
	c2_562915447 = 20995
	c3_072711026 = 25172
)

// inverse writes the 8x8 samples of a block. The roundings are those of libjpeg's
// accurate integer method: after the columns to two bits below the point, and at the
// end. Values that are too large for 16 bits, which only damaged files have, are cut
// off or held at the limit where libjpeg's vectors do so.
func inverse(dst []uint8, stride int, coef *block, quant *table, last extent) {
	dst = dst[:7*stride+8]
	if last == 0 {
		flat(dst, stride, coef[0]*quant[0])
		return
	}
	inverseMany(dst, stride, coef, quant, last)
}

// flat writes a block that has only its DC coefficient.
func flat(dst []uint8, stride int, dc int16) {
	const ones = 0x0101010101010101
	v := uint64(sample((int32(dc<<extra)+1<<(extra+2))>>(extra+3))) * ones
	for y := range 8 {
		binary.LittleEndian.PutUint64(dst[y*stride:], v)
	}
}

// inverseGo transforms columns and then rows. Up to the tenth coefficient all are in
// the first four columns.
func inverseGo(dst []uint8, stride int, coef *block, quant *table, last extent) {
	var work [64]int32
	columns := 8
	if last < 10 {
		columns = 4
	}
	for x := range columns {
		column(&work, coef, quant, x)
	}
	for y := range 8 {
		row((*[8]uint8)(dst[y*stride:]), (*[8]int32)(work[8*y:]))
	}
}

// column transforms column x of the coefficients.
func column(work *[64]int32, coef *block, quant *table, x int) {
	at := func(y int) int32 { return int32(coef[8*y+x] * quant[8*y+x]) }
	if coef[8+x]|coef[16+x]|coef[24+x]|coef[32+x]|coef[40+x]|coef[48+x]|coef[56+x] == 0 {
		v := within16(at(0) << extra)
		for y := range 8 {
			work[8*y+x] = v
		}
		return
	}
	const shift = fixBits - extra
	v0, v1, v2, v3, v4, v5, v6, v7 := transform(1<<(shift-1), at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
	work[x], work[8+x], work[16+x], work[24+x] = within16(v0>>shift), within16(v1>>shift), within16(v2>>shift), within16(v3>>shift)
	work[32+x], work[40+x], work[48+x], work[56+x] = within16(v4>>shift), within16(v5>>shift), within16(v6>>shift), within16(v7>>shift)
}

// within16 brings a value to one of 16 bits.
func within16(v int32) int32 { return min(max(v, math.MinInt16), math.MaxInt16) }

// row transforms a row and writes its samples.
func row(dst *[8]uint8, in *[8]int32) {
	const shift = fixBits + extra + 3 // the transform makes values 8 times as large
	v0, v1, v2, v3, v4, v5, v6, v7 := transform(1<<(shift-1), in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7])
	dst[0], dst[1], dst[2], dst[3] = sample(v0>>shift), sample(v1>>shift), sample(v2>>shift), sample(v3>>shift)
	dst[4], dst[5], dst[6], dst[7] = sample(v4>>shift), sample(v5>>shift), sample(v6>>shift), sample(v7>>shift)
}

// sample brings a value around zero to one of 8 bits.
func sample(v int32) uint8 { return uint8(min(max(v+128, 0), 255)) }

// transform is the transform of eight values, 2^13 times as large, and round added.
func transform(round, s0, s1, s2, s3, s4, s5, s6, s7 int32) (v0, v1, v2, v3, v4, v5, v6, v7 int32) {
	// The even part, in which s2 and s6 are turned.
	turn := (s2 + s6) * c0_541196100
	e2, e3 := turn-s6*c1_847759065, turn+s2*c0_765366865
	e0, e1 := int32(int16(s0+s4))<<fixBits+round, int32(int16(s0-s4))<<fixBits+round
	a0, a1, a2, a3 := e0+e3, e1+e2, e1-e2, e0-e3

	// The odd part, with a common factor of four sums.
	z3, z4 := int32(int16(s7+s3)), int32(int16(s5+s1))
	z5 := (z3 + z4) * c1_175875602
	z1, z2 := -(s7+s1)*c0_899976223, -(s5+s3)*c2_562915447
	z3, z4 = z5-z3*c1_961570560, z5-z4*c0_390180644
	b0 := s7*c0_298631336 + z1 + z3
	b1 := s5*c2_053119869 + z2 + z4
	b2 := s3*c3_072711026 + z2 + z3
	b3 := s1*c1_501321110 + z1 + z4

	return a0 + b3, a1 + b2, a2 + b1, a3 + b0, a3 - b0, a2 - b1, a1 - b2, a0 - b3
}
