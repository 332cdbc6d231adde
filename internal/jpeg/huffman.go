package jpeg

import "github.com/pkg/errors"

// lookBits is the length of the codes that are found in one step.
const lookBits = 9

// huffman is a table of codes, T.81 annex C and F.2.2.3.
type huffman struct {
	// look has, for the next lookBits bits, the symbol and above it the length of its
	// code; 0 for a longer one.
	look [1 << lookBits]uint16
	// limit[n] is what codes of n bits are below, and shift what is added to such a
	// code for the index of its symbol.
	limit   [17]int32
	shift   [17]int32
	symbols []byte
}

// huffmanTables reads the tables of a segment.
func (d *decoder) huffmanTables(data []byte) error {
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
		h, err := newHuffman(data[1:17], data[17:17+n])
		if err != nil {
			return err
		}
		d.tables[class][id] = h
		data = data[17+n:]
	}
	return nil
}

// newHuffman gives the symbols their codes: counts are those of 1 to 16 bits.
func newHuffman(counts, symbols []byte) (*huffman, error) {
	h := &huffman{symbols: append([]byte(nil), symbols...)}
	code, index := int32(0), 0
	for n := 1; n <= 16; n++ {
		h.shift[n] = int32(index) - code
		for range counts[n-1] {
			if n <= lookBits {
				entry := uint16(n)<<8 | uint16(h.symbols[index])
				first := int(code) << (lookBits - n)
				if first+1<<(lookBits-n) > len(h.look) {
					return nil, errors.New("a Huffman table has more codes than their lengths allow")
				}
				for i := range 1 << (lookBits - n) {
					h.look[first+i] = entry
				}
			}
			code++
			index++
		}
		if code > 1<<n {
			return nil, errors.New("a Huffman table has more codes than their lengths allow")
		}
		h.limit[n] = code
		code <<= 1
	}
	return h, nil
}

// symbol decodes the next symbol.
func (b *bitReader) symbol(h *huffman) (byte, error) {
	if b.n < 16 {
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	if e := h.look[b.acc>>(64-lookBits)]; e != 0 {
		b.skip(int(e >> 8))
		return byte(e), nil
	}
	for n := lookBits + 1; n <= 16; n++ {
		code := int32(b.acc >> (64 - n))
		if code < h.limit[n] {
			b.skip(n)
			return h.symbols[code+h.shift[n]], nil
		}
	}
	return 0, errors.New("bits that are no Huffman code")
}
