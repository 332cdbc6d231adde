package dataset

import "math"

// affine maps a place (x, y) of the result to the place (a*x + b*y + c,
// d*x + e*y + f) of the image from which its pixel comes.
type affine struct{ a, b, c, d, e, f float64 }

// shearXBy moves each row by slope times its number, and shearYBy each column,
// as torchvision's affine does with the angle whose tangent is slope.
func shearXBy(slope float64) affine { return affine{a: 1, b: throughDegrees(slope), e: 1} }
func shearYBy(slope float64) affine { return affine{a: 1, d: throughDegrees(slope), e: 1} }

// throughDegrees returns the slope after the detour that it takes in torchvision.
func throughDegrees(slope float64) float64 {
	return math.Tan(radians(math.Atan(slope) * (180 / math.Pi)))
}

// translateBy moves the image to the right and down by whole pixels.
func translateBy(dx, dy int) affine { return affine{a: 1, c: float64(-dx), e: 1, f: float64(-dy)} }

// rotateBy turns an image of size (h, w) about its centre, counter-clockwise, as
// Pillow's rotate.
func rotateBy(degrees float64, h, w int) affine {
	turn := math.Mod(degrees, 360)
	if turn < 0 {
		turn += 360
	}
	sin, cos := math.Sincos(-radians(turn))
	sin, cos = digits15(sin), digits15(cos)
	x, y := float64(w)/2, float64(h)/2
	// The conversions keep the products from being fused into the sums.
	return affine{
		a: cos, b: sin, c: float64(cos*-x) + float64(sin*-y) + x,
		d: -sin, e: cos, f: float64(-sin*-x) + float64(cos*-y) + y,
	}
}

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }

// digits15 rounds to 15 digits after the point.
func digits15(v float64) float64 { return math.RoundToEven(v*1e15) / 1e15 }

// warp gives every pixel the value of the nearest one at its place before the
// map, black where that is outside: Pillow's transform with NEAREST, in its
// numbers of 16 bits after the point.
func (m *Image) warp(t affine) {
	h, w, size := m.H, m.W, m.H*m.W
	old := m.replace(m.C, h, w)
	fix := func(v float64) int64 { return int64(math.Floor(v*65536 + 0.5)) }
	a, b, d, e := fix(t.a), fix(t.b), fix(t.d), fix(t.e)
	rowX, rowY := fix(t.c+t.a*0.5+t.b*0.5), fix(t.f+t.d*0.5+t.e*0.5)
	for at := 0; at < size; {
		x, y := rowX, rowY
		for end := at + w; at < end; at++ {
			fromX, fromY := x>>16, y>>16
			inside := uint64(fromX) < uint64(w) && uint64(fromY) < uint64(h)
			from := int(fromY)*w + int(fromX)
			for plane := 0; plane < len(old); plane += size {
				v := uint8(0)
				if inside {
					v = old[plane+from]
				}
				m.Pix[plane+at] = v
			}
			x, y = x+a, y+d
		}
		rowX, rowY = rowX+b, rowY+e
	}
}
