// Package contactsheet lays images out in a grid.
package contactsheet

import (
	"image"
	"image/color"

	"github.com/pkg/errors"
)

// gap is the space between two images, in pixels.
const gap = 2

// Draw lays images of values in [-1, 1], pixels (N, C, H, W) with 1 or 3 channels,
// out in rows of so many columns, on white. Values beyond are cut off; NaN is black.
func Draw(pixels []float32, c, h, w, columns int) (image.Image, error) {
	size := c * h * w
	if c != 1 && c != 3 || h < 1 || w < 1 || columns < 1 {
		return nil, errors.Errorf("images of %d channels, %dx%d pixels, in %d columns: want 1 or 3 channels and at least 1 of the others", c, h, w, columns)
	}
	if len(pixels) == 0 || len(pixels)%size != 0 {
		return nil, errors.Errorf("%d values for images of %d", len(pixels), size)
	}
	n := len(pixels) / size
	columns = min(columns, n)
	rows := (n + columns - 1) / columns
	sheet := image.NewRGBA(image.Rect(0, 0, columns*(w+gap)-gap, rows*(h+gap)-gap))
	for i := range sheet.Pix {
		sheet.Pix[i] = 255
	}
	for i := range n {
		draw(sheet, pixels[i*size:(i+1)*size], c, h, w, i%columns*(w+gap), i/columns*(h+gap))
	}
	return sheet, nil
}

// draw puts one image, (C, H, W), on the sheet at (left, top).
func draw(sheet *image.RGBA, pixels []float32, c, h, w, left, top int) {
	plane := h * w
	for at := range plane {
		r := level(pixels[at])
		g, b := r, r
		if c == 3 {
			g, b = level(pixels[plane+at]), level(pixels[2*plane+at])
		}
		sheet.SetRGBA(left+at%w, top+at/w, color.RGBA{R: r, G: g, B: b, A: 255})
	}
}

// level is a value in [-1, 1] as one of 0 to 255.
func level(v float32) uint8 {
	switch v = (v + 1) / 2 * 255; {
	case v >= 255:
		return 255
	case v > 0:
		return uint8(v + 0.5)
	}
	return 0
}
