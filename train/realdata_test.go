package train

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"image/png"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Networks that others trained on CIFAR-10 are wrong exactly as often as with those who
// trained them (https://github.com/akamaster/pytorch_resnet_cifar10: 8.27 and 7.37 %).
func TestPublishedWeights(t *testing.T) {
	data := os.Getenv("ZOO_DATA")
	if data == "" {
		t.Skip("ZOO_DATA is not set")
	}
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	images := "cifar10:" + cifarOf(t, filepath.Join(data, "cifar10-png", "test.zip"))
	for _, c := range []struct {
		model, file string
		wrong       int
	}{
		{"resnet20", "resnet20-12fca82f.th", 827},
		{"resnet32", "resnet32-d509ac18.th", 737},
	} {
		e, err := Evaluate(context.Background(), EvalConfig{
			Model: c.model, Weights: filepath.Join(data, "cifar10-resnets", c.file), Data: images,
			Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}, Log: quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		if e.N != 10000 || e.Wrong != c.wrong {
			t.Errorf("%s: %d of %d wrong, want %d", c.file, e.Wrong, e.N, c.wrong)
		}
	}
}

// Weights that come with the module are as good as their cards say.
func TestPretrainedWeights(t *testing.T) {
	data := os.Getenv("ZOO_DATA")
	if data == "" {
		t.Skip("ZOO_DATA is not set")
	}
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	sets := map[string]string{
		"cifar10":       "cifar10:" + cifarOf(t, filepath.Join(data, "cifar10-png", "test.zip")),
		"fashion-mnist": "fashion-mnist:" + filepath.Join(data, "fashion-mnist"),

		"tinyshakespeare": "text:" + filepath.Join(data, "text", "tinyshakespeare.txt"),
	}
	for _, entry := range pretrained.List() {
		a, err := pretrained.Archive(entry.Model, entry.Data)
		if err != nil {
			t.Fatal(err)
		}
		task, err := taskOf(entry.Model)
		if err != nil {
			t.Fatal(err)
		}
		if task == zoo.Generation { // see TestGenerators of package pretrained
			continue
		}
		e, err := Evaluate(context.Background(), EvalConfig{Archive: a, Data: sets[entry.Data], Log: quiet})
		if err != nil {
			t.Fatal(entry.Model, err)
		}
		want := entry.Meta.Metrics
		if task == zoo.Language {
			if math.Abs(e.Loss-want["loss"]) > 5e-5 {
				t.Errorf("%s of %s: loss %v of %d %ss, want %v", entry.Model, entry.Data, e.Loss, e.N, e.Token, want["loss"])
			}
			continue
		}
		if e.N != 10000 || math.Abs(e.Top1-want["top1"]) > 1e-9 {
			t.Errorf("%s of %s: top-1 %v of %d images, want %v", entry.Model, entry.Data, e.Top1, e.N, want["top1"])
		}
	}
}

var cifarClasses = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// cifarOf returns a folder with the images of an archive, CLASS/NAME.png, as the test
// images of CIFAR-10 in its binary layout; of the training images there is one in each
// file.
func cifarOf(t *testing.T, archive string) string {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var records bytes.Buffer
	for _, f := range z.File {
		if path.Ext(f.Name) == ".png" {
			writeRecord(t, &records, f)
		}
	}
	dir := t.TempDir()
	files := map[string][]byte{"test_batch.bin": records.Bytes()}
	for i := range 5 {
		files[fmt.Sprintf("data_batch_%d.bin", i+1)] = records.Bytes()[:1+3*32*32]
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// writeRecord adds an image: its class, then the planes of red, green and blue.
func writeRecord(t *testing.T, records *bytes.Buffer, f *zip.File) {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m, err := png.Decode(r)
	if err != nil {
		t.Fatal(f.Name, err)
	}
	records.WriteByte(byte(slices.Index(cifarClasses, path.Base(path.Dir(f.Name)))))
	for channel := range 3 {
		for y := range 32 {
			for x := range 32 {
				var c [3]uint32
				c[0], c[1], c[2], _ = m.At(x, y).RGBA()
				records.WriteByte(byte(c[channel] >> 8))
			}
		}
	}
}
