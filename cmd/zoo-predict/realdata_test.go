package main

import (
	"archive/zip"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// cifarClasses are the folders of the images in the order of the weights.
var cifarClasses = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// ResNet-20 as others have trained it finds the classes of real images: it is wrong
// on 827 of all 10,000, and on 69 of every tenth.
func TestClassifyRealImages(t *testing.T) {
	data := os.Getenv("ZOO_DATA")
	if data == "" {
		t.Skip("ZOO_DATA is not set")
	}
	a, err := weights.Load(filepath.Join(data, "cifar10-resnets", "resnet20-12fca82f.th"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := zoo.New("resnet20")
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Tensors {
		name := strings.TrimPrefix(a.Tensors[i].Name, "module.")
		a.Tensors[i].Name = strings.Replace(name, "linear.", "fc.", 1)
	}
	if err := a.Into(p); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "resnet20.gob")
	meta := weights.Meta{Model: "resnet20", Classes: cifarClasses, Input: weights.Input{
		Channels: 3, Height: 32, Width: 32, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225},
	}}
	if err := weights.Save(file, p, meta); err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(dir, "images")
	n := unpack(t, filepath.Join(data, "cifar10-png", "test.zip"), images)
	status, stdout, stderr := predict("--weights", file, "--json", "--top", "1", images)
	if status != 0 {
		t.Fatal(stderr)
	}
	all := lines(t, stdout)
	wrong := 0
	for _, l := range all {
		if filepath.Base(filepath.Dir(l.File)) != l.Classes[0].Class {
			wrong++
		}
	}
	t.Logf("%d of %d wrong", wrong, len(all))
	if len(all) != n || n != 1000 || wrong < 67 || wrong > 71 { // some are close
		t.Errorf("%d of %d wrong, of %d images", wrong, len(all), n)
	}
}

// unpack writes every tenth image of an archive to a folder and returns how many.
func unpack(t *testing.T, archive, dir string) (n int) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	at := 0
	for _, f := range z.File {
		if path.Ext(f.Name) != ".png" {
			continue
		}
		if at++; at%10 != 0 {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		put(t, to, string(data))
		n++
	}
	return n
}
