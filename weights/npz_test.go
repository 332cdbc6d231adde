package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// npyFile is an array of that version of the format.
func npyFile(version byte, dict, values string) []byte {
	b := append([]byte(npyMagic), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(dict)))
	}
	return append(append(b, dict...), values...)
}

var npyCases = []struct {
	dict, values string
	want         any    // values
	err          string // or
}{
	{"{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", "\x00\x00\x80\x3f", []float32{1}, ""},
	{"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n", "\x3f\x80\x00\x00", []float32{1}, ""},
	{"{'descr': '>f4', 'fortran_order': False, 'shape': (1L,), }\n", "\x7f\x80\x00\x01", []float32{math.Float32frombits(0x7f800001)}, ""},
	{`{"shape": (1,), "fortran_order": True, "descr": "<f8"}`, "\x00\x00\x00\x00\x00\x00\xf0\xbf", []float32{-1}, ""},
	{"{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}", "\xbf\xf0\x00\x00\x00\x00\x00\x00", []float32{-1}, ""},
	{"{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", "\x00\x3c\x01\x00", []float32{1, 0x1p-24}, ""},
	{"{'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", "\x01\xff", []int64{1, -1}, ""},
	{"{'descr': '>i2', 'fortran_order': False, 'shape': (1,)}", "\xff\xfe", []int64{-2}, ""},
	{"{'descr': '<i4', 'fortran_order': False, 'shape': (1,)}", "\xfe\xff\xff\xff", []int64{-2}, ""},
	{"{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", "\xfe\xff\xff\xff\xff\xff\xff\xff", []int64{-2}, ""},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "\x01\xff", []byte{1, 255}, ""},
	{"{'descr': '<u2', 'fortran_order': False, 'shape': (1,)}", "\xfe\xff", []uint64{65534}, ""},
	{"{'descr': '<u4', 'fortran_order': False, 'shape': (1,)}", "\xfe\xff\xff\xff", []uint64{math.MaxUint32 - 1}, ""},
	{"{'descr': '>u8', 'fortran_order': False, 'shape': (1,)}", "\xff\xff\xff\xff\xff\xff\xff\xfe", []uint64{math.MaxUint64 - 1}, ""},
	{"{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", "\x00\x01", []byte{0, 1}, ""},
	{"{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}", "abcdef", []byte("acebdf"), ""},
	{"{'descr': '|u1', 'fortran_order': True, 'shape': (2, 1, 2, 2)}", "abcdefgh", []byte("aecgbfdh"), ""},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0)}", "", []byte{}, ""},
	{"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "\x80\x02.", nil, "arr_0: values are Python objects (|O), which are pickled: only numbers are read"},
	{"{'descr': '!f4', 'fortran_order': False, 'shape': (1,)}", "1234", nil, `the type "!f4" has no known order of bytes`},
	{"{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", "1234", nil, `the type "|f4" has no known order of bytes`},
	{"{'descr': '', 'fortran_order': False, 'shape': (1,)}", "1234", nil, "the type of the values is empty"},
	{"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "12345678", nil, `values of type "<c8" are not read`},
	{"{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", "1234", nil, `values of type "<U1" are not read`},
	{"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234", nil, "values of several fields are not read"},
	{"{'descr': True, 'fortran_order': False, 'shape': (1,)}", "1", nil, `"descr" in the header is not understood`},
	{"{'descr': '|u1', 'fortran_order': 'yes', 'shape': (1,)}", "1", nil, `"fortran_order" in the header is not understood`},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': 1}", "1", nil, "the header cannot be read at"},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (1 1)}", "1", nil, "the shape (1 1) is none"},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}", "1", nil, "the header cannot be read at"},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}", "1", nil, "is too large"},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "", nil, "is too large"},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (" + strings.Repeat("1,", 65) + ")}", "1", nil, "is none"},
	{"{'descr': '|u1', 'descr': '|u1', 'shape': (1,)}", "1", nil, `"descr" appears twice`},
	{"{'descr': '|u1', 'fortran_order': False}", "1", nil, "wants descr, fortran_order and shape"},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': True}", "1", nil, `"more" in the header is not understood`},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "1", nil, "1 bytes, want 2 for shape (2) of uint8"},
	{"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "123", nil, "3 bytes, want 2 for shape (2) of uint8"},
	{"__import__('os')", "", nil, "the header is no dict"},
	{"{__import__('os'): 1}", "", nil, "the header cannot be read at"},
}

func TestNPY(t *testing.T) {
	for _, c := range npyCases {
		for version := byte(1); version <= 3; version++ {
			a, err := whole(readNPY, npyFile(version, c.dict, c.values))
			switch {
			case c.err != "":
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%.70s: got %v, want %s", c.dict, err, c.err)
				}
			case err != nil:
				t.Errorf("%s: %v", c.dict, err)
			case a.Tensors[0].Name != "arr_0" || cmp.Diff(c.want, a.Tensors[0].Values, bits) != "":
				t.Errorf("%s: got %v", c.dict, a.Tensors[0])
			}
		}
	}
}

func TestNPYHeaders(t *testing.T) {
	good := npyFile(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", "1")
	for n := range len(good) {
		if _, err := whole(readNPY, good[:n]); err == nil {
			t.Errorf("nobody noticed that %d bytes of %d are all", n, len(good))
		}
	}
	huge := append([]byte(npyMagic), 2, 0, 0xff, 0xff, 0xff, 0xff)
	var err error
	if n := allocated(func() { _, err = whole(readNPY, huge) }); n > 1<<20 {
		t.Errorf("%d bytes of memory for a header that is not there", n)
	}
	if err == nil || !strings.Contains(err.Error(), "a header of 4294967295 bytes, at most 65536 are read") {
		t.Errorf("got %v", err)
	}
	if _, err := whole(readNPY, npyFile(4, "", "")); err == nil || !strings.Contains(err.Error(), "version 4 of NumPy's format") {
		t.Errorf("got %v", err)
	}
}

func TestEncodeNPY(t *testing.T) {
	a := &Archive{Tensors: []Tensor{{Name: "a", Shape: []int{1, 2}, Values: odd()}}}
	data := encoded(t, EncodeNPY, a)
	const head = npyMagic + "\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
	if !strings.HasPrefix(string(data), head) || len(data) != 128+8 || data[127] != '\n' {
		t.Errorf("got %q", data)
	}
	got, err := whole(readNPY, data)
	a.Tensors[0].Name = npySingle
	if d := cmp.Diff(a, got, bits); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	if err := EncodeNPY(io.Discard, unsectioned()); err == nil || !strings.Contains(err.Error(), "a .npy file has one array") {
		t.Errorf("got %v", err)
	}
}

// zipped is a zip archive of these files.
func zipped(t testing.TB, method uint16, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f[0], Method: method})
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// array is a .npy file of so many zeros.
func array(n int) string {
	t := Tensor{Shape: []int{n}, Values: make([]byte, n)}
	var b bytes.Buffer
	writeNPY(&b, &t)
	return b.String()
}

func deflated(t testing.TB) []byte {
	return zipped(t, zip.Deflate, [2]string{"layer.0.weight.npy", array(1000)}, [2]string{"b.npy", array(0)})
}

func TestNPZ(t *testing.T) {
	stored := zipped(t, zip.Store, [2]string{"a.npy", array(100)})
	flipped := bytes.Clone(stored)
	flipped[bytes.LastIndex(flipped, []byte("\n"))+50] = 1
	for _, c := range []struct {
		name string
		data []byte
		want string // of the error, "" for none
	}{
		{"deflated", deflated(t), ""},
		{"stored", stored, ""},
		{"flipped bit", flipped, "damaged: the CRC-32 of a is not the one in the file"},
		{"no array", zipped(t, zip.Store, [2]string{"a.npy", array(1)}, [2]string{"b.txt", "b"}), `"b.txt" is no array`},
		{"empty file", zipped(t, zip.Store, [2]string{"a.npy", ""}), "truncated: the file ends in the header of a"},
		{"other content", zipped(t, zip.Store, [2]string{"a.npy", "something else"}), "a: damaged: it is no NumPy array"},
		{"twice", zipped(t, zip.Store, [2]string{"a.npy", array(1)}, [2]string{"a.npy", array(1)}), "a appears twice"},
		{"no name", zipped(t, zip.Store, [2]string{".npy", array(1)}), "a tensor has no name"},
		{"unprintable name", zipped(t, zip.Store, [2]string{"a\nb.npy", "something else"}), "characters that cannot be printed"},
		{"too long", zipped(t, zip.Store, [2]string{"a.npy", array(1) + "x"}), "2 bytes, want 1"},
		{"pickled", zipped(t, zip.Store, [2]string{"a.npy", string(npyFile(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "x"))}), "a: values are Python objects (|O)"},
		{"bad notes", zipped(t, zip.Store, [2]string{"__meta__.npy", array(3)}), "damaged: __meta__"},
		{"bomb", zipped(t, zip.Deflate, [2]string{"a.npy", array(npzFree + 1)}), "the arrays unfold to more than 67108864 bytes"},
		{"overlap", overlapping(), "damaged: two files overlap"},
		{"method", method(t), "is compressed by method 12"},
	} {
		_, err := whole(readNPZ, c.data)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// overlapping has the same file under two names.
func overlapping() []byte {
	content := array(100)
	var local, central []byte
	for _, name := range []string{"a.npy", "b.npy"} {
		fields := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(content)))
		fields = binary.LittleEndian.AppendUint32(fields, uint32(len(content)))
		fields = binary.LittleEndian.AppendUint32(fields, uint32(len(content)))
		fields = append(fields, 5, 0, 0, 0)
		if local == nil {
			local = append([]byte("PK\x03\x04\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"), fields...)
			local = append(append(local, name...), content...)
		}
		central = append(central, "PK\x01\x02\x0a\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
		central = append(central, fields...)
		central = append(central, make([]byte, 14)...)
		central = append(central, name...)
	}
	end := append([]byte("PK\x05\x06"), 0, 0, 0, 0, 2, 0, 2, 0)
	end = binary.LittleEndian.AppendUint32(end, uint32(len(central)))
	end = binary.LittleEndian.AppendUint32(end, uint32(len(local)))
	return bytes.Join([][]byte{local, central, append(end, 0, 0)}, nil)
}

// method has a file that is compressed in another way.
func method(t *testing.T) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.CreateRaw(&zip.FileHeader{Name: "a.npy", Method: 12}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLoadTellsFormats wants each format to be recognised by its content, from a
// file of any name.
func TestLoadTellsFormats(t *testing.T) {
	tensors := []Tensor{{Name: "arr_0", Shape: []int{1}, Values: []float32{2}}}
	for name, c := range map[string]struct {
		data []byte
		err  string
	}{
		"gob":           {encode(t, &Archive{Tensors: tensors}), ""},
		"safetensors":   {encoded(t, safetensorsAs(), &Archive{Tensors: tensors}), ""},
		"npz":           {encoded(t, EncodeNPZ, &Archive{Tensors: tensors}), ""},
		"npy":           {encoded(t, EncodeNPY, &Archive{Tensors: tensors}), ""},
		"onnx":          {onnxModel(onnxTensorOf("arr_0", 1, []int64{1}).bytes(9, []byte{0, 0, 0, 0x40})), ""},
		"another zip":   {zipped(t, zip.Store, [2]string{"a.txt", ""}), "it looks like a zip archive"},
		"another thing": {[]byte("\x00\x01\x02"), "it is of an unknown format: " + wanted},
	} {
		path := filepath.Join(t.TempDir(), "file")
		writeFile(t, path, c.data)
		got, err := Load(path)
		p := model(t, 0, shapes{{"arr_0", []int{1}}})
		_, errInto := LoadInto(path, p)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || errInto == nil || errInto.Error() != err.Error() {
				t.Errorf("%s: got %v and %v, want %s", name, err, errInto, c.err)
			}
		case err != nil || errInto != nil:
			t.Errorf("%s: %v, %v", name, err, errInto)
		default:
			if d := cmp.Diff(tensors, got.Tensors); d != "" || value(t, p, "arr_0")[0] != 2 {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}
