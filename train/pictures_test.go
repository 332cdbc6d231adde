package train

import (
	"image"
	"image/color"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/dataset"
)

// What was normalised is shown as it was.
func TestPictures(t *testing.T) {
	grey := dataset.Normalization{Mean: []float32{0.5}, Std: []float32{0.25}}
	colour := dataset.Normalization{Mean: []float32{0.5, 0.25, 0}, Std: []float32{0.5, 0.5, 1}}
	for _, c := range []struct {
		name   string
		p      pictures
		inputs []float32
		want   []color.RGBA // of the first pixel of each image
	}{
		{"grey", pictures{1, 1, 2, grey}, []float32{2, 0, -2, 0}, []color.RGBA{{255, 255, 255, 255}, {0, 0, 0, 255}}},
		{"colour", pictures{3, 1, 1, colour}, []float32{1, -0.5, 0.2}, []color.RGBA{{255, 0, 51, 255}}},
		{"not normalised", pictures{1, 1, 1, dataset.Normalization{}}, []float32{0.2}, []color.RGBA{{51, 51, 51, 255}}},
		{"two channels", pictures{2, 1, 1, dataset.Normalization{}}, []float32{0.2, 1, 0.4, 1}, []color.RGBA{{51, 51, 51, 255}, {102, 102, 102, 255}}},
	} {
		sheet, err := c.p.sheet(c.inputs, 8)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if got := sheet.(*image.RGBA).RGBAAt(i*(c.p.w+2), 0); got != want {
				t.Errorf("%s: image %d is %v, want %v", c.name, i, got, want)
			}
		}
	}
}
