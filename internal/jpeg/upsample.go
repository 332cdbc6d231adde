package jpeg

// upsampler gives the rows of a plane at the size of the image: subsampled colour is
// interpolated linearly between the centres of its samples, as libjpeg's "fancy
// upsampling" does.
type upsampler struct {
	*Plane
	linearX bool
	linearY bool
	out     []uint8
	// sums are a row interpolated downwards, 4 times its values, or those values,
	// after one more of the first and before one more of the last.
	sums []int16
}

func (u *upsampler) begin(p *Plane) {
	u.Plane = p
	// libjpeg interpolates ratios of two, and across only from three samples.
	u.linearX = p.XRatio == 2 && p.YRatio <= 2 && p.W > 2
	u.linearY = p.YRatio == 2 && (u.linearX || p.XRatio == 1)
	u.out = grown(u.out, p.W*p.XRatio)
	u.sums = grown(u.sums, p.W+2)
}

// row returns row y of the image, of the width of the image or more, until the next
// call.
func (u *upsampler) row(y int) []uint8 {
	near := u.samples(y / u.YRatio)
	switch {
	case u.linearY:
		// The second nearest row: above for even rows, below for odd ones.
		far := u.samples(min(max(y/2-1+y%2*2, 0), u.H-1))
		if u.linearX {
			blend(u.sums[1:], near, far)
			u.across(4, 8, 7)
		} else {
			down(u.out, near, far, int32(1+y%2))
		}
	case u.linearX:
		for i, v := range near {
			u.sums[1+i] = int16(v)
		}
		u.across(2, 1, 2)
	case u.XRatio == 1:
		return near
	default:
		for i := range u.out {
			u.out[i] = near[i/u.XRatio]
		}
	}
	return u.out
}

// samples are those of row y of the plane.
func (u *upsampler) samples(y int) []uint8 { return u.Pix[y*u.Stride:][:u.W] }

// down interpolates downwards alone.
func down(out, near, far []uint8, bias int32) {
	for i, v := range near {
		out[i] = uint8((3*int32(v) + int32(far[i]) + bias) >> 2)
	}
}

// blendGo interpolates downwards.
func blendGo(sums []int16, near, far []uint8) {
	for i, v := range near {
		sums[i] = 3*int16(v) + int16(far[i])
	}
}

// across interpolates the sums to the right. The halves are rounded up and down in
// turn, so that no bias remains.
func (u *upsampler) across(shift int, left, right int16) {
	n := u.W
	u.sums[0], u.sums[n+1] = u.sums[1], u.sums[n]
	widen(u.out, u.sums, shift, left, right)
}

// widenGo writes two samples for each of the sums but the first and the last.
func widenGo(out []uint8, sums []int16, shift int, left, right int16) {
	for i := range len(sums) - 2 {
		v := 3 * sums[i+1]
		out[2*i] = uint8((v + sums[i] + left) >> shift)
		out[2*i+1] = uint8((v + sums[i+2] + right) >> shift)
	}
}
