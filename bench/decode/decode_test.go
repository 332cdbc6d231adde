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

// Ours decode a file in turns, and the table says how they compare.
func TestRace(t *testing.T) {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 9, 9)), nil); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "9x9, quality 75.jpg")
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s := settings{rounds: 2, turn: time.Millisecond}
	r, err := s.race(name, ours())
	if err != nil || len(r.ms) != 3 || r.ms[0] <= 0 {
		t.Fatalf("%v, %v", r, err)
	}
	r.bytes, r.ms = 300, []float64{0.5, 1, 0.25}
	got := table{names: []string{"a", "b", "c"}, rows: []row{r}}.String()
	if want := "\n| 9x9, quality 75 | 0.3 | 2000 | 1000 (2.00) | 4000 (0.50) |\n"; !strings.Contains(got, want) {
		t.Errorf("%s\nhas no line %s", got, want)
	}
}

func TestNoFile(t *testing.T) {
	s := settings{rounds: 1}
	if _, err := s.race(filepath.Join(t.TempDir(), "none.jpg"), ours()); err == nil {
		t.Error("no error")
	}
}
