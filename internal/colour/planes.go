package colour

// Saturate multiplies the distance of every colour from its own luminance by factor:
// 0 gives a grey picture. The planes are of one length.
func Saturate(r, g, b []uint8, factor float32) {
	n := saturateLanes(r, g, b, factor)
	saturateGo(r[n:], g[n:], b[n:], factor)
}

func saturateGo(r, g, b []uint8, factor float32) {
	for i := range r {
		l := Luma(r[i], g[i], b[i])
		r[i], g[i], b[i] = Mix(l, r[i], factor), Mix(l, g[i], factor), Mix(l, b[i], factor)
	}
}

// Turn adds steps to the hue of every colour in HSV, around the circle of 256. The
// planes are of one length.
func Turn(r, g, b []uint8, steps uint8) {
	n := turnLanes(r, g, b, steps)
	turnGo(r[n:], g[n:], b[n:], steps)
}

func turnGo(r, g, b []uint8, steps uint8) {
	for i := range r {
		h, s, v := ToHSV(r[i], g[i], b[i])
		r[i], g[i], b[i] = FromHSV(h+steps, s, v)
	}
}
