package dataset

import (
	"math"

	"github.com/gorgonia-zoo/modelzoo/internal/resample"
)

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
	h, w := m.H, m.W
	old := m.replace(m.C, h, w)
	fix := func(v float64) int64 { return int64(math.Floor(v*one16 + 0.5)) }
	row := resample.Line{
		X: fix(t.c + t.a*0.5 + t.b*0.5), DX: fix(t.a),
		Y: fix(t.f + t.d*0.5 + t.e*0.5), DY: fix(t.d),
	}
	b, e := fix(t.b), fix(t.e)
	for y := range h {
		// The columns whose pixels come from inside.
		left, right := steps(row.X, row.DX, int64(w)*one16, 0, w)
		left, right = steps(row.Y, row.DY, int64(h)*one16, left, right)
		from := row.At(left)
		whole := row.DX == one16 && row.DY == 0
		for c := range m.C {
			to, plane := m.Plane(c)[y*w:][:w], old[c*h*w:][:h*w]
			clear(to[:left])
			clear(to[right:])
			if whole && left < right {
				copy(to[left:right], plane[from.Sample(w):])
			}
		}
		if !whole {
			resample.Nearest(m.Pix[y*w+left:], old, h*w, w, from, right-left)
		}
		row.X, row.Y = row.X+b, row.Y+e
	}
}

const one16 = 1 << 16

// steps returns for which i of those from first up to end at+i*step is from 0 up
// to limit: again a range, which may be empty.
func steps(at, step, limit int64, first, end int) (int, int) {
	if step < 0 {
		at, step = limit-1-at, -step
	}
	if step == 0 {
		if at < 0 || at >= limit {
			return first, first
		}
		return first, end
	}
	from := min(max(int64(first), ceilDiv(-at, step)), int64(end))
	return int(from), int(max(from, min(int64(end), ceilDiv(limit-at, step))))
}

// ceilDiv returns a/b, rounded up; b is positive.
func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}
