package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// classifier writes fresh weights of a small network for 16x16 pixels, which
// change with change, and returns the file.
func classifier(t *testing.T, change func(*weights.Meta)) string {
	t.Helper()
	m, err := zoo.New("resnet20", zoo.WithInput(3, 16, 16), zoo.WithClasses(3))
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	meta := weights.Meta{
		Model:   "resnet20",
		Classes: []string{"ant", "bee & wasp", "cat"},
		Input:   weights.Input{Channels: 3, Height: 16, Width: 16, Resize: 18, Mean: []float32{0.5, 0.4, 0.3}, Std: []float32{0.2, 0.3, 0.4}},
	}
	if err := meta.SetConfig(m.Config()); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&meta)
	}
	path := filepath.Join(t.TempDir(), "resnet20.gob")
	if err := weights.Save(path, p, meta); err != nil {
		t.Fatal(err)
	}
	return path
}

// drawing is a colourful image.
func drawing(seed, h, w int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y*seed + 40), uint8((x + y) * seed), 255})
		}
	}
	return m
}

// album writes images into a folder: three that can be read, two of them below it,
// and a text.
func album(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"a.png", "deep/b.JPG", "deep/er/a.png"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		m := drawing(i+3, 20+5*i, 31-3*i)
		if strings.HasSuffix(name, "JPG") {
			if err := jpeg.Encode(&b, m, nil); err != nil {
				t.Fatal(err)
			}
		} else if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		put(t, path, b.String())
	}
	put(t, filepath.Join(dir, "notes.txt"), "no image")
	return dir
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// line is one of --json.
type line struct {
	File    string
	Map     string
	Classes []struct {
		Index       int
		Class       string
		Probability float32
	}
}

func lines(t *testing.T, text string) (all []line) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	for {
		var l line
		if err := d.Decode(&l); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		all = append(all, l)
	}
	if n := strings.Count(text, "\n"); n != len(all) {
		t.Errorf("%d objects on %d lines", len(all), n)
	}
	return all
}

// expected is what the library says of a file.
func expected(t *testing.T, file, path string) []zoo.Class {
	t.Helper()
	p, err := zoo.Load(file, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var m dataset.Image
	if err := dataset.Decode(f, &m, 0); err != nil {
		t.Fatal(err)
	}
	got, err := r.Predict(m.Image())
	if err != nil {
		t.Fatal(err)
	}
	return got.Top(3)
}

// Files and folders, in order, in batches of any size: what the library says.
func TestClassifyJSON(t *testing.T) {
	file, dir := classifier(t, nil), album(t)
	single := filepath.Join(dir, "a.png")
	want := []string{single, single, filepath.Join(dir, "deep", "b.JPG"), filepath.Join(dir, "deep", "er", "a.png")}
	for _, batch := range []string{"1", "3", "16"} {
		status, stdout, stderr := predict("--weights", file, "--json", "--top", "2", "--batch-size", batch, single, dir)
		if status != 0 || stderr != "" {
			t.Fatalf("status %d, %s", status, stderr)
		}
		all := lines(t, stdout)
		if len(all) != len(want) {
			t.Fatalf("%d lines, want %d:\n%s", len(all), len(want), stdout)
		}
		for i, l := range all {
			if l.File != want[i] || len(l.Classes) != 2 {
				t.Errorf("line %d: %+v", i, l)
				continue
			}
			for k, c := range expected(t, file, want[i])[:2] {
				got := l.Classes[k]
				if d := got.Probability - c.Probability; got.Index != c.Index || got.Class != c.Name || max(d, -d) > 1e-5 {
					t.Errorf("%s: class %d is %+v, want %+v", l.File, k, got, c)
				}
			}
		}
	}
}

func TestClassifyTable(t *testing.T) {
	file, dir := classifier(t, nil), album(t)
	path := filepath.Join(dir, "a.png")
	status, stdout, stderr := predict("--weights", file, path)
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	rows := strings.Split(stdout, "\n")
	top := expected(t, file, path)
	if len(rows) != 1+3+1 || rows[0] != path || !strings.HasPrefix(rows[1], "   1  ") || !strings.HasSuffix(rows[1], "%  "+top[0].Name) {
		t.Errorf("table:\n%s", stdout)
	}
	unnamed := classifier(t, func(m *weights.Meta) { m.Classes = nil })
	if _, stdout, _ = predict("--weights", unnamed, "--top", "1", path); !strings.HasSuffix(stdout, "%  "+string(rune('0'+top[0].Index))+"\n") {
		t.Errorf("without names:\n%s", stdout)
	}
}

// Damaged files are told and left out, and the status says so in the end.
func TestClassifyCorrupt(t *testing.T) {
	file, dir := classifier(t, nil), album(t)
	whole, err := os.ReadFile(filepath.Join(dir, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "cut.png"), string(whole[:len(whole)/2]))
	put(t, filepath.Join(dir, "empty.jpg"), "")
	none := filepath.Join(dir, "none.png")
	status, stdout, stderr := predict("--weights", file, "--json", "--batch-size", "2", dir, none)
	if all := lines(t, stdout); status != 1 || len(all) != 3 {
		t.Errorf("status %d, %d lines", status, len(all))
	}
	want := []string{
		"zoo-predict: " + filepath.Join(dir, "cut.png") + ": PNG image of 31x20 pixels: png: invalid format: not enough pixel data",
		"zoo-predict: " + filepath.Join(dir, "empty.jpg") + ": empty file",
		"zoo-predict: " + none + ": no such file or directory",
		"zoo-predict: 3 of 6 images could not be read",
	}
	if got := strings.Split(strings.TrimSpace(stderr), "\n"); !slices.Equal(got, want) {
		t.Errorf("told:\n%s\nwant:\n%s", stderr, strings.Join(want, "\n"))
	}
	out := filepath.Join(dir, "out.npy")
	status, _, _ = predict("--weights", file, "--features", "layer1", "--out", out, none)
	if _, err := os.Stat(out); status != 1 || err == nil {
		t.Errorf("status %d, and a file of no features", status)
	}
}

func TestClassifyStdin(t *testing.T) {
	file := classifier(t, nil)
	var in, out, stderr bytes.Buffer
	if err := png.Encode(&in, drawing(3, 20, 31)); err != nil {
		t.Fatal(err)
	}
	root := newRoot()
	root.SetArgs([]string{"--weights", file, "--json", "-"})
	root.SetIn(&in)
	root.SetOut(&out)
	root.SetErr(&stderr)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := lines(t, out.String()); len(all) != 1 || all[0].File != "-" || len(all[0].Classes) != 3 {
		t.Errorf("%+v", all)
	}
}

// readNPY returns the shape and the values of a file.
func readNPY(t *testing.T, path string) (shape []int, values []float32) {
	t.Helper()
	a, err := weights.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return a.Tensors[0].Shape, a.Tensors[0].Values.([]float32)
}

func writeNPY(t *testing.T, shape []int, values any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.npy")
	var b bytes.Buffer
	if err := weights.EncodeNPY(&b, &weights.Archive{Tensors: []weights.Tensor{{Name: "x", Shape: shape, Values: values}}}); err != nil {
		t.Fatal(err)
	}
	put(t, path, b.String())
	return path
}

// Arrays in, arrays out: logits and features, of the library's values.
func TestClassifyArrays(t *testing.T) {
	file := classifier(t, nil)
	shape := []int{5, 3, 12, 20}
	x := make([]float32, 5*3*12*20)
	for i := range x {
		x[i] = float32(i%37)/18 - 1
	}
	in, out := writeNPY(t, shape, x), filepath.Join(t.TempDir(), "out.npy")
	p, err := zoo.Load(file, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	images := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
	for _, part := range []string{"logits", "layer2", "avgpool"} {
		args := []string{"--weights", file, "--npy", in, "--out", out, "--batch-size", "2"}
		if part != "logits" {
			args = append(args, "--features", part)
		}
		status, stdout, stderr := predict(args...)
		if status != 0 || stderr != "" || !strings.HasPrefix(stdout, part+" (5, ") {
			t.Fatalf("status %d, %q, %s", status, stdout, stderr)
		}
		want, err := r.Features(images, part)
		if err != nil {
			t.Fatal(err)
		}
		got, values := readNPY(t, out)
		if !slices.Equal(got, want[0].Shape()) {
			t.Fatalf("%s: shape %v, want %v", part, got, want[0].Shape())
		}
		for i, v := range values {
			if d := v - want[0].Float32s()[i]; max(d, -d) > 1e-4 {
				t.Fatalf("%s: value %d is %g, want %g", part, i, v, want[0].Float32s()[i])
			}
		}
	}
}

// Features of images, and flags that say how they are prepared.
func TestClassifyFeatures(t *testing.T) {
	file, dir := classifier(t, nil), album(t)
	out := filepath.Join(dir, "out.npy")
	for _, c := range []struct {
		args []string
		want []int
	}{
		{nil, []int{3, 16, 16, 16}},
		{[]string{"--input-size", "24"}, []int{3, 16, 24, 24}},
		{[]string{"--input-size", "8x40"}, []int{3, 16, 8, 40}},
	} {
		args := append([]string{"--weights", file, "--features", "layer1", "--out", out, "--batch-size", "2", dir}, c.args...)
		if status, _, stderr := predict(args...); status != 0 {
			t.Fatalf("%v: status %d, %s", c.args, status, stderr)
		}
		if shape, _ := readNPY(t, out); !slices.Equal(shape, c.want) {
			t.Errorf("%v: shape %v, want %v", c.args, shape, c.want)
		}
	}
	// The flags say the same as a file that has it, which one without them needs.
	blind := classifier(t, func(m *weights.Meta) { m.Input = weights.Input{} })
	said := classifier(t, func(m *weights.Meta) {
		m.Input = weights.Input{Channels: 3, Height: 16, Width: 16, Mean: []float32{0.1, 0.2, 0.3}, Std: []float32{0.5, 0.6, 0.7}}
	})
	_, want, _ := predict("--weights", said, "--json", dir)
	status, got, stderr := predict("--weights", blind, "--json", "--mean", "0.1,0.2,0.3", "--std", "0.5,0.6,0.7", dir)
	if status != 0 || got != want || want == "" {
		t.Errorf("status %d, %s\n%s\nwant\n%s", status, stderr, got, want)
	}
}

// Maps: one file, or a folder with a name for each image.
func TestClassifyMaps(t *testing.T) {
	file, dir, out := classifier(t, nil), album(t), t.TempDir()
	size := func(path string) {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if m, err := png.DecodeConfig(f); err != nil || m.Width != 16 || m.Height != 16 {
			t.Errorf("%s: %+v, %v", path, m, err)
		}
	}
	one := filepath.Join(out, "one.png")
	status, stdout, stderr := predict("--weights", file, "--cam", "--out", one, filepath.Join(dir, "a.png"))
	if status != 0 || !strings.HasPrefix(stdout, filepath.Join(dir, "a.png")+" -> "+one+"\n") {
		t.Errorf("status %d, %s, %s", status, stdout, stderr)
	}
	size(one)
	folder := filepath.Join(out, "maps")
	status, stdout, stderr = predict("--weights", file, "--cam", "--json", "--out", folder, dir)
	if status != 0 {
		t.Fatalf("status %d, %s", status, stderr)
	}
	for i, l := range lines(t, stdout) {
		if want := filepath.Join(folder, []string{"a.png", "b.png", "a-2.png"}[i]); l.Map != want {
			t.Errorf("map %s, want %s", l.Map, want)
		}
		size(l.Map)
	}
}

func TestClassifyBadUse(t *testing.T) {
	file, dir, empty := classifier(t, nil), album(t), t.TempDir()
	blind := classifier(t, func(m *weights.Meta) { m.Input = weights.Input{} })
	a, out := filepath.Join(dir, "a.png"), filepath.Join(empty, "out.npy")
	convnet := save(t, "convnet", nil)
	flat := writeNPY(t, []int{2, 3}, make([]float32, 6))
	whole := writeNPY(t, []int{1, 3, 1, 1}, []int64{1, 2, 3})
	grey := writeNPY(t, []int{1, 1, 4, 4}, make([]float32, 16))
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 2, "no image: want files, folders, or - for standard input"},
		{[]string{empty}, 1, "holds no JPEG or PNG file"},
		{[]string{"-", "-"}, 1, "standard input can be read once only"},
		{[]string{"--prompt", "x", a}, 2, "--prompt is for language models"},
		{[]string{"--samples", "3", a}, 2, "--samples is for generators"},
		{[]string{"--top", "0", a}, 2, "--top 0"},
		{[]string{"--batch-size", "-1", a}, 2, "--batch-size -1"},
		{[]string{"--out", out, a}, 2, "--out is for --features, --npy and --cam"},
		{[]string{"--cam", a}, 2, "--out is missing: want the PNG file"},
		{[]string{"--cam", "--features", "layer1", "--out", out, a}, 2, "without --features"},
		{[]string{"--features", "layer1", a}, 2, "--out is missing: want the .npy file"},
		{[]string{"--features", "layer1", "--json", "--out", out, a}, 2, "--json is for classes"},
		{[]string{"--features", "leyer1", "--out", out, a}, 1, "the nearest names are layer1"},
		{[]string{"--npy", flat, a, "--out", out}, 2, "--npy takes the place of images"},
		{[]string{"--npy", flat, "--mean", "1,1,1", "--out", out}, 2, "--mean, --std and --input-size are for images"},
		{[]string{"--npy", flat, "--out", out}, 1, "want floats (N, C, H, W)"},
		{[]string{"--npy", whole, "--out", out}, 1, "an array of int64"},
		{[]string{"--npy", grey, "--out", out}, 1, "want float32 (N, 3, H, W)"},
		{[]string{"--npy", file, "--out", out}, 1, "arrays, want one"},
		{[]string{"--input-size", "0", a}, 2, "--input-size"},
		{[]string{"--input-size", "12x", a}, 2, `--input-size "12x", want 224 or HEIGHTxWIDTH`},
		{[]string{"--mean", "1", a}, 1, "1 means and 3 standard deviations"},
		{[]string{"--std", "0,1,1", a}, 1, "std of channel 0 is 0"},
		{[]string{"--weights", blind, a}, 2, "--mean and --std are missing"},
		{[]string{"--weights", convnet, "--mean", "0,0,0", "--std", "1,1,1", "--cam", "--out", out, a}, 1, "does not end in a global average pool"},
		{[]string{"--weights", imageModel(t), a}, 2, "images are for image classifiers: gan is for generation"},
	} {
		status, stdout, stderr := predict(append([]string{"--weights", file}, c.args...)...)
		if status != c.status || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: status %d, %q, %q, want status %d and %q", c.args, status, stdout, stderr, c.status, c.want)
		}
	}
	if info, err := os.Stat(out); err == nil && !info.IsDir() {
		t.Error("a failure has left a file")
	}
}
