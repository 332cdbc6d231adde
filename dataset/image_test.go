package dataset

import (
	"image"
	"testing"
)

// What Image gives the standard library comes back as it was.
func TestImageOfTheStandardLibrary(t *testing.T) {
	for _, name := range []string{"transforms/colour.png", "transforms/grey.png"} {
		m := readFixture(t, name)
		std := m.Image()
		if _, grey := std.(*image.Gray); grey != (m.C == 1) || std.Bounds() != image.Rect(0, 0, m.W, m.H) {
			t.Errorf("%s: %T of %v", name, std, std.Bounds())
		}
		again := new(Image)
		convertRGB(again, std)
		wantImage(t, again, decodeFile(t, fixture(name)), 0)
	}
	for _, m := range []*Image{{}, NewImage(2, 3, 3), {C: 3, H: 2, W: 2}} {
		if std := m.Image(); std != nil {
			t.Errorf("(%d, %d, %d) of %d pixels: %T", m.C, m.H, m.W, len(m.Pix), std)
		}
	}
}

func TestNewMemoryErrors(t *testing.T) {
	pix := make([]uint8, 12)
	for _, c := range []struct {
		c, h, w int
		labels  []uint8
		want    string
	}{
		{3, 2, 2, nil, "no images"},
		{3, 0, 2, []uint8{0}, "image shape (3, 0, 2): every size must be at least 1"},
		{3, 2, 2, []uint8{0, 1}, "2 labels for 12 bytes of pixels: want 12 bytes for each image of shape (3, 2, 2)"},
		{1, 2, 2, []uint8{0, 1, 2}, "label 2 of image 2: want less than 2"},
	} {
		_, err := NewMemory(c.c, c.h, c.w, pix, c.labels, []string{"a", "b"})
		wantError(t, err, c.want)
	}
}
