package jpeg

import "github.com/pkg/errors"

// Markers, of T.81 table B.1.
const (
	sof0 = 0xc0 // baseline
	sof1 = 0xc1 // extended sequential
	sof2 = 0xc2 // progressive
	dht  = 0xc4
	rst0 = 0xd0
	rst7 = 0xd7
	soi  = 0xd8
	eoi  = 0xd9
	sos  = 0xda
	dqt  = 0xdb
	dnl  = 0xdc
	dri  = 0xdd
	app0 = 0xe0
	appE = 0xee
	tem  = 0x01
)

// unsupported are the kinds of frames that are not decoded.
var unsupported = map[byte]string{
	0xc3: "lossless", 0xc5: "hierarchical", 0xc6: "hierarchical", 0xc7: "hierarchical",
	0xc9: "arithmetic-coded", 0xca: "arithmetic-coded", 0xcb: "arithmetic-coded",
	0xcd: "arithmetic-coded", 0xce: "arithmetic-coded", 0xcf: "arithmetic-coded",
}

// begin reads the first marker.
func (d *Decoder) begin() error {
	var magic [2]byte
	if err := d.src.full(magic[:]); err != nil {
		return err
	}
	if magic != [2]byte{0xff, soi} {
		return errors.New("it does not begin as a JPEG file")
	}
	return nil
}

// nextMarker finds the next marker, after whatever is before it.
func (d *Decoder) nextMarker() (byte, error) {
	if m := d.pending; m != 0 {
		d.pending = 0
		return m, nil
	}
	for {
		b, err := d.src.next()
		if err != nil {
			return 0, err
		}
		for b == 0xff { // of which there may be several
			if b, err = d.src.next(); err != nil {
				return 0, err
			}
			if b != 0 && b != 0xff {
				return b, nil
			}
		}
	}
}

// marked reads the segment of a marker that is neither a scan nor the end.
func (d *Decoder) marked(marker byte) error {
	if isRestart(marker) || marker == tem || marker == soi {
		return nil // they stand alone
	}
	if name, ok := unsupported[marker]; ok {
		return errors.Errorf("%s images are not supported", name)
	}
	data, err := d.payload()
	if err != nil {
		return err
	}
	switch marker {
	case sof0, sof1, sof2:
		return d.startFrame(data, marker == sof2)
	case dht:
		return d.huffmanTables(data)
	case dqt:
		return d.quantTables(data)
	case dri:
		if len(data) != 2 {
			return errors.Errorf("restart interval in %d bytes, want 2", len(data))
		}
		d.restart = int(data[0])<<8 | int(data[1])
	case dnl:
		return errors.New("an image whose height follows its first scan is not supported")
	case app0:
		d.jfif = d.jfif || len(data) >= 14 && string(data[:5]) == "JFIF\x00"
	case appE:
		if len(data) >= 12 && string(data[:5]) == "Adobe" {
			d.adobe, d.transform = true, data[11]
		}
	}
	return nil
}

// payload reads the bytes of a segment. They are good until the next call.
func (d *Decoder) payload() ([]byte, error) {
	var size [2]byte
	if err := d.src.full(size[:]); err != nil {
		return nil, err
	}
	n := int(size[0])<<8 | int(size[1])
	if n < 2 {
		return nil, errors.Errorf("a segment of %d bytes, want at least 2", n)
	}
	d.segment = grown(d.segment, n-2)
	return d.segment, d.src.full(d.segment)
}

// quantTables reads tables of quantisation steps, which come in zigzag order.
func (d *Decoder) quantTables(data []byte) error {
	for len(data) > 0 {
		wide, id := data[0]>>4, data[0]&15
		size := 64 * (1 + int(wide))
		if wide > 1 || id > 3 || len(data) < 1+size {
			return errors.Errorf("quantisation table %d of %d bytes", data[0], len(data)-1)
		}
		for i := range 64 {
			v := int16(data[1+i])
			if wide == 1 {
				v = int16(data[1+2*i])<<8 | int16(data[2+2*i])
			}
			d.quant[id][zigzag[i]] = v
		}
		d.hasQuant[id] = true
		data = data[1+size:]
	}
	return nil
}

// zigzag is the order in which the coefficients of a block are stored: natural
// indices, row by row. Damaged files have coefficients beyond the last, which stand
// for the last, as in libjpeg.
var zigzag = [128]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
}
