package dataset

import (
	"image"

	"github.com/gorgonia-zoo/modelzoo/internal/jpeg"
)

// convertYCbCr converts the samples of a JPEG image as Decode does: subsampled colour
// is interpolated, where image.YCbCr repeats it.
func convertYCbCr(dst *Image, s *image.YCbCr) {
	ratio := ratios[s.SubsampleRatio]
	colour := func(pix []uint8) jpeg.Plane {
		return jpeg.Plane{
			Pix: pix, Stride: s.CStride, XRatio: ratio[0], YRatio: ratio[1],
			W: (dst.W + ratio[0] - 1) / ratio[0], H: (dst.H + ratio[1] - 1) / ratio[1],
		}
	}
	img := jpeg.Image{
		Width: dst.W, Height: dst.H, Color: jpeg.YCbCr,
		Planes: []jpeg.Plane{
			{Pix: s.Y, Stride: s.YStride, W: dst.W, H: dst.H, XRatio: 1, YRatio: 1}, colour(s.Cb), colour(s.Cr),
		},
	}
	img.RGB(dst.Plane(0), dst.Plane(1), dst.Plane(2))
}

// ratios are the pixels for one sample of colour, across and down.
var ratios = map[image.YCbCrSubsampleRatio][2]int{
	image.YCbCrSubsampleRatio444: {1, 1},
	image.YCbCrSubsampleRatio422: {2, 1},
	image.YCbCrSubsampleRatio420: {2, 2},
	image.YCbCrSubsampleRatio440: {1, 2},
	image.YCbCrSubsampleRatio411: {4, 1},
	image.YCbCrSubsampleRatio410: {4, 2},
}
