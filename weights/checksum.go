package weights

import (
	"hash/crc32"

	"github.com/pkg/errors"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A checksum is the CRC-32C of so many bytes.
type checksum struct {
	crc  uint32
	size int64
}

func sumOf(data []byte) checksum {
	return checksum{crc32.Checksum(data, castagnoli), int64(len(data))}
}

// check reports it if the bytes of what are not those that had the checksum want.
func (c checksum) check(what string, want uint32) error {
	if c.crc != want {
		return errors.Errorf("damaged: the CRC-32C of %s is %08x, want %08x", what, c.crc, want)
	}
	return nil
}

// then is the checksum of the bytes of c followed by those of d. A CRC is the
// remainder of the bytes taken as a polynomial, so those of c are to be shifted
// by the length of d, which is a product.
func (c checksum) then(d checksum) checksum {
	shifted := c.crc
	const x8 = 1 << (31 - 8) // bit 31 is the coefficient of 1
	for n, power := d.size, uint32(x8); n > 0 && shifted != 0; n >>= 1 {
		if n&1 != 0 {
			shifted = times(shifted, power)
		}
		power = times(power, power)
	}
	return checksum{shifted ^ d.crc, c.size + d.size}
}

// times is the product of two polynomials modulo that of the CRC.
func times(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		if a>>31 != 0 {
			product ^= b
		}
		b = b>>1 ^ crc32.Castagnoli&-(b&1)
	}
	return product
}
