package dataset

import (
	"bytes"
	"compress/gzip"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// idx returns a file of bytes with the given dimensions.
func idx(data []uint8, dims ...uint32) []uint8 {
	out := []uint8{0, 0, 8, uint8(len(dims))}
	for _, d := range dims {
		out = append(out, uint8(d>>24), uint8(d>>16), uint8(d>>8), uint8(d))
	}
	return append(out, data...)
}

func gzipped(data []uint8) []uint8 {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = z.Write(data)
	_ = z.Close()
	return buf.Bytes()
}

// counting returns the bytes 0, 1, 2 ... n-1.
func counting(n int) []uint8 {
	data := make([]uint8, n)
	for i := range data {
		data[i] = uint8(i)
	}
	return data
}

// writeFiles writes files into a new folder.
func writeFiles(t testing.TB, files map[string][]uint8) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wantError checks that err says want, and says it in one line.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want %q in one line", err, want)
	}
}

func TestReadIDX(t *testing.T) {
	for _, c := range []struct {
		name string
		data []uint8
		dims int
		want string // error
	}{
		{"images", idx(counting(2*3*5), 2, 3, 5), 3, ""},
		{"labels", idx(counting(7), 7), 1, ""},
		{"empty", nil, 1, "idx header: the file ends too early"},
		{"no dimensions", idx(nil)[:4], 1, "idx header begins with 00 00 08 00, want 00 00 08 01"},
		{"short header", idx(nil, 7)[:6], 1, "idx header: the file ends too early"},
		{"labels for images", idx(counting(7), 7), 3, "want 00 00 08 03 (bytes in 3 dimensions)"},
		{"floats", append([]uint8{0, 0, 0x0d, 1}, idx(nil, 7)[4:]...), 1, "begins with 00 00 0d 01"},
		{"PNG", []uint8(pngMagic), 3, "begins with 89 50 4e 47"},
		{"zero", idx(nil, 4, 0, 5), 3, "dimension 1 is zero"},
		{"truncated", idx(counting(29), 2, 3, 5), 3, "29 bytes of 30: the file ends too early"},
		{"too long", idx(counting(31), 2, 3, 5), 3, "more than the 30 bytes expected"},
		{"promises all", idx(counting(31), math.MaxUint32, math.MaxUint32, math.MaxUint32), 3, "promises more than 2147483648 bytes"},
		{"promises much", idx(counting(31), 65536, 181, 181), 3, "31 bytes of 2147024896: the file ends too early"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			shape, data, err := readIDX(bytes.NewReader(c.data), c.dims)
			runtime.ReadMemStats(&after)
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 8<<20 {
				t.Errorf("took %d bytes of memory for a file of %d", taken, len(c.data))
			}
			if c.want != "" {
				wantError(t, err, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if again := idx(data, asUint32(shape)...); !bytes.Equal(again, c.data) {
				t.Errorf("shape %v and %d bytes", shape, len(data))
			}
		})
	}
}

func asUint32(shape []int) (dims []uint32) {
	for _, d := range shape {
		dims = append(dims, uint32(d))
	}
	return dims
}

// A read that takes memory in steps gives the same as one that takes it at once.
func TestReadExactly(t *testing.T) {
	for _, n := range []int{0, 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3<<20 + 7} {
		want := counting(n)
		got, err := readExactly(bytes.NewReader(want), int64(n))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
}

// mnistFiles is a small set: 4 images for training, 2 for testing, of 3x5.
func mnistFiles() map[string][]uint8 {
	return map[string][]uint8{
		"train-images-idx3-ubyte": idx(counting(4*15), 4, 3, 5),
		"train-labels-idx1-ubyte": idx([]uint8{7, 0, 9, 3}, 4),
		"t10k-images-idx3-ubyte":  idx(counting(2*15), 2, 3, 5),
		"t10k-labels-idx1-ubyte":  idx([]uint8{1, 2}, 2),
	}
}

func TestOpenMNIST(t *testing.T) {
	plain := mnistFiles()
	packed, torch := map[string][]uint8{}, map[string][]uint8{}
	for name, data := range plain {
		packed[name+".gz"] = gzipped(data)
		torch["MNIST/raw/"+name] = data
	}
	for name, files := range map[string]map[string][]uint8{"plain": plain, "gz": packed, "torchvision's folder": torch} {
		t.Run(name, func(t *testing.T) {
			d, err := Open("mnist:"+writeFiles(t, files), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d.Train.Len() != 4 || d.Val.Len() != 2 || len(d.Train.Classes()) != 10 {
				t.Fatalf("%d and %d images of %d classes", d.Train.Len(), d.Val.Len(), len(d.Train.Classes()))
			}
			if c, h, w := d.Train.Shape(); c != 1 || h != 3 || w != 5 {
				t.Errorf("shape (%d, %d, %d), want (1, 3, 5)", c, h, w)
			}
			var m Image
			label, err := d.Train.Get(2, &m)
			if err != nil || label != 9 || !slices.Equal(m.Pix, counting(45)[30:]) {
				t.Errorf("image 2: label %d, pixels %v, %v", label, m.Pix, err)
			}
			for _, i := range []int{-1, 4} {
				if _, err := d.Train.Get(i, &m); err == nil {
					t.Errorf("image %d: no error", i)
				}
			}
		})
	}
}

func TestOpenMNISTErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(files map[string][]uint8)
		want   string
	}{
		{"missing", func(f map[string][]uint8) { delete(f, "t10k-images-idx3-ubyte") },
			"t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz is missing"},
		{"count", func(f map[string][]uint8) { f["t10k-labels-idx1-ubyte"] = idx([]uint8{1}, 1) },
			"2 images and 1 labels"},
		{"label", func(f map[string][]uint8) { f["t10k-labels-idx1-ubyte"] = idx([]uint8{1, 10}, 2) },
			"label 10 of image 1: want less than 10"},
		{"truncated gz", func(f map[string][]uint8) {
			z := gzipped(f["train-images-idx3-ubyte"])
			delete(f, "train-images-idx3-ubyte")
			f["train-images-idx3-ubyte.gz"] = z[:len(z)-12]
		}, "train-images-idx3-ubyte.gz: "},
		{"damaged gz", func(f map[string][]uint8) {
			z := gzipped(f["train-images-idx3-ubyte"])
			z[len(z)-5] ^= 1 // in the checksum
			delete(f, "train-images-idx3-ubyte")
			f["train-images-idx3-ubyte.gz"] = z
		}, "gzip: invalid checksum"},
		{"no gz", func(f map[string][]uint8) {
			f["train-images-idx3-ubyte.gz"] = f["train-images-idx3-ubyte"]
			delete(f, "train-images-idx3-ubyte")
		}, "gzip: invalid header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := mnistFiles()
			c.change(files)
			_, err := Open("mnist:"+writeFiles(t, files), Options{})
			wantError(t, err, c.want)
		})
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(idx(counting(30), 2, 3, 5))
	f.Add(idx(counting(7), 7))
	f.Add(idx(counting(9), math.MaxUint32, 2, 1<<30))
	f.Add([]uint8{})
	f.Fuzz(func(t *testing.T, file []uint8) {
		for _, dims := range []int{1, 3} {
			shape, data, err := readIDX(bytes.NewReader(file), dims)
			if err == nil && !bytes.Equal(idx(data, asUint32(shape)...), file) {
				t.Errorf("shape %v and %d bytes of a file of %d", shape, len(data), len(file))
			}
		}
	})
}
