package dataset

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cifarRecords returns records whose labels are given and whose pixels count on
// from start.
func cifarRecords(start int, labels ...[]uint8) []uint8 {
	var out []uint8
	for i, l := range labels {
		out = append(out, l...)
		for j := range cifarImage {
			out = append(out, uint8(start+7*i+j))
		}
	}
	return out
}

// cifar10Files is a set of two images in each training batch and three to test.
func cifar10Files() map[string][]uint8 {
	files := map[string][]uint8{
		"test_batch.bin":   cifarRecords(99, []uint8{9}, []uint8{8}, []uint8{7}),
		"batches.meta.txt": []uint8(strings.Join(cifar10Classes, "\n") + "\n\n"),
	}
	for i := range 5 {
		files[fmt.Sprintf("data_batch_%d.bin", i+1)] = cifarRecords(20*i, []uint8{uint8(i)}, []uint8{uint8(9 - i)})
	}
	return files
}

func cifar100Files() map[string][]uint8 {
	return map[string][]uint8{
		"train.bin": cifarRecords(1, []uint8{0, 99}, []uint8{19, 5}),
		"test.bin":  cifarRecords(2, []uint8{3, 42}),
	}
}

// entry is a member of an archive.
type entry struct {
	name string
	kind byte
	data []uint8
}

func tarGz(entries ...entry) []uint8 {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o644, Size: int64(len(e.data))}
		if e.kind == tar.TypeSymlink {
			h.Linkname, h.Size = string(e.data), 0
		}
		_ = w.WriteHeader(h)
		if h.Size > 0 {
			_, _ = w.Write(e.data)
		}
	}
	_ = w.Close()
	return gzipped(buf.Bytes())
}

// archive packs files into a folder, in reverse order of their names.
func archive(folder string, files map[string][]uint8) []uint8 {
	entries := []entry{{folder + "/", tar.TypeDir, nil}}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.Reverse(names)
	for _, name := range names {
		entries = append(entries, entry{folder + "/" + name, tar.TypeReg, files[name]})
	}
	entries = append(entries, entry{folder + "/readme.html", tar.TypeReg, []uint8("<html>")})
	return tarGz(entries...)
}

func prefixed(folder string, files map[string][]uint8) map[string][]uint8 {
	out := map[string][]uint8{}
	for name, data := range files {
		out[folder+"/"+name] = data
	}
	return out
}

func TestOpenCIFAR10(t *testing.T) {
	files := cifar10Files()
	packed := map[string][]uint8{"cifar-10-binary.tar.gz": archive("cifar-10-batches-bin", files)}
	for name, path := range map[string]string{
		"folder":           writeFiles(t, files),
		"folder above":     writeFiles(t, prefixed("cifar-10-batches-bin", files)),
		"folder of tar.gz": writeFiles(t, packed),
		"tar.gz":           filepath.Join(writeFiles(t, packed), "cifar-10-binary.tar.gz"),
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Open("cifar10:"+path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d.Train.Len() != 10 || d.Val.Len() != 3 || !slices.Equal(d.Train.Classes(), cifar10Classes) {
				t.Fatalf("%d and %d images of %q", d.Train.Len(), d.Val.Len(), d.Train.Classes())
			}
			if c, h, w := d.Val.Shape(); c != 3 || h != 32 || w != 32 {
				t.Errorf("shape (%d, %d, %d)", c, h, w)
			}
			var labels []int
			var m Image
			for i := range d.Train.Len() {
				label, err := d.Train.Get(i, &m)
				if err != nil {
					t.Fatal(err)
				}
				if want := cifarRecords(20*(i/2)+7*(i%2), []uint8{0})[1:]; !slices.Equal(m.Pix, want) {
					t.Errorf("image %d: pixels %v..., want %v...", i, m.Pix[:4], want[:4])
				}
				labels = append(labels, label)
			}
			if want := []int{0, 9, 1, 8, 2, 7, 3, 6, 4, 5}; !slices.Equal(labels, want) {
				t.Errorf("labels %v, want %v", labels, want)
			}
		})
	}
}

func TestOpenCIFAR100(t *testing.T) {
	files := cifar100Files()
	names := slices.Clone(cifar100Classes)
	names[99] = "other"
	named := map[string][]uint8{"fine_label_names.txt": []uint8(strings.Join(names, "\r\n"))}
	for name, data := range files {
		named[name] = data
	}
	for _, c := range []struct {
		name, path, class string
	}{
		{"without names", writeFiles(t, files), "worm"},
		{"with names", writeFiles(t, named), "other"},
		{"tar.gz", writeFiles(t, map[string][]uint8{"cifar-100-binary.tar.gz": archive("cifar-100-binary", named)}), "other"},
	} {
		d, err := Open("cifar100:"+c.path, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var m Image
		label, err := d.Train.Get(0, &m) // the fine label counts
		if err != nil || label != 99 || d.Train.Classes()[label] != c.class {
			t.Errorf("%s: label %d (%q), %v; want 99 (%q)", c.name, label, d.Train.Classes()[label], err, c.class)
		}
		if d.Train.Len() != 2 || d.Val.Len() != 1 || len(d.Val.Classes()) != 100 {
			t.Errorf("%s: %d and %d images", c.name, d.Train.Len(), d.Val.Len())
		}
	}
	if !slices.IsSorted(cifar100Classes) || len(slices.Compact(slices.Clone(cifar100Classes))) != 100 {
		t.Error("the class names are not 100 in alphabetical order")
	}
}

func TestOpenCIFARErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(files map[string][]uint8)
		want   string
	}{
		{"truncated", func(f map[string][]uint8) { f["data_batch_3.bin"] = f["data_batch_3.bin"][:4000] },
			"data_batch_3.bin: 4000 bytes is not a whole number of records of 3073"},
		{"empty", func(f map[string][]uint8) { f["test_batch.bin"] = nil }, "test_batch.bin: 0 bytes is not"},
		{"missing", func(f map[string][]uint8) { delete(f, "data_batch_5.bin") }, "data_batch_5.bin is missing"},
		{"label", func(f map[string][]uint8) { f["test_batch.bin"][3073] = 10 }, "test_batch.bin: label 10: want less than 10"},
		{"names", func(f map[string][]uint8) { f["batches.meta.txt"] = []uint8("cat\ndog\n") }, "batches.meta.txt: 2 names, want 10"},
		{"nothing", func(f map[string][]uint8) { clear(f) }, "holds neither test_batch.bin nor cifar-10-batches-bin nor cifar-10-binary.tar.gz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := cifar10Files()
			c.change(files)
			_, err := Open("cifar10:"+writeFiles(t, files), Options{})
			wantError(t, err, c.want)
		})
	}
}

func TestReadTarGzHostile(t *testing.T) {
	good := tarGz(entry{"d/test.bin", tar.TypeReg, counting(5000)})
	huge := tarHeader(t, "d/test.bin", maxCIFARFile+1)
	for _, c := range []struct {
		name string
		data []uint8
		want string
	}{
		{"parent", tarGz(entry{"../../etc/test.bin", tar.TypeReg, counting(9)}), `entry "../../etc/test.bin" leads out of the archive`},
		{"hidden parent", tarGz(entry{"d/../../test.bin", tar.TypeReg, counting(9)}), "leads out of the archive"},
		{"absolute", tarGz(entry{"/test.bin", tar.TypeReg, counting(9)}), "leads out of the archive"},
		{"backslash", tarGz(entry{`..\test.bin`, tar.TypeReg, counting(9)}), "leads out of the archive"},
		{"twice", tarGz(entry{"a/test.bin", tar.TypeReg, counting(9)}, entry{"b/test.bin", tar.TypeReg, counting(9)}), "test.bin is in the archive twice"},
		{"huge", gzipped(huge), "test.bin: 268435457 bytes: the limit is 268435456"},
		{"large promise", gzipped(tarHeader(t, "d/test.bin", maxCIFARFile)), "test.bin: 0 bytes of 268435456: the file ends too early"},
		{"truncated", good[:len(good)-60], "the file ends too early"},
		{"empty", nil, "the file ends too early"},
		{"no gzip", []uint8("hello, world, hello"), "gzip: invalid header"},
		{"no tar", gzipped(bytes.Repeat([]uint8("x"), 1024)), "archive/tar: invalid tar header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readTarGzFrom(bytes.NewReader(c.data), []string{"test.bin"})
			wantError(t, err, c.want)
		})
	}
	// A link is not followed: the file counts as missing.
	files, err := readTarGzFrom(bytes.NewReader(tarGz(entry{"test.bin", tar.TypeSymlink, []uint8("/etc/passwd")})), []string{"test.bin"})
	if err != nil || len(files) != 0 {
		t.Errorf("a link: %d files, %v", len(files), err)
	}
}

// tarHeader returns the header of a member whose data does not follow.
func tarHeader(t testing.TB, name string, size int64) []uint8 {
	t.Helper()
	var buf bytes.Buffer
	if err := tar.NewWriter(&buf).WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: size}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func FuzzCIFAR(f *testing.F) {
	f.Add(cifarRecords(0, []uint8{3}), false)
	f.Add(cifarRecords(0, []uint8{3, 4}, []uint8{5, 6}), true)
	f.Add([]uint8{1, 2, 3}, false)
	f.Fuzz(func(t *testing.T, file []uint8, fine bool) {
		layout, classes := cifar10Layout, cifar10Classes
		if fine {
			layout, classes = cifar100Layout, cifar100Classes
		}
		d, err := layout.split(map[string][]uint8{"f": file}, []string{"f"}, classes)
		if err != nil {
			return
		}
		var again []uint8
		var m Image
		for i := range d.Len() {
			label, err := d.Get(i, &m)
			if err != nil {
				t.Fatal(err)
			}
			if fine {
				again = append(again, file[len(again)]) // the coarse label
			}
			again = append(append(again, uint8(label)), m.Pix...)
		}
		if !bytes.Equal(again, file) {
			t.Errorf("%d images of a file of %d bytes", d.Len(), len(file))
		}
	})
}

func FuzzTar(f *testing.F) {
	f.Add(tarGz(entry{"d/", tar.TypeDir, nil}, entry{"d/test.bin", tar.TypeReg, counting(700)}))
	f.Add(tarGz(entry{"../test.bin", tar.TypeReg, counting(7)}))
	f.Add(gzipped(tarHeader(f, "test.bin", 1<<20)))
	f.Add([]uint8{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, file []uint8) {
		files, err := readTarGzFrom(bytes.NewReader(file), []string{"test.bin"})
		if err == nil && len(files) > 1 {
			t.Errorf("%d files of one name", len(files))
		}
		// The same bytes without compression, which a fuzzer cannot forge.
		_, _ = readTarGzFrom(bytes.NewReader(gzipped(file)), []string{"test.bin"})
	})
}

func TestOpenCIFARNeedsFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	_, err := Open("cifar10:"+missing, Options{})
	wantError(t, err, missing+": want a folder or cifar-10-binary.tar.gz, found nothing")
	if err := os.WriteFile(missing, []byte("not an archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open("cifar10:"+missing, Options{})
	wantError(t, err, missing+": gzip: invalid header")
}
