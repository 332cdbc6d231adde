package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// onePixel returns a PNG file of one pixel of that grey level.
func onePixel(level uint8) []uint8 {
	img := image.NewGray(image.Rect(0, 0, 1, 1))
	img.SetGray(0, 0, color.Gray{Y: level})
	var buf bytes.Buffer
	_ = png.Encode(&buf, img)
	return buf.Bytes()
}

// level returns the grey level of image i, and its label.
func level(t *testing.T, d Dataset, i int) (level uint8, label int) {
	t.Helper()
	var m Image
	label, err := d.Get(i, &m)
	if err != nil {
		t.Fatal(err)
	}
	return m.Pix[0], label
}

// The order is what torchvision 0.14's ImageFolder gives for these names.
func TestImageFolderOrder(t *testing.T) {
	names := []string{
		"train/Zebra/1.png",
		"train/ape/10.png", "train/ape/2.JPG", "train/ape/B.png", "train/ape/a.Jpeg",
		"train/ape/sub/0.png", "train/ape/sub/9.png", "train/ape/sub-a/1.png",
		"train/ape/sub/x/0.png",
		"train/bee/é.png", "train/bee/z.png",
	}
	want := []string{
		"train/Zebra/1.png",
		"train/ape/10.png", "train/ape/2.JPG", "train/ape/B.png", "train/ape/a.Jpeg",
		"train/ape/sub/0.png", "train/ape/sub/9.png",
		"train/ape/sub-a/1.png", "train/ape/sub/x/0.png", // folders as strings: '-' before '/'
		"train/bee/z.png", "train/bee/é.png",
	}

	files := map[string][]uint8{
		"train/ape/notes.txt": []uint8("x"), "train/readme": nil, "train/.cache/1.png": onePixel(9),
		"train/bee/old.bmp": nil, "train/bee/new.webp": nil,
		"val/bee/1.png": onePixel(200),
	}
	for i, name := range names {
		files[name] = onePixel(uint8(i))
	}
	dir := writeFiles(t, files)
	var log bytes.Buffer
	d, err := Open("imagefolder:"+dir, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	train := d.Train.(*ImageFolder)
	if want := []string{"Zebra", "ape", "bee"}; !slices.Equal(train.Classes(), want) || !slices.Equal(d.Val.Classes(), want) {
		t.Errorf("classes %q and %q, want %q", train.Classes(), d.Val.Classes(), want)
	}
	if train.Len() != len(want) {
		t.Fatalf("%d images, want %d", train.Len(), len(want))
	}
	for i, name := range want {
		rel, err := filepath.Rel(dir, train.Path(i))
		if err != nil {
			t.Fatal(err)
		}
		got, label := level(t, train, i)
		class := strings.Split(name, "/")[1]
		if filepath.ToSlash(rel) != name || got != uint8(slices.Index(names, name)) || train.Classes()[label] != class {
			t.Errorf("image %d is %s (level %d, class %s), want %s", i, rel, got, train.Classes()[label], name)
		}
	}
	if v, label := level(t, d.Val, 0); v != 200 || label != 2 {
		t.Errorf("validation: level %d, label %d", v, label)
	}
	if train.Skipped() != 2 || strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), "files=2") {
		t.Errorf("%d files skipped, warnings:\n%s", train.Skipped(), &log)
	}
	if c, h, w := train.Shape(); c != 3 || h != 0 || w != 0 {
		t.Errorf("shape (%d, %d, %d), want (3, 0, 0)", c, h, w)
	}
}

func TestImageFolderLinks(t *testing.T) {
	dir := writeFiles(t, map[string][]uint8{
		"train/a/1.png": onePixel(1), "elsewhere/2.png": onePixel(2), "elsewhere/deep/3.png": onePixel(3), "val/a/4.png": onePixel(4),
	})
	for link, target := range map[string]string{
		"train/b":      filepath.Join(dir, "elsewhere"),
		"train/a/loop": filepath.Join(dir, "train"),
		"train/a/dead": filepath.Join(dir, "nothing"),
	} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Skip(err)
		}
	}
	d, err := Open("imagefolder:"+dir, Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	// The loop is followed once, to the other class, as a folder of its own.
	seen := map[[2]int]bool{}
	for i := range d.Train.Len() {
		v, label := level(t, d.Train, i)
		seen[[2]int{int(v), label}] = true
	}
	for _, want := range [][2]int{{1, 0}, {2, 1}, {3, 1}} {
		if !seen[want] {
			t.Errorf("image %d of class %d is missing: %v", want[0], want[1], seen)
		}
	}
	if d.Train.Len() > 10 {
		t.Errorf("%d images: the loop was followed", d.Train.Len())
	}
}

func TestImageFolderErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"no train", []string{"val/a/1.png"}, "train: want a folder, found nothing"},
		{"no val", []string{"train/a/1.png"}, "val: want a folder, found nothing"},
		{"no class", []string{"train/1.png", "val/a/1.png"}, "train: holds no class folder"},
		{"empty class", []string{"train/a/1.png", "train/b/readme.txt", "val/a/1.png"}, "b: class folder holds no JPEG or PNG file"},
		{"new class", []string{"train/a/1.png", "val/b/1.png"}, `val: class "b" is not one of the 1 training classes`},
		{"file for folder", []string{"train", "val/a/1.png"}, "train: want a folder, found a file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string][]uint8{}
			for _, name := range c.files {
				files[name] = onePixel(0)
			}
			_, err := Open("imagefolder:"+writeFiles(t, files), Options{Log: quiet})
			wantError(t, err, c.want)
		})
	}
}

// Corrupt files give a DecodeError with their name; a file that cannot be read
// at all gives another error.
func TestImageFolderCorrupt(t *testing.T) {
	jpg, err := os.ReadFile(fixture("formats/420.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(fixture("formats/rgb.png"))
	if err != nil {
		t.Fatal(err)
	}
	large, err := os.ReadFile(fixture("formats/440.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string][]uint8{
		"a/0-empty.png": nil,
		"a/1-text.jpg":  []uint8("this is no image"),
		"a/2-half.jpg":  jpg[:len(jpg)/2],
		"a/3-half.png":  good[:len(good)/2],
		"a/4-large.jpg": large,
		"a/5-gone.png":  good,
	})
	d, err := NewImageFolder(dir, nil, Options{Log: quiet, MaxPixels: 64*64 - 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "a", "5-gone.png")); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"0-empty.png: empty file",
		"1-text.jpg: neither a JPEG nor a PNG image",
		"2-half.jpg: JPEG image of 59x45 pixels: the file ends too early",
		"3-half.png: PNG image of 37x29 pixels: ",
		"4-large.jpg: JPEG image of 64x64 pixels: the limit is 4095 pixels",
		"5-gone.png: no such file",
	} {
		var m Image
		_, err := d.Get(i, &m)
		if i == 5 {
			if err == nil || isDecodeError(err) || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a missing file: %v", err)
			}
			continue
		}
		wantError(t, err, want)
		if !isDecodeError(err) {
			t.Errorf("%v is not a DecodeError", err)
		}
	}
}
