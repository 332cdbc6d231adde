package graph

import (
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// The bounds are those of torch: all that is drawn is inside, some of it near.
func TestXavierUniform(t *testing.T) {
	for _, c := range []struct {
		shape tensor.Shape
		bound float64
	}{
		{tensor.Shape{40, 60}, math.Sqrt(6. / 100)},
		{tensor.Shape{8, 4, 5, 5}, math.Sqrt(6. / (4*25 + 8*25))},
	} {
		x := make([]float32, c.shape.TotalSize())
		XavierUniform(x, c.shape, rng.New(1, "init"))
		largest := 0.0
		for _, v := range x {
			largest = max(largest, math.Abs(float64(v)))
		}
		if largest > c.bound || largest < 0.98*c.bound {
			t.Errorf("%v: up to %v, want a bound of %v", c.shape, largest, c.bound)
		}
	}
}
