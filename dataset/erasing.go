package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
)

// RandomErasing overwrites a random box of the normalised image with
// probability P: torchvision's RandomErasing, after Zhong et al., "Random
// erasing data augmentation" (2017).
type RandomErasing struct {
	P      float64    // default 0, never; torchvision's is 0.5
	Scale  [2]float64 // area of the box as a part of the image's; default 0.02 to 0.33
	Ratio  [2]float64 // height over width of the box; default 0.3 to 3.3
	Value  float32    // what the box is filled with; default 0, the mean colour
	Random bool       // fill it with standard normal noise instead
}

// Params draws the box to be erased from an image of size (h, w). It reports
// false where none is to be erased: by chance, or because ten boxes in turn
// were not smaller than the image in both directions.
func (t RandomErasing) Params(h, w int, r *rand.Rand) (top, left, height, width int, ok bool) {
	if t.P == 0 || r.Float64() >= t.P {
		return 0, 0, 0, 0, false
	}
	b := t.box()
	for range boxTries {
		ratio, area := b.draw(h*w, r)
		height = int(math.RoundToEven(math.Sqrt(area * ratio)))
		width = int(math.RoundToEven(math.Sqrt(area / ratio)))
		if height < h && width < w {
			return r.IntN(h - height + 1), r.IntN(w - width + 1), height, width, true
		}
	}
	return 0, 0, 0, 0, false
}

// apply erases from x (c, h, w).
func (t RandomErasing) apply(x []float32, c, h, w int, r *rand.Rand) {
	top, left, height, width, ok := t.Params(h, w, r)
	if !ok {
		return
	}
	for ch := range c {
		for y := top; y < top+height; y++ {
			row := x[(ch*h+y)*w+left:][:width]
			for i := range row {
				row[i] = t.Value
				if t.Random {
					row[i] = float32(r.NormFloat64())
				}
			}
		}
	}
}

// Validate reports parameters that are out of range.
func (t RandomErasing) Validate() error {
	if err := checkProbability("random erasing", t.P); err != nil {
		return err
	}
	if v := float64(t.Value); math.IsNaN(v) || math.IsInf(v, 0) {
		return errors.Errorf("random erasing: value %g: want a finite number", v)
	}
	return t.box().check("random erasing")
}

// Defaults returns t with its default scale and ratio where it has none.
func (t RandomErasing) Defaults() RandomErasing {
	b := t.box()
	t.Scale, t.Ratio = b.scale, b.ratio
	return t
}

func (t RandomErasing) box() boxRange {
	return newBoxRange(t.Scale, [2]float64{0.02, 0.33}, t.Ratio, [2]float64{0.3, 3.3})
}
