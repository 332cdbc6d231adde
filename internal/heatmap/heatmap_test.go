package heatmap

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
)

// The least value is blue, the greatest red, over half of the picture.
func TestDraw(t *testing.T) {
	white := image.NewGray(image.Rect(2, 3, 10, 7))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	m, err := Draw(white, []float32{-1, 3}, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if m.Bounds() != image.Rect(0, 0, 8, 4) {
		t.Fatalf("bounds %v", m.Bounds())
	}
	for x, want := range map[int]color.RGBA{
		0: {128, 128, 191, 255}, // dark blue over white
		1: {128, 128, 191, 255}, // before the centre of the first value
		7: {191, 128, 128, 255},
	} {
		if got := m.RGBAAt(x, 2); got != want {
			t.Errorf("column %d: %v, want %v", x, got, want)
		}
	}
	for x := range 4 { // between the two it is as far from one as from the other
		if a, b := m.RGBAAt(x, 0), m.RGBAAt(7-x, 3); a.R != b.B || a.B != b.R || a.G != b.G {
			t.Errorf("column %d: %v, and %v on the other side", x, a, b)
		}
	}
	if a, b := m.RGBAAt(3, 0), m.RGBAAt(4, 0); a.R >= b.R || a.B <= b.B {
		t.Errorf("%v left of the middle, %v right of it", a, b)
	}
}

// A map that is the same everywhere is drawn, and one place may be all of it.
func TestDrawConstant(t *testing.T) {
	m, err := Draw(image.NewGray(image.Rect(0, 0, 3, 3)), []float32{5}, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.RGBAAt(1, 1), (color.RGBA{0, 0, 64, 255}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDrawErrors(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 3, 3))
	for _, c := range []struct {
		picture image.Image
		values  []float32
		h, w    int
		want    string
	}{
		{nil, []float32{1}, 1, 1, "no picture"},
		{image.NewGray(image.Rectangle{}), []float32{1}, 1, 1, "no picture"},
		{picture, []float32{1, 2}, 1, 1, "2 values for 1x1"},
		{picture, nil, 0, 0, "0 values for 0x0"},
		{picture, []float32{1, float32(math.NaN())}, 1, 2, "not finite"},
		{picture, []float32{1, float32(math.Inf(-1))}, 1, 2, "not finite"},
	} {
		if _, err := Draw(c.picture, c.values, c.h, c.w); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
