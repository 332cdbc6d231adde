package jpeg

import (
	"bufio"
	"fmt"
	"io"

	"github.com/pkg/errors"
)

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

// Size reads a file up to the size of its image, which may be that of none.
func Size(r io.Reader) (width, height int, err error) {
	d := &decoder{in: bufio.NewReader(r)}
	if err := d.begin(); err != nil {
		return 0, 0, err
	}
	for d.frame.components == nil {
		marker, err := d.nextMarker()
		if err != nil {
			return 0, 0, err
		}
		if marker == sos || marker == eoi {
			return 0, 0, errors.New("there is no frame before the first scan")
		}
		if err := d.segment(marker); err != nil {
			return 0, 0, err
		}
	}
	return d.frame.width, d.frame.height, nil
}

// begin reads the first marker.
func (d *decoder) begin() error {
	var magic [2]byte
	if _, err := io.ReadFull(d.in, magic[:]); err != nil {
		return short(err)
	}
	if magic != [2]byte{0xff, soi} {
		return errors.New("it does not begin as a JPEG file")
	}
	return nil
}

// nextMarker finds the next marker, after whatever is before it.
func (d *decoder) nextMarker() (byte, error) {
	if m := d.bits.marker; m != 0 {
		d.bits.marker = 0
		return m, nil
	}
	for {
		b, err := d.in.ReadByte()
		if err != nil {
			return 0, short(err)
		}
		for b == 0xff { // of which there may be several
			if b, err = d.in.ReadByte(); err != nil {
				return 0, short(err)
			}
			if b != 0 && b != 0xff {
				return b, nil
			}
		}
	}
}

// segment reads the segment of a marker that is neither a scan nor the end.
func (d *decoder) segment(marker byte) error {
	if rst0 <= marker && marker <= rst7 || marker == tem || marker == soi {
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
		d.jfif = d.jfif || len(data) >= 5 && string(data[:5]) == "JFIF\x00"
	case appE:
		if len(data) >= 12 && string(data[:5]) == "Adobe" {
			d.adobe, d.transform = true, data[11]
		}
	}
	return nil
}

// payload reads the bytes of a segment. They are good until the next call.
func (d *decoder) payload() ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(d.in, size[:]); err != nil {
		return nil, short(err)
	}
	n := int(size[0])<<8 | int(size[1])
	if n < 2 {
		return nil, errors.Errorf("a segment of %d bytes, want at least 2", n)
	}
	if d.buffer == nil {
		d.buffer = make([]byte, 1<<16)
	}
	data := d.buffer[:n-2]
	_, err := io.ReadFull(d.in, data)
	return data, short(err)
}

// quantTables reads tables of quantisation steps, which come in zigzag order.
func (d *decoder) quantTables(data []byte) error {
	for len(data) > 0 {
		wide, id := data[0]>>4, data[0]&15
		size := 64 * (1 + int(wide))
		if wide > 1 || id > 3 || len(data) < 1+size {
			return errors.Errorf("quantisation table %d of %d bytes", data[0], len(data)-1)
		}
		for i := range 64 {
			v := int32(data[1+i])
			if wide == 1 {
				v = int32(data[1+2*i])<<8 | int32(data[2+2*i])
			}
			d.quant[id][zigzag[i]] = v
		}
		d.hasQuant[id] = true
		data = data[1+size:]
	}
	return nil
}

// zigzag is the order in which the coefficients of a block are stored: natural
// indices, row by row.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}

// short makes the end of a file an unexpected one.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func markerName(m byte) string { return fmt.Sprintf("marker FF%02X", m) }
