package resample

import "math"

// Filter says how much a sample counts at a distance.
type Filter struct {
	reach  float64 // beyond which it counts nothing
	weight func(distance float64) float64
}

// Bilinear and Bicubic are Pillow's filters of these names.
var (
	Bilinear = Filter{1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }}
	Bicubic  = Filter{2, bicubic}
)

// bicubic is Keys' with a parameter of -1/2. The products are rounded by themselves
// on all processors.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64((float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}
