package tfevents

import (
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// write makes a file with one event of each kind.
func write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.Purge(300)
	w.Graph([]Node{
		{Name: "x", Op: "Input", Shape: []int{8, 1, 28, 28}},
		{Name: "conv1/Conv2d", Op: "Conv2d", Inputs: []string{"x", "conv1/weight"}, Shape: []int{}},
	})
	w.Scalar(300, "loss", 0.1)
	w.Scalar(301, "loss", math.NaN())
	w.Histogram(301, "fc.weight", []float32{-1, 0, 0, 0.5, float32(math.NaN()), float32(math.Inf(1))})
	w.Image(302, "grün", image.NewRGBA(image.Rect(0, 0, 5, 3)))
	w.Text(303, "sample", "zwölf\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return only(t, dir, 1)[0]
}

// only returns the event files of a folder, in order.
func only(t *testing.T, dir string, n int) []string {
	t.Helper()
	files, err := Files(dir)
	if err != nil || len(files) != n {
		t.Fatalf("%v, %v, want %d files", files, err, n)
	}
	return files
}

func TestReadBack(t *testing.T) {
	got := scalars(t, write(t))["loss"]
	if len(got) != 2 || got[300] != 0.1 || got[301] == got[301] {
		t.Errorf("got %v", got)
	}
}

func TestReadBackIndependently(t *testing.T) {
	events := independent(t, write(t))
	if len(events) != 8 {
		t.Fatalf("%d events, want 8: %+v", len(events), events)
	}
	now := float64(time.Now().Unix())
	for i, step := range []int{0, 300, 0, 300, 301, 301, 302, 303} {
		if e := events[i]; e.Step != step || math.Abs(e.Time-now) > 600 {
			t.Errorf("event %d: step %d at %v, want step %d at about %v", i, e.Step, e.Time, step, now)
		}
	}
	if events[0].Version != "brain.Event:2" || events[1].Session != 1 {
		t.Errorf("version %q, session status %d", events[0].Version, events[1].Session)
	}
	for i, want := range []node{
		{Name: "x", Op: "Input", Shape: []int{8, 1, 28, 28}},
		{Name: "conv1/Conv2d", Op: "Conv2d", Inputs: []string{"x", "conv1/weight"}},
	} {
		n := events[2].Graph[i]
		if n.Name != want.Name || n.Op != want.Op || !slices.Equal(n.Inputs, want.Inputs) || !slices.Equal(n.Shape, want.Shape) || n.Attribute != "_output_shapes" {
			t.Errorf("node %+v, want %+v", n, want)
		}
	}
	if v := events[3].Values[0]; v.Tag != "loss" || float32(*v.Scalar) != 0.1 {
		t.Errorf("scalar %+v", v)
	}
	h := events[5].Values[0]
	if h.Tag != "fc.weight" || !slices.Equal(h.Histogram, []float64{-1, 0.5, 4, -0.5, 1.25}) {
		t.Errorf("histogram %+v", h)
	}
	if v := events[6].Values[0]; v.Tag != "grün" || !slices.Equal(v.Image, []int{5, 3, 3, 5, 3, 6}) {
		t.Errorf("image %+v", v)
	}
	if v := events[7].Values[0]; v.Text != "zwölf\n" || v.Plugin != "text" || v.Type != 7 {
		t.Errorf("text %+v", v)
	}
}

// A new file comes after the others in the order of names, however fast it is made
// and whatever the clock says.
func TestFilesInOrder(t *testing.T) {
	dir := t.TempDir()
	future := filepath.Join(dir, prefix+"9999999990.zoo")
	if err := os.WriteFile(future, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	files := only(t, dir, 4)
	for i, f := range files {
		if !strings.HasSuffix(f, ".999999999"+string(rune('0'+i))+".zoo") {
			t.Errorf("files %v", files)
		}
	}
}

func TestErrorsAreKept(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "no")); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "no")+": ") {
		t.Errorf("got %v, want the name of the folder", err)
	}
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.file.Close()
	w.Scalar(1, "loss", 1)
	first := w.Flush()
	if first == nil || !strings.Contains(first.Error(), only(t, dir, 1)[0]+": ") {
		t.Fatalf("got %v, want the name of the file", first)
	}
	w.Scalar(2, "loss", 1)
	if err := w.Close(); err == nil || err.Error() != first.Error() {
		t.Errorf("got %v, want %v", err, first)
	}
}
