package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write makes the file of a job, of that many pixels.
func write(t *testing.T, folder, name string, h, w int) {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Ours decode a file in turns, and the table says how they compare.
func TestRace(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "9x9, quality 75.jpg", 9, 9)
	jobs, err := decodeJobs(folder)
	if err != nil {
		t.Fatal(err)
	}
	s := settings{rounds: 2, turn: time.Millisecond}
	r, err := s.race(jobs[0], decoders(folder))
	if err != nil || len(r.ms) != 3 || r.ms[0] <= 0 {
		t.Fatalf("%v, %v", r, err)
	}
	r.size, r.ms = "0.3 kB", []float64{0.5, 1, 0.25}
	got := table{names: []string{"a", "b", "c"}, rows: []row{r}}.String()
	if want := "\n| 9x9, quality 75 | 0.3 kB | 2000 | 1000 (2.00) | 4000 (0.50) |\n"; !strings.Contains(got, want) {
		t.Errorf("%s\nhas no line %s", got, want)
	}
}

// Every job of the table of transforms is one, and the peer knows its name.
func TestTransforms(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, large, 375, 500)
	write(t, folder, medium, 224, 224)
	write(t, folder, small, 32, 32)
	script, err := os.ReadFile("../peers/images.py")
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	s := settings{rounds: 1}
	for _, j := range transformJobs {
		used[j.name] = true
		if r, err := s.race(j, []contender{{"", newTransformer(folder).time}}); err != nil || r.ms[0] <= 0 {
			t.Errorf("%s: %v, %v", j.name, r.ms, err)
		}
		if !bytes.Contains(script, []byte(`"`+j.name+`": (`)) {
			t.Errorf("%s: the peer does not know it", j.name)
		}
	}
	for name := range transforms {
		if !used[name] {
			t.Errorf("%s: nobody asks for it", name)
		}
	}
}

// The mean of runs that differ by chance counts, and of others the median.
func TestSum(t *testing.T) {
	ms := []float64{1, 1, 7}
	if m := (job{random: true}).sum(ms); m != 3 {
		t.Errorf("mean %v, want 3", m)
	}
	if m := (job{}).sum(ms); m != 1 {
		t.Errorf("median %v, want 1", m)
	}
}

func TestNoFile(t *testing.T) {
	s := settings{rounds: 1}
	folder := t.TempDir()
	if _, err := decodeJobs(folder); err == nil {
		t.Error("no error for a folder without files")
	}
	if _, err := s.race(job{file: "none.jpg"}, decoders(folder)); err == nil {
		t.Error("no error for a file that is not there")
	}
}
