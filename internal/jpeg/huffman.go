package jpeg

import (
	"bytes"

	"github.com/pkg/errors"
)

// lookBits is the length of the codes that are found in one step.
const lookBits = 9

// huffman is a table of codes, T.81 annex C and F.2.2.3.
type huffman struct {
	// look has what the next lookBits bits begin with, 0 for a longer code.
	look [1 << lookBits]code
	// limit[n] is what codes of n bits are below, and shift what is added to such a
	// code for the index of its symbol.
	limit   [17]int32
	shift   [17]int32
	counts  [16]byte
	symbols []byte
}

// code is a code and its symbol, which stands for a run of zeros and the number of
// bits that follow the code: in four bytes, from below, bits of the code, bits with
// those that follow, those alone, and the run.
type code uint32

func newCode(bits int, symbol byte) code {
	size := int(symbol & 15)
	return code(bits | (bits+size)<<8 | size<<16 | int(symbol>>4)<<24)
}

func (c code) bits() int  { return int(c & 63) }
func (c code) total() int { return int(c >> 8 & 63) }
func (c code) size() int  { return int(c >> 16 & 63) }
func (c code) run() int   { return int(c >> 24) }

// huffmanTables reads the tables of a segment.
func (d *Decoder) huffmanTables(data []byte) error {
	for len(data) > 0 {
		if len(data) < 17 {
			return errors.Errorf("a Huffman table of %d bytes", len(data))
		}
		class, id := data[0]>>4, data[0]&15
		if class > 1 || id > 3 {
			return errors.Errorf("Huffman table %d of class %d", id, class)
		}
		n := 0
		for _, count := range data[1:17] {
			n += int(count)
		}
		if n > 256 || len(data) < 17+n {
			return errors.Errorf("a Huffman table of %d symbols in %d bytes", n, len(data)-17)
		}
		if err := d.huffman[class][id].set(data[1:17], data[17:17+n]); err != nil {
			return err
		}
		d.hasHuffman[class][id] = true
		data = data[17+n:]
	}
	return nil
}

// set gives the symbols their codes: counts are those of 1 to 16 bits. Most files
// have the same tables as the file before.
func (h *huffman) set(counts, symbols []byte) error {
	if len(h.symbols) > 0 && bytes.Equal(h.counts[:], counts) && bytes.Equal(h.symbols, symbols) {
		return nil
	}
	*h = huffman{symbols: append(h.symbols[:0], symbols...)}
	next, index := int32(0), 0
	for n := 1; n <= 16; n++ {
		h.shift[n] = int32(index) - next
		if next+int32(counts[n-1]) > 1<<n {
			h.symbols = h.symbols[:0]
			return errors.New("a Huffman table has more codes than their lengths allow")
		}
		for range counts[n-1] {
			if n <= lookBits {
				fill := h.look[next<<(lookBits-n):][:1<<(lookBits-n)]
				for i := range fill {
					fill[i] = newCode(n, h.symbols[index])
				}
			}
			next++
			index++
		}
		h.limit[n] = next
		next <<= 1
	}
	copy(h.counts[:], counts)
	return nil
}

// long finds a code of more than lookBits bits. Bits that are no code stand for the
// symbol 0, and are as many as libjpeg skips then.
func (h *huffman) long(acc uint64) code {
	for n := lookBits + 1; n <= 16; n++ {
		v := int32(acc >> (64 - n))
		if v < h.limit[n] {
			return newCode(n, h.symbols[v+h.shift[n]])
		}
	}
	return newCode(17, 0)
}

// ofDC reports whether all symbols can be those of DC coefficients.
func (h *huffman) ofDC() bool {
	for _, s := range h.symbols {
		if s > 15 {
			return false
		}
	}
	return true
}

// next reads a code and what follows it, as a number that T.81 F.2.2.1 extends: those
// that begin with 0 are negative. It is 0 for a size of 0.
func (b *bitReader) next(h *huffman) (c code, value int32) {
	if b.n < 32 {
		b.fill()
	}
	if c = h.look[b.acc>>(64-lookBits)]; c == 0 {
		c = h.long(b.acc)
	}
	value = extend(b.acc<<c.bits(), c.size())
	b.acc <<= c.total()
	b.n -= c.total()
	return c, value
}

// extend is the number of the first bits, without a branch that would often be
// mispredicted.
func extend(bits uint64, size int) int32 {
	negative := ^(int64(bits) >> 63)
	return int32(int64(bits>>1>>(63-size&63)) + negative<<size - negative)
}

// code reads a code alone.
func (b *bitReader) code(h *huffman) code {
	if b.n < 32 {
		b.fill()
	}
	c := h.look[b.acc>>(64-lookBits)]
	if c == 0 {
		c = h.long(b.acc)
	}
	b.acc <<= c.bits()
	b.n -= c.bits()
	return c
}
