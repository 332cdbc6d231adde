package train

import (
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// drawn checks that a file holds a picture with something on it.
func drawn(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	b := m.Bounds()
	colours := make(map[[3]uint32]bool)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			colours[[3]uint32{r, g, b}] = true
		}
	}
	if len(colours) < 10 || b.Dx() < 300 || b.Dy() < 200 {
		t.Errorf("%dx%d pixels of %d colours", b.Dx(), b.Dy(), len(colours))
	}
}

func TestCurves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.png")
	bad := EpochResult{Epoch: 2, TrainLoss: 1, ValLoss: math.NaN()}
	for _, history := range [][]EpochResult{
		{{Epoch: 1, TrainLoss: 2, ValLoss: 3}},
		{{Epoch: 1, TrainLoss: 2, ValLoss: 3}, bad},
		{bad},
	} {
		if err := writeCurves(path, "title", history); err != nil {
			t.Fatal(err)
		}
		drawn(t, path)
	}
}

func TestConfusionPicture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.png")
	for _, classes := range []int{1, 2, 10, 30, 100, 300} {
		t.Run(fmt.Sprint(classes), func(t *testing.T) {
			if testing.Short() && classes > 10 {
				t.Skip("it takes long")
			}
			names := make([]string, classes)
			counts := make([][]int, classes)
			for i := range counts {
				names[i] = fmt.Sprintf("class %d", i)
				counts[i] = make([]int, classes)
				counts[i][i] = 9
				counts[i][(i*3)%classes]++
			}
			counts[0] = make([]int, classes) // a class without images
			if err := writeConfusion(path, names, counts); err != nil {
				t.Fatal(err)
			}
			if classes > 2 {
				drawn(t, path)
			}
		})
	}
}

func TestConfusionRows(t *testing.T) {
	m := confusion{{3, 1}, {0, 0}}
	for _, c := range []struct {
		c, r int
		want float64
	}{{0, 1, 0.75}, {1, 1, 0.25}, {0, 0, 0}, {1, 0, 0}} {
		if got := m.Z(c.c, c.r); got != c.want {
			t.Errorf("column %d, row %d from below: %v, want %v", c.c, c.r, got, c.want)
		}
	}
}
