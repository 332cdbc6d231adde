package jpeg

import "bufio"

// bitReader reads the entropy-coded bytes of a scan. After a marker there are zeros:
// a damaged file then still gives what is there of its image, as libjpeg does.
type bitReader struct {
	in     *bufio.Reader
	acc    uint64 // the next bits, the first uppermost
	n      int    // how many there are
	marker byte   // the one that ends the scan, 0 for none yet
}

// fill reads as many bytes as there is room for.
func (b *bitReader) fill() error {
	for b.n <= 56 {
		var v byte
		if b.marker == 0 {
			var err error
			if v, err = b.in.ReadByte(); err != nil {
				return short(err)
			}
			if v == 0xff {
				if v, err = b.afterFF(); err != nil {
					return err
				}
			}
		}
		b.acc |= uint64(v) << (56 - b.n)
		b.n += 8
	}
	return nil
}

// afterFF reads what follows FF: a zero, which makes it one, or a marker.
func (b *bitReader) afterFF() (byte, error) {
	for {
		v, err := b.in.ReadByte()
		switch {
		case err != nil:
			return 0, short(err)
		case v == 0:
			return 0xff, nil
		case v != 0xff:
			b.marker = v
			return 0, nil
		}
	}
}

func (b *bitReader) skip(n int) {
	b.acc <<= n
	b.n -= n
}

// bits reads a number of up to 16 bits.
func (b *bitReader) bits(n int) (int32, error) {
	if n == 0 {
		return 0, nil
	}
	if b.n < n {
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	v := int32(b.acc >> (64 - n))
	b.skip(n)
	return v, nil
}

// signed reads a number as T.81 F.2.2.1 extends it: those that begin with 0 are
// negative.
func (b *bitReader) signed(n int) (int32, error) {
	v, err := b.bits(n)
	if n > 0 && v < 1<<(n-1) {
		v += -1<<n + 1
	}
	return v, err
}

// reset forgets the rest of a byte, before a restart or a scan.
func (b *bitReader) reset() { b.acc, b.n, b.marker = 0, 0, 0 }
