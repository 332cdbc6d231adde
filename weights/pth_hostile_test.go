package weights

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lying is a tensor of which a pickle may say anything.
type lying struct {
	name, key, class string
	count, offset    int
	dims, strides    []int
}

// honest is a tensor of three numbers, the storage 0.
var honest = lying{"a", "0", "FloatStorage", 3, 0, []int{3}, []int{1}}

// with returns a changed tensor.
func (l lying) with(change func(*lying)) lying {
	change(&l)
	return l
}

// pickleOf is the pickle of a dict of tensors.
func pickleOf(list ...lying) string {
	var p pickler
	p.op(0x80, 2, '}')
	for _, l := range list {
		p.text(l.name)
		p.global("torch._utils", "_rebuild_tensor")
		p.op('(', '(')
		p.text("storage")
		p.global("torch", l.class)
		p.text(l.key)
		p.text("cpu")
		p.signed(l.count)
		p.op('t', 'Q')
		p.signed(l.offset)
		for _, list := range [][]int{l.dims, l.strides} {
			p.op('(')
			for _, n := range list {
				p.signed(n)
			}
			p.op('t')
		}
		p.op('t', 'R', 's')
	}
	p.op('.')
	return string(p.data)
}

// signed writes any number.
func (p *pickler) signed(n int) {
	if n >= 0 {
		p.int(n)
		return
	}
	p.op(0x8a, 8)
	for i := range 8 {
		p.op(byte(n >> (8 * i)))
	}
}

// floats are the bytes of n numbers.
func floats(n int) string {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	return string(bytesOf(v))
}

// torchFile is a checkpoint with one storage, which has three numbers.
func torchFile(t testing.TB, pickle string) []byte {
	return zipped(t, zip.Store, [2]string{"a/data.pkl", pickle}, [2]string{"a/data/0", floats(3)})
}

func TestHostileTensors(t *testing.T) {
	const beyond = "reaches beyond the 3 numbers of its storage"
	for _, c := range []struct {
		name string
		list []lying
		want string
	}{
		{"missing", []lying{honest.with(func(l *lying) { l.key = "1" })}, "damaged: a/data/1 is missing"},
		{"outside", []lying{honest.with(func(l *lying) { l.key = "../data.pkl" })}, "damaged: a/data/../data.pkl is missing"},
		{"count", []lying{honest.with(func(l *lying) { l.count = 4 })}, "damaged: a/data/0 has 12 bytes, the pickle announces 16"},
		{"type", []lying{honest.with(func(l *lying) { l.class = "DoubleStorage" })}, "damaged: a/data/0 has 12 bytes, the pickle announces 24"},
		{"negative count", []lying{honest.with(func(l *lying) { l.count = -3 })}, "damaged: storage 0 is announced with -3 numbers"},
		{"huge count", []lying{honest.with(func(l *lying) { l.count = math.MaxInt })}, "damaged: storage 0 is announced with "},
		{"two counts", []lying{honest, honest.with(func(l *lying) { l.name, l.count = "b", 4 })}, "damaged: storage 0 is announced with 12 and with 16 bytes"},
		{"offset", []lying{honest.with(func(l *lying) { l.offset = 1 })}, beyond},
		{"negative offset", []lying{honest.with(func(l *lying) { l.offset = -1 })}, beyond},
		{"huge offset", []lying{honest.with(func(l *lying) { l.offset = math.MaxInt })}, beyond},
		{"size", []lying{honest.with(func(l *lying) { l.dims = []int{4} })}, beyond},
		{"stride", []lying{honest.with(func(l *lying) { l.strides = []int{2} })}, beyond},
		{"huge stride", []lying{honest.with(func(l *lying) { l.strides = []int{math.MaxInt} })}, beyond},
		{"strides that overflow", []lying{honest.with(func(l *lying) { l.dims, l.strides = []int{3, 3}, []int{math.MaxInt / 2, math.MaxInt / 2} })}, beyond},
		{"negative stride", []lying{honest.with(func(l *lying) { l.strides = []int{-1} })}, "no number from 0 on"},
		{"negative size", []lying{honest.with(func(l *lying) { l.dims = []int{-1} })}, "no number from 0 on"},
		{"sizes that overflow", []lying{honest.with(func(l *lying) { l.dims, l.strides = []int{1 << 30, 1 << 30, 1 << 30}, []int{0, 0, 0} })}, "is too large"},
		{"ranks", []lying{honest.with(func(l *lying) { l.strides = []int{1, 1} })}, "with arguments that it does not take"},
		{"many sizes", []lying{honest.with(func(l *lying) { l.dims = make([]int, 65) })}, "no tuple of at most 64 sizes"},
		{"expanded", []lying{honest.with(func(l *lying) { l.dims, l.strides = []int{1 << 26}, []int{0} })}, `the tensors up to "a" take more than 8 times`},
		{"name", []lying{honest.with(func(l *lying) { l.name = "a\nb" })}, "cannot be printed"},
		{"no name", []lying{honest.with(func(l *lying) { l.name = "" })}, "a tensor has no name"},
	} {
		_, err := readCheckpoint(torchFile(t, pickleOf(c.list...)))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := readCheckpoint(torchFile(t, pickleOf(honest))); err != nil {
		t.Error(err)
	}
}

// TestRepeatedStorage reads many tensors of one storage, up to the limit.
func TestRepeatedStorage(t *testing.T) {
	const n, count = 1000, 100_000
	file := func(strides ...int) []byte {
		var list []lying
		for i := range n {
			list = append(list, lying{fmt.Sprint(i), "0", "FloatStorage", count, 0, []int{count / 2}, strides})
		}
		return zipped(t, zip.Store, [2]string{"data.pkl", pickleOf(list...)}, [2]string{"data/0", floats(count)})
	}
	for _, stride := range []int{1, 2} {
		data := file(stride)
		taken := allocated(func() {
			if _, err := readCheckpoint(data); err == nil || !strings.Contains(err.Error(), "they repeat the same numbers too often") {
				t.Errorf("stride %d: got %v", stride, err)
			}
		})
		if taken > uint64(16*len(data)) {
			t.Errorf("%d bytes are taken for a file of %d", taken, len(data))
		}
	}
}

// v3 is a pickle of a tensor whose storage has no type.
const v3 = "\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v3\n((X\x07\x00\x00\x00storagectorch.storage\nUntypedStorage\n" +
	"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x0ctQK\x01(K\x02t(K\x01t\x89Nctorch\n%s\ntRs."

func TestUntypedStorage(t *testing.T) {
	a, err := readCheckpoint(torchFile(t, fmt.Sprintf(v3, "uint32")))
	if err != nil {
		t.Fatal(err)
	}
	want := []uint64{0x3f800000, 0x40000000} // 1 and 2
	if d := cmp.Diff(want, a.Tensors[0].Values); d != "" {
		t.Error(d)
	}
	_, err = readCheckpoint(torchFile(t, fmt.Sprintf(v3, "uint64")))
	if err == nil || !strings.Contains(err.Error(), "reaches beyond the 1 numbers of its storage") {
		t.Errorf("got %v", err)
	}
}

func TestNegatedTensor(t *testing.T) {
	pickle := "\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n" +
		"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x03tQK\x00(K\x02t(K\x01t\x89N}X\x03\x00\x00\x00neg\x88stRs."
	_, err := readCheckpoint(torchFile(t, pickle))
	if want := "pickle has a tensor whose values are to be negated or conjugated: save a clone of it"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// content returns the files of an archive.
func content(t testing.TB, data []byte) (files [][2]string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, [2]string{f.Name, string(text)})
	}
	return files
}

// TestDeflatedCheckpoint reads a checkpoint that somebody has packed again.
func TestDeflatedCheckpoint(t *testing.T) {
	data := fixture(t, "views.pth")
	want, err := readCheckpoint(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readCheckpoint(zipped(t, zip.Deflate, content(t, data)...))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, bits); d != "" {
		t.Error(d)
	}
}

func TestHostileZips(t *testing.T) {
	pickle, storage := [2]string{"a/data.pkl", pickleOf(honest)}, [2]string{"a/data/0", floats(3)}
	zeros := 100 << 20 / 4
	bomb := honest.with(func(l *lying) { l.count, l.dims = zeros, []int{zeros} })
	stored := zipped(t, zip.Store, pickle, storage)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"other zip", zipped(t, zip.Store, [2]string{"a.txt", "a"}), "it looks like a zip archive that is no PyTorch checkpoint: there is no data.pkl in it"},
		{"TorchScript", zipped(t, zip.Store, pickle, storage, [2]string{"a/constants.pkl", ""}), "it looks like a TorchScript program"},
		{"big-endian", zipped(t, zip.Store, pickle, storage, [2]string{"a/byteorder", "big"}), `its numbers are of byte order "big", this program reads little`},
		{"long order", zipped(t, zip.Store, pickle, storage, [2]string{"a/byteorder", strings.Repeat("big", 10)}), "a/byteorder has 30 bytes, at most 16 are read"},
		{"twice", zipped(t, zip.Store, pickle, storage, storage), "damaged: the zip archive has a/data/0 twice"},
		{"no pickle", zipped(t, zip.Store, [2]string{"data.pkl", ""}), "truncated: the pickle ends after 0 bytes"},
		{"bomb", zipped(t, zip.Deflate, [2]string{"data.pkl", pickleOf(bomb)}, [2]string{"data/0", strings.Repeat("\x00", 4*zeros)}), "more than the file has"},
		{"large pickle", zipped(t, zip.Deflate, [2]string{"data.pkl", strings.Repeat("N", pickleLimit+1)}), "data.pkl has 16777217 bytes, at most 16777216 are read"},
		{"method", bytes.ReplaceAll(zipped(t, zip.Deflate, pickle, storage), []byte("\x08\x00\x08\x00"), []byte("\x08\x00\x0c\x00")), "is compressed with method 12"},
		{"encrypted", bytes.ReplaceAll(stored, []byte("PK\x01\x02\x14\x00\x14\x00\x08"), []byte("PK\x01\x02\x14\x00\x14\x00\x09")), "is encrypted"},
		{"cut", stored[:len(stored)-30], "it looks like a zip archive, but is truncated or damaged: zip: not a valid zip file"},
		{"changed", bytes.Replace(stored, []byte(floats(3)), []byte(floats(3)[:11]+"x"), 1), "damaged: the CRC-32 of a is not the one in the file"},
		{"overlapping", overlappingStorages(t), "damaged: a/data/0 and a/data/1 overlap"},
	} {
		_, err := readCheckpoint(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// overlappingStorages is a checkpoint with two storages whose bytes are the same.
func overlappingStorages(t *testing.T) []byte {
	pickle := pickleOf(honest, honest.with(func(l *lying) { l.name, l.key = "b", "1" }))
	data := zipped(t, zip.Store, [2]string{"a/data.pkl", pickle}, [2]string{"a/data/0", floats(3)}, [2]string{"a/data/1", floats(3)})
	directory := bytes.Index(data, []byte("PK\x01\x02"))
	at := func(name string) []byte { // where the directory says that a file begins
		i := directory + bytes.Index(data[directory:], []byte(name))
		return data[i-4 : i]
	}
	copy(at("a/data/1"), at("a/data/0"))
	return data
}

// TestPartlyUsedStorage finds damage where no tensor lies, too, and reads files
// without checksums.
func TestPartlyUsedStorage(t *testing.T) {
	pickle := pickleOf(honest.with(func(l *lying) { l.dims = []int{2} }))
	data := torchFile(t, pickle)
	at := bytes.Index(data, []byte(floats(3)))
	data[at+11]++
	if _, err := readCheckpoint(data); err == nil || err.Error() != "damaged: the CRC-32 of a is not the one in the file" {
		t.Errorf("got %v", err)
	}
	if _, err := readCheckpoint(unsummed(t, [2]string{"data.pkl", pickle}, [2]string{"data/0", floats(3)})); err != nil {
		t.Error(err)
	}
}

// unsummed is a zip archive without checksums, as PyTorch can write it.
func unsummed(t testing.TB, files ...[2]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		size := uint64(len(f[1]))
		w, err := z.CreateRaw(&zip.FileHeader{Name: f[0], CompressedSize64: size, UncompressedSize64: size})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostileLegacy(t *testing.T) {
	data := fixture(t, "cuda_old.pth")
	for _, c := range []struct {
		name, from, to string
		want           string
	}{
		{"magic", "\x50\x19.", "\x51\x19.", "it looks like a Python pickle that is no PyTorch checkpoint"},
		{"version", "M\xe9\x03.", "M\xea\x03.", "a PyTorch checkpoint of another version than 1001 of its format"},
		{"big-endian", "little_endian", "little_endian", `its numbers are of byte order "big", this program reads little`},
		{"count", "\x02\x00\x00\x00\x00\x00\x00\x00", "\x03\x00\x00\x00\x00\x00\x00\x00", "has 3 numbers, the pickle announces 2"},
	} {
		changed := bytes.Replace(data, []byte(c.from), []byte(c.to), 1)
		if c.name == "big-endian" {
			i := bytes.Index(changed, []byte(c.from)) + len(c.from)
			changed[i+bytes.IndexByte(changed[i:], 0x88)] = 0x89 // True becomes False
		}
		if _, err := readCheckpoint(changed); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// FuzzPTH wants of any file what fuzz does.
func FuzzPTH(f *testing.F) {
	seeds := [][]byte{
		unsummed(f, [2]string{"data.pkl", pickleOf(honest)}, [2]string{"data/0", floats(3)}),
		unsummed(f, content(f, fixture(f, "views.pth"))...),
		zipped(f, zip.Deflate, content(f, fixture(f, "kinds.pth"))...),
	}
	for name := range checkpoints(f) {
		seeds = append(seeds, fixture(f, name))
	}
	read := func(file io.ReaderAt, size int64) (*contents, error) {
		var head [4]byte
		file.ReadAt(head[:], 0)
		if torchZip(head[:]) {
			return readTorchZip(file, size)
		}
		return readPickled(file, size)
	}
	fuzz(f, read, seeds...)
}
