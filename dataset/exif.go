package dataset

import (
	"bytes"
	"encoding/binary"
)

// jpegOrientation returns the orientation that the EXIF data of a JPEG file says
// its picture has, 1 to 8; 1, upright, where it says none or cannot be understood.
// head is the file's beginning, up to the size of the image at least.
func jpegOrientation(head []uint8) int {
	const (
		first = 2 // after the start of the image
		app1  = 0xe1
	)
	for at := first; at+4 <= len(head) && head[at] == 0xff; {
		marker := head[at+1]
		switch {
		case marker == 0xff: // a byte of padding
			at++
			continue
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd7: // nothing follows
			at += 2
			continue
		case marker == 0xd9 || marker == 0xda: // the end, or the pixels
			return 1
		}
		begin, end := at+4, at+2+int(binary.BigEndian.Uint16(head[at+2:]))
		if end < begin || end > len(head) {
			return 1
		}
		if exif, ok := bytes.CutPrefix(head[begin:end], []byte("Exif\x00\x00")); ok && marker == app1 {
			return tiffOrientation(exif)
		}
		at = end
	}
	return 1
}

// tiffOrientation reads the orientation from the first directory of a TIFF file,
// which is what EXIF data is.
func tiffOrientation(tiff []uint8) int {
	const (
		header      = 8
		entry       = 12
		orientation = 0x112
		short       = 3
	)
	if len(tiff) < header {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	directory := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(directory) < entry {
			return 1
		}
		tag, kind, count := order.Uint16(directory), order.Uint16(directory[2:]), order.Uint32(directory[4:])
		if tag == orientation {
			if v := order.Uint16(directory[8:]); kind == short && count == 1 && v >= 1 && v <= 8 {
				return int(v)
			}
			return 1
		}
		directory = directory[entry:]
	}
	return 1
}
