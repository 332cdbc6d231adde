package dataset

import "image"

// convertYCbCr converts a JPEG image as libjpeg does: subsampled colour is
// interpolated linearly between the centres of its samples ("fancy
// upsampling"), where image.YCbCr repeats it, and then converted with the
// rounding of the JFIF formulas in 16-bit fixed point.
func convertYCbCr(dst *Image, s *image.YCbCr) {
	ratio := ratios[s.SubsampleRatio]
	w, h := (dst.W+ratio[0]-1)/ratio[0], (dst.H+ratio[1]-1)/ratio[1]
	up := newUpsampler(s.CStride, w, h, ratio[0], ratio[1])
	r, g, b := dst.Plane(0), dst.Plane(1), dst.Plane(2)
	cb, cr := make([]uint8, up.outWidth()), make([]uint8, up.outWidth())
	for y := range dst.H {
		up.row(cb, s.Cb, y)
		up.row(cr, s.Cr, y)
		luma := s.Y[y*s.YStride:]
		for x, i := 0, y*dst.W; x < dst.W; x++ {
			r[i], g[i], b[i] = ycbcrToRGB(luma[x], cb[x], cr[x])
			i++
		}
	}
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

// ycbcrToRGB is the JFIF conversion: R = Y + 1.402 (Cr-128) and so on.
func ycbcrToRGB(y, cb, cr uint8) (r, g, b uint8) {
	const half = 1 << 15
	l, u, v := int32(y), int32(cb)-128, int32(cr)-128
	return clip(l + (91881*v+half)>>16),
		clip(l + (-22554*u-46802*v+half)>>16),
		clip(l + (116130*u+half)>>16)
}

func clip(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// upsampler interpolates the rows of a colour plane to the size of the image.
type upsampler struct {
	stride, w, h   int // of the colour plane
	xRatio, yRatio int // pixels of the image for one of the plane
	linearX        bool
	linearY        bool
	sum            []int32 // a row interpolated downwards: 4 times its value, or 1
}

// newUpsampler returns one for a plane of w x h samples, each of which stands for
// xRatio x yRatio pixels.
func newUpsampler(stride, w, h, xRatio, yRatio int) *upsampler {
	u := &upsampler{stride: stride, w: w, h: h, xRatio: xRatio, yRatio: yRatio}
	// libjpeg interpolates ratios of two, and across only from three samples.
	u.linearX = xRatio == 2 && yRatio <= 2 && w > 2
	u.linearY = yRatio == 2 && (u.linearX || xRatio == 1)
	u.sum = make([]int32, w)
	return u
}

// outWidth is the length of the rows that row writes.
func (u *upsampler) outWidth() int { return u.w * u.xRatio }

// row writes row y of the image from the plane.
func (u *upsampler) row(dst, plane []uint8, y int) {
	near := plane[y/u.yRatio*u.stride:][:u.w]
	far, scale := near, int32(1)
	if u.linearY {
		// The second nearest row: above for even rows, below for odd ones.
		other := min(max(y/2-1+y%2*2, 0), u.h-1)
		far, scale = plane[other*u.stride:][:u.w], 4
	}
	for i, v := range near {
		u.sum[i] = int32(v)
		if scale == 4 {
			u.sum[i] = 3*int32(v) + int32(far[i])
		}
	}
	switch {
	case u.linearX:
		u.across(dst, scale)
	case u.linearY:
		bias := int32(1 + y%2)
		for i, v := range u.sum {
			dst[i] = uint8((v + bias) >> 2)
		}
	default:
		for i := range dst {
			dst[i] = near[i/u.xRatio]
		}
	}
}

// across interpolates sum, which holds scale times its values, to the right.
// The halves are rounded up and down in turn, so that no bias remains.
func (u *upsampler) across(dst []uint8, scale int32) {
	shift, left, right := 2, int32(1), int32(2)
	if scale == 4 {
		shift, left, right = 4, 8, 7
	}
	last := u.w - 1
	for i, v := range u.sum {
		before, after := u.sum[max(i-1, 0)], u.sum[min(i+1, last)]
		dst[2*i] = uint8((3*v + before + left) >> shift)
		dst[2*i+1] = uint8((3*v + after + right) >> shift)
	}
}
