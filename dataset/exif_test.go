package dataset

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
)

// Every orientation against Pillow's ImageOps.exif_transpose.
func TestDecodeOrientation(t *testing.T) {
	var cases []struct{ In, Out string }
	readJSON(t, "orientation.json", &cases)
	if len(cases) != 8 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.In, func(t *testing.T) {
			m := decodeFile(t, fixture(c.In))
			wantImage(t, m, decodeFile(t, fixture(c.Out)), 0)
			if err := m.check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Orientations in the pixels of small images, all of them and twice.
func TestOrient(t *testing.T) {
	const h, w = 2, 3
	for orientation, want := range map[int]string{
		0: "abcdef", 1: "abcdef", 2: "cbafed", 3: "fedcba", 4: "defabc",
		5: "adbecf", 6: "daebfc", 7: "fcebda", 8: "cfbead", 9: "abcdef",
	} {
		m := NewImage(2, h, w)
		copy(m.Pix, "abcdefABCDEF")
		m.orient(orientation)
		if string(m.Plane(0)) != want || string(m.Plane(1)) != string(bytes.ToUpper([]uint8(want))) {
			t.Errorf("%d: %s, want %s", orientation, m.Pix, want)
		}
		if turned := orientation >= 5 && orientation <= 8; turned != (m.H == w) {
			t.Errorf("%d: %dx%d", orientation, m.H, m.W)
		}
	}
}

// app1 is the EXIF segment of a JPEG file, with TIFF data.
func app1(tiff string) string {
	body := "Exif\x00\x00" + tiff
	return "\xff\xe1" + string(binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))) + body
}

// What is damaged or odd is upright, and nothing is read beyond the end.
func TestJPEGOrientation(t *testing.T) {
	const (
		start  = "\xff\xd8"
		little = "II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
		big    = "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00"
		jfif   = "\xff\xe0\x00\x04ab"
	)
	edit := func(s string, at int, v uint8) string {
		b := []uint8(s)
		b[at] = v
		return string(b)
	}
	for _, c := range []struct {
		name, head string
		want       int
	}{
		{"little-endian", start + app1(little), 6},
		{"big-endian", start + app1(big), 8},
		{"after others", start + jfif + "\xff\xff\xe1\x00\x05XMP\xff\x01" + app1(big), 8},
		{"first of two", start + app1(little) + app1(big), 6},
		{"after the pixels", start + "\xff\xda\x00\x02" + app1(big), 1},
		{"after the end", start + "\xff\xd9" + app1(big), 1},
		{"in another segment", start + "\xff\xe2" + app1(big)[2:], 1},
		{"orientation 0", start + app1(edit(little, 18, 0)), 1},
		{"orientation 9", start + app1(edit(little, 18, 9)), 1},
		{"orientation 262", start + app1(edit(little, 19, 1)), 1},
		{"orientation of four bytes", start + app1(edit(little, 12, 4)), 1},
		{"two orientations", start + app1(edit(little, 14, 2)), 1},
		{"another tag", start + app1(edit(little, 10, 0x13)), 1},
		{"no byte order", start + app1(edit(little, 0, 'X')), 1},
		{"no TIFF", start + app1(edit(little, 2, '+')), 1},
		{"directory beyond the end", start + app1(edit(little, 7, 0xff)), 1},
		{"directory at the end", start + app1(edit(little, 4, 21)), 1},
		{"more entries than there are", start + app1(edit(edit(little, 9, 0xff), 10, 0)), 1},
		{"segment beyond the end", start + edit(app1(little), 2, 0xff), 1},
		{"segment of length 1", start + "\xff\xe1\x00\x01" + app1(little), 1},
		{"no marker", start + "ab" + app1(little), 1},
		{"nothing", "", 1},
	} {
		if got := jpegOrientation([]uint8(c.head)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	whole := start + app1(little)
	for n := range whole {
		if got := jpegOrientation([]uint8(whole[:n])); got != 1 {
			t.Errorf("the first %d bytes: %d", n, got)
		}
	}
}

func FuzzJPEGOrientation(f *testing.F) {
	for _, name := range []string{"orientation/3.jpg", "orientation/6.jpg", "formats/444.jpg"} {
		data, err := os.ReadFile(fixture(name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 400)])
	}
	f.Fuzz(func(t *testing.T, head []uint8) {
		if o := jpegOrientation(head); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		if o := tiffOrientation(head); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}
