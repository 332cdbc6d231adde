// Package heatmap draws values over a picture.
package heatmap

import (
	"image"
	"image/color"
	"math"

	"github.com/pkg/errors"
)

// opacity is that of the colours over the picture.
const opacity = 0.5

// Draw lays values (h, w), stretched over all of a picture, over it in colours from
// blue for the least to red for the greatest.
func Draw(picture image.Image, values []float32, h, w int) (*image.RGBA, error) {
	if picture == nil || picture.Bounds().Empty() {
		return nil, errors.New("heat map: no picture")
	}
	if h < 1 || w < 1 || len(values) != h*w {
		return nil, errors.Errorf("heat map: %d values for %dx%d", len(values), h, w)
	}
	least, span, err := extent(values)
	if err != nil {
		return nil, err
	}
	b := picture.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	rows, columns := stretch(h, b.Dy()), stretch(w, b.Dx())
	for y, row := range rows {
		for x, column := range columns {
			v := mix(row.far, at(values, w, row.low, column), at(values, w, row.high, column))
			heat := ramp((v - least) / span)
			p := color.RGBAModel.Convert(picture.At(b.Min.X+x, b.Min.Y+y)).(color.RGBA)
			out.SetRGBA(x, y, color.RGBA{over(heat[0], p.R), over(heat[1], p.G), over(heat[2], p.B), 255})
		}
	}
	return out, nil
}

// extent returns the least value, and how much greater the greatest is, 1 if not.
func extent(values []float32) (least, span float64, err error) {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		least, most = math.Min(least, float64(v)), math.Max(most, float64(v))
	}
	if span = most - least; math.IsNaN(span) || math.IsInf(span, 0) {
		return 0, 0, errors.New("heat map: values that are not finite")
	}
	if span == 0 {
		span = 1
	}
	return least, span, nil
}

// between is a place between two values.
type between struct {
	low, high int
	far       float64 // from the lower one, in [0, 1]
}

// stretch returns where n places, at the centres of as many pixels, are among few
// values that cover the same range.
func stretch(few, n int) []between {
	places := make([]between, n)
	for i := range places {
		at := (float64(i)+0.5)*float64(few)/float64(n) - 0.5
		at = min(max(at, 0), float64(few-1))
		low := int(at)
		places[i] = between{low, min(low+1, few-1), at - float64(low)}
	}
	return places
}

// at is the value of a row between two columns.
func at(values []float32, w, row int, c between) float64 {
	return mix(c.far, float64(values[row*w+c.low]), float64(values[row*w+c.high]))
}

func mix(far, a, b float64) float64 { return a + far*(b-a) }

// ramp returns red, green and blue in [0, 1] for v in [0, 1]: dark blue, cyan,
// yellow, dark red.
func ramp(v float64) [3]float64 {
	rise := func(middle float64) float64 { return min(max(1.5-math.Abs(4*v-middle), 0), 1) }
	return [3]float64{rise(3), rise(2), rise(1)}
}

func over(heat float64, pixel uint8) uint8 {
	return uint8(math.Round(opacity*255*heat + (1-opacity)*float64(pixel)))
}
