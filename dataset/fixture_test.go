package dataset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// fixture returns the path of a file that testdata/generate.py wrote.
func fixture(name string) string { return filepath.Join("testdata", filepath.FromSlash(name)) }

// readFixture reads an image; a grey one has one channel.
func readFixture(t *testing.T, name string) *Image {
	t.Helper()
	m := decodeFile(t, fixture(name))
	n := m.H * m.W
	if string(m.Pix[:n]) == string(m.Pix[n:2*n]) && string(m.Pix[:n]) == string(m.Pix[2*n:]) {
		m.C, m.Pix = 1, m.Pix[:n]
	}
	return m
}

func decodeFile(t *testing.T, path string) *Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := new(Image)
	if err := Decode(f, m, 0); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

// readJSON reads what the script measured.
func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(fixture(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// wantImage checks that got is want up to a difference of limit in each pixel.
func wantImage(t *testing.T, got, want *Image, limit int) {
	t.Helper()
	if got.C != want.C || got.H != want.H || got.W != want.W || len(got.Pix) != len(want.Pix) {
		t.Fatalf("shape (%d, %d, %d) of %d pixels, want (%d, %d, %d)",
			got.C, got.H, got.W, len(got.Pix), want.C, want.H, want.W)
	}
	worst, at, differ := 0, 0, 0
	for i, v := range got.Pix {
		d := int(v) - int(want.Pix[i])
		d = max(d, -d)
		if d != 0 {
			differ++
		}
		if d > worst {
			worst, at = d, i
		}
	}
	if differ != 0 {
		t.Logf("%d of %d pixels differ, by at most %d", differ, len(got.Pix), worst)
	}
	if worst > limit {
		n := got.H * got.W
		t.Errorf("differs by %d at channel %d, row %d, column %d: got %d, want %d; limit %d",
			worst, at/n, at%n/got.W, at%got.W, got.Pix[at], want.Pix[at], limit)
	}
}

// realData returns a folder of the real data that the environment variable
// ZOO_DATA points to, and skips the test where it is unset.
func realData(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("ZOO_DATA")
	if root == "" {
		t.Skip("ZOO_DATA is not set")
	}
	return filepath.Join(root, name)
}
