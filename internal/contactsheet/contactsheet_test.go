package contactsheet

import (
	"image/color"
	"math"
	"testing"
)

func TestDraw(t *testing.T) {
	nan := float32(math.NaN())
	// Three grey images of 1x2 pixels in two columns: a second row with a hole.
	m, err := Draw([]float32{-1, 1, 0, 2, -3, nan}, 1, 1, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Bounds().Size(); s.X != 6 || s.Y != 4 {
		t.Fatalf("size %v", s)
	}
	for _, c := range []struct {
		x, y int
		want uint8
	}{{0, 0, 0}, {1, 0, 255}, {2, 0, 255}, {4, 0, 128}, {5, 0, 255}, {0, 3, 0}, {1, 3, 0}, {4, 3, 255}} {
		if got := color.GrayModel.Convert(m.At(c.x, c.y)).(color.Gray).Y; got != c.want {
			t.Errorf("pixel %d,%d: %d, want %d", c.x, c.y, got, c.want)
		}
	}
	m, err = Draw([]float32{1, -1, 0}, 3, 1, 1, 8)
	if err != nil || m.At(0, 0) != (color.RGBA{255, 0, 128, 255}) {
		t.Errorf("%v, %v", m.At(0, 0), err)
	}
	for _, bad := range []struct{ n, c, h, w, columns int }{{4, 2, 1, 1, 1}, {3, 1, 2, 1, 1}, {0, 1, 1, 1, 1}, {1, 1, 0, 1, 1}, {1, 1, 1, 1, 0}} {
		if _, err := Draw(make([]float32, bad.n), bad.c, bad.h, bad.w, bad.columns); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
