package jpeg

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// photograph is a file with noise and edges, written by the standard library.
func photograph(t testing.TB, w, h, quality int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x*255/w + r.IntN(20)), uint8(y * 255 / h), uint8(128 + 100*math.Sin(float64(x*y)/900)), 255})
		}
	}
	var f bytes.Buffer
	if err := stdjpeg.Encode(&f, img, &stdjpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return f.Bytes()
}

// The inverse transform is that of the definition, T.81 A.3.3, up to its roundings.
func TestInverse(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var quant table
	for i := range quant {
		quant[i] = int16(1 + r.IntN(20))
	}
	for n := range 200 {
		var b block
		for range 1 + n%64 {
			b[r.IntN(64)] = int16(r.IntN(17) - 8)
		}
		got := make([]uint8, 8*11)
		inverse(got, 11, &b, &quant, 63)
		for y := range 8 {
			for x := range 8 {
				want := 128.0
				for v := range 8 {
					for u := range 8 {
						c := float64(b[8*v+u]) * float64(quant[8*v+u]) / 4
						if u == 0 {
							c *= math.Sqrt2 / 2
						}
						if v == 0 {
							c *= math.Sqrt2 / 2
						}
						want += c * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
					}
				}
				if off := math.Abs(float64(got[11*y+x]) - min(max(want, 0), 255)); off > 0.63 { // a half, and the roundings of the first pass
					t.Fatalf("sample (%d, %d) is %d, want %.3f", x, y, got[11*y+x], want)
				}
			}
		}
	}
}

func TestPlanes(t *testing.T) {
	m, err := Decode(bytes.NewReader(photograph(t, 33, 17, 90)))
	if err != nil {
		t.Fatal(err)
	}
	if m.Width != 33 || m.Height != 17 || m.Color != YCbCr || len(m.Planes) != 3 {
		t.Fatalf("%dx%d, colour %d, %d planes", m.Width, m.Height, m.Color, len(m.Planes))
	}
	for i, want := range []Plane{{Stride: 48, W: 33, H: 17, XRatio: 1, YRatio: 1}, {Stride: 24, W: 17, H: 9, XRatio: 2, YRatio: 2}} {
		got := m.Planes[i]
		if len(got.Pix) < got.Stride*got.H {
			t.Errorf("plane %d: %d samples", i, len(got.Pix))
		}
		if got.Pix = nil; got.Stride != want.Stride || got.W != want.W || got.H != want.H || got.XRatio != want.XRatio || got.YRatio != want.YRatio {
			t.Errorf("plane %d: %+v, want %+v", i, got, want)
		}
	}
}

// Decode decodes a file by itself.
func Decode(r io.Reader) (*Image, error) {
	var d Decoder
	if _, _, err := d.Open(r); err != nil {
		return nil, err
	}
	return d.Decode()
}

// segment returns a marker with its payload.
func segment(marker byte, data ...byte) []byte {
	n := len(data) + 2
	return append([]byte{0xff, marker, byte(n >> 8), byte(n)}, data...)
}

func TestErrors(t *testing.T) {
	start := []byte{0xff, soi}
	frame := segment(sof0, 8, 0, 16, 0, 16, 1, 1, 0x11, 0)
	quant := segment(dqt, make([]byte, 65)...)
	scan := segment(sos, 1, 1, 0, 0, 63, 0)
	wide := segment(dqt, append([]byte{0x20}, make([]byte, 128)...)...)
	crowded := segment(dht, append([]byte{0, 3}, make([]byte, 18)...)...) // three codes of one bit
	file := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{start}, parts...), nil) }
	whole := photograph(t, 16, 16, 90)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "unexpected EOF"},
		{"text", []byte("GIF89a"), "does not begin as a JPEG file"},
		{"no image", file([]byte{0xff, eoi}), "there is no image in it"},
		{"no scan", file(frame, []byte{0xff, eoi}), "there is no scan of component 1"},
		{"scan first", file(scan), "a scan before the frame"},
		{"12 bits", file(segment(sof1, 12, 0, 16, 0, 16, 1, 1, 0x11, 0)), "images of 12 bits are not supported"},
		{"arithmetic", file(segment(0xc9, 8, 0, 16, 0, 16, 1, 1, 0x11, 0)), "arithmetic-coded images are not supported"},
		{"lossless", file(segment(0xc3, 8, 0, 16, 0, 16, 1, 1, 0x11, 0)), "lossless images are not supported"},
		{"two components", file(segment(sof0, 8, 0, 16, 0, 16, 2, 1, 0x11, 0, 2, 0x11, 0)), "2 components, want 1, 3 or 4"},
		{"factors", file(segment(sof0, 8, 0, 16, 0, 16, 1, 1, 0x51, 0)), "sampling factors 5x1"},
		{"no whole ratio", file(segment(sof0, 8, 0, 16, 0, 16, 3, 1, 0x31, 0, 2, 0x21, 0, 3, 0x11, 0)), "component 2 has 2x1 samples where another has 3x1"},
		{"one number for two", file(segment(sof0, 8, 0, 16, 0, 16, 3, 1, 0x11, 0, 1, 0x11, 0, 3, 0x11, 0)), "two components are numbered 1"},
		{"two frames", file(frame, frame), "a second frame"},
		{"no rows", file(segment(sof0, 8, 0, 0, 0, 16, 1, 1, 0x11, 0), scan), "an image of 16x0 pixels"},
		{"header of a frame", file(segment(sof0, 8, 0, 16, 0, 16)), "a frame header of 5 bytes"},
		{"no quantisation", file(frame, scan), "there is no quantisation table 0"},
		{"no Huffman table", file(frame, quant, scan), "a scan without its Huffman table"},
		{"quantisation", file(wide), "quantisation table 32"},
		{"crowded table", file(crowded), "more codes than their lengths allow"},
		{"another component", file(frame, quant, segment(sos, 1, 7, 0, 0, 63, 0)), "a scan of a component 7, which there is not"},
		{"coefficients", file(frame, quant, segment(sos, 1, 1, 0, 1, 5, 0)), "a scan of the coefficients 1 to 5"},
		{"restart interval", file(segment(dri, 1)), "restart interval in 1 bytes"},
		{"a segment of no length", file([]byte{0xff, app0, 0, 1}), "a segment of 1 bytes"},
		{"a second scan", append(whole[:len(whole)-2:len(whole)-2], segment(sos, 1, 1, 0, 0, 63, 0)...), "a second scan of component 1"},
	} {
		_, err := Decode(bytes.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// A scan whose data ends too early has zeros there, as libjpeg reads it.
func TestDataThatEndsEarly(t *testing.T) {
	file := photograph(t, 64, 64, 90)
	cut := append(file[:len(file)-600:len(file)-600], 0xff, eoi)
	whole, err := Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	part, err := Decode(bytes.NewReader(cut))
	if err != nil {
		t.Fatal(err)
	}
	if row := whole.Planes[0]; !bytes.Equal(row.Pix[:64], part.Planes[0].Pix[:64]) {
		t.Error("the first row is another one")
	}
	if bytes.Equal(whole.Planes[0].Pix, part.Planes[0].Pix) {
		t.Error("nothing is missing")
	}
}

// Files come in pieces of any length, also in such as cut codes and markers.
func TestPieces(t *testing.T) {
	for i, file := range fixtures(t) {
		want, err := Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []io.Reader{iotest.OneByteReader(bytes.NewReader(file)), iotest.HalfReader(bytes.NewReader(file))} {
			if got, err := Decode(in); err != nil || !same(got, want) {
				t.Errorf("file %d: another image, error %v", i, err)
			}
		}
	}
	if _, err := Decode(iotest.ErrReader(io.ErrClosedPipe)); err != io.ErrClosedPipe {
		t.Errorf("error %v of a reader that fails", err)
	}
}

// A decoder has nothing left of the files before.
func TestDecoderAgain(t *testing.T) {
	var d Decoder
	files := fixtures(t)
	for i := range 3 * len(files) {
		file := files[i*7%len(files)]
		if i%5 == 0 { // a file that ends early comes between
			d.Open(bytes.NewReader(file[:len(file)/2]))
			d.Decode()
		}
		want, err := Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.Open(bytes.NewReader(file)); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Decode(); err != nil || !same(got, want) {
			t.Fatalf("file %d: another image, error %v", i*7%len(files), err)
		}
	}
}

// same tells whether the images have the same colours.
func same(a, b *Image) bool {
	n := a.Width * a.Height
	if a.Width != b.Width || a.Height != b.Height {
		return false
	}
	x, y := make([]uint8, 3*n), make([]uint8, 3*n)
	a.RGB(x[:n], x[n:2*n], x[2*n:])
	b.RGB(y[:n], y[n:2*n], y[2*n:])
	return bytes.Equal(x, y)
}

// fixtures are files of all kinds; package dataset compares what is decoded of them.
func fixtures(t testing.TB) [][]byte {
	t.Helper()
	text, err := os.ReadFile("../../dataset/testdata/jpeg.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ File []byte }
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) == 0 {
		t.Fatal(len(cases), err)
	}
	files := make([][]byte, len(cases))
	for i := range cases {
		files[i] = cases[i].File
	}
	return files
}

func FuzzDecode(f *testing.F) {
	for _, file := range fixtures(f) {
		f.Add(file)
	}
	f.Add([]byte{0xff, soi, 0xff, eoi})
	var again Decoder
	f.Fuzz(func(t *testing.T, file []byte) {
		var d Decoder
		w, h, err := d.Open(bytes.NewReader(file))
		if err != nil || w*h > 1<<16 {
			return
		}
		m, err := d.Decode()
		again.Open(bytes.NewReader(file))
		other, errAgain := again.Decode()
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("error %v, and %v of a decoder that had other files", err, errAgain)
		}
		if err != nil {
			return
		}
		if m.Width != w || m.Height != h || len(m.Planes) == 0 {
			t.Fatalf("%dx%d pixels in %d planes, Open says %dx%d", m.Width, m.Height, len(m.Planes), w, h)
		}
		for i, p := range m.Planes {
			if p.W > p.Stride || len(p.Pix) < p.Stride*p.H || p.W*p.XRatio < w || p.H*p.YRatio < h {
				t.Errorf("plane %d: %d samples, %dx%d of stride %d, ratios %d and %d", i, len(p.Pix), p.W, p.H, p.Stride, p.XRatio, p.YRatio)
			}
		}
		if !same(m, other) {
			t.Error("another image of a decoder that had other files")
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	file := photograph(b, 500, 375, 90)
	run := func(name string, decode func(io.Reader) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(bytes.NewReader(file)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	var d Decoder
	colours := make([]uint8, 3*500*375)
	n := len(colours) / 3
	run("planes", func(r io.Reader) error {
		if _, _, err := d.Open(r); err != nil {
			return err
		}
		_, err := d.Decode()
		return err
	})
	run("colours", func(r io.Reader) error {
		if _, _, err := d.Open(r); err != nil {
			return err
		}
		m, err := d.Decode()
		if err == nil {
			m.RGB(colours[:n], colours[n:2*n], colours[2*n:])
		}
		return err
	})
	run("image/jpeg", func(r io.Reader) error {
		_, err := stdjpeg.Decode(r)
		return err
	})
}
