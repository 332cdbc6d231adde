package dataset

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Every format and mode against Pillow's convert("RGB").
func TestDecodeFormats(t *testing.T) {
	var cases []struct{ In, Out string }
	readJSON(t, "formats.json", &cases)
	if len(cases) < 20 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.In, func(t *testing.T) {
			wantImage(t, decodeFile(t, fixture(c.In)), decodeFile(t, fixture(c.Out)), 0)
		})
	}
}

// Huge images are refused by their header: no memory is taken for them.
func TestDecodeBombs(t *testing.T) {
	for _, c := range []struct {
		name string
		data []uint8
		want string
	}{
		{"PNG", pngHeader(60000, 60000), "PNG image of 60000x60000 pixels: the limit is 89478485 pixels"},
		{"PNG of one row", pngHeader(1<<30, 1), "PNG image of 1073741824x1 pixels: the limit is"},
		{"PNG beyond all", pngHeader(0xffffffff, 0xffffffff), "PNG header"},
		{"JPEG", jpegHeader(65535, 65535), "JPEG image of 65535x65535 pixels: the limit is"},
		{"JPEG of no rows", jpegHeader(0, 10), "JPEG image of 10x0 pixels"},
		{"PNG of no columns", pngHeader(0, 10), "PNG header"},
		{"PNG without an image", pngHeader(9000, 9000), "PNG image of 9000x9000 pixels: the file ends too early"},
		{"JPEG without an image", jpegHeader(90, 80), "JPEG image of 80x90 pixels: "},
		{"nothing", nil, "empty file"},
		{"text", []uint8("P6 100 100 255"), "neither a JPEG nor a PNG image"},
		{"half a magic", []uint8(pngMagic[:3]), "neither a JPEG nor a PNG image"},
		{"only a magic", []uint8(pngMagic), "PNG header: the file ends too early"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := Decode(bytes.NewReader(c.data), new(Image), 0)
			runtime.ReadMemStats(&after)
			wantError(t, err, c.want)
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
				t.Errorf("took %d bytes of memory for a file of %d", taken, len(c.data))
			}
		})
	}
}

// pngHeader returns the beginning of a PNG file of that size.
func pngHeader(w, h uint32) []uint8 {
	chunk := binary.BigEndian.AppendUint32([]uint8("IHDR"), w)
	chunk = binary.BigEndian.AppendUint32(chunk, h)
	chunk = append(chunk, 8, 2, 0, 0, 0) // eight bits of red, green and blue
	out := append([]uint8(pngMagic), 0, 0, 0, 13)
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

// jpegHeader returns the beginning of a JPEG file of that size.
func jpegHeader(h, w uint16) []uint8 {
	return []uint8{
		0xff, 0xd8, // start of image
		0xff, 0xc0, 0, 17, 8, uint8(h >> 8), uint8(h), uint8(w >> 8), uint8(w), 3,
		1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0,
		0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0, // start of scan
	}
}

// The limit is on the pixels, not on a side.
func TestDecodeLimit(t *testing.T) {
	data, err := os.ReadFile(fixture("formats/rgb.png")) // 37x29
	if err != nil {
		t.Fatal(err)
	}
	m := new(Image)
	if err := Decode(bytes.NewReader(data), m, 37*29); err != nil {
		t.Error(err)
	}
	wantError(t, Decode(bytes.NewReader(data), m, 37*29-1), "the limit is 1072 pixels")
}

// An image type that no decoder gives goes through its At method.
func TestConvertUnknownImage(t *testing.T) {
	want := readFixture(t, "transforms/colour.png")
	got := new(Image)
	convertRGB(got, struct{ image.Image }{want.Image()})
	wantImage(t, got, want, 0)
}

func FuzzDecode(f *testing.F) {
	names, err := filepath.Glob(fixture("formats/*.*"))
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(pngHeader(60000, 60000))
	f.Add(jpegHeader(300, 1))
	f.Fuzz(func(t *testing.T, file []uint8) {
		m := new(Image)
		const limit = 1 << 16
		if err := Decode(bytes.NewReader(file), m, limit); err != nil {
			return
		}
		if err := m.check(); err != nil || m.C != 3 || m.H*m.W > limit {
			t.Errorf("shape (%d, %d, %d): %v", m.C, m.H, m.W, err)
		}
	})
}
