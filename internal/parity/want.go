package parity

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
)

// Want is a result of PyTorch, computed in float64: the norm of a tensor and
// its elements, all of them or a sample.
type Want struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	// Norm is the L2 norm of the finite elements.
	Norm Number `json:"norm"`
	// Values are all elements in row-major order, or, if they are fewer, those
	// at Positions(Name, size, len(Values)).
	Values []Number `json:"values"`
}

// Size is the number of elements of the whole tensor.
func (w Want) Size() int { return Tensor{Shape: w.Shape}.Size() }

// At is the index, in the whole tensor, of every one of Values.
func (w Want) At() []int {
	n := w.Size()
	if len(w.Values) < n {
		return Positions(w.Name, n, len(w.Values))
	}
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	return at
}

// Error is the largest deviation of got, a whole tensor in row-major order,
// and where it was found. An element deviates by its difference to the wanted
// one divided by the larger of the wanted one and the root mean square of the
// tensor; the norm by its relative difference. NaN equals NaN and an infinity
// itself; against any other number they deviate by +Inf.
func (w Want) Error(got []float32) (largest float64, where string) {
	n := w.Size()
	if len(got) != n {
		return math.Inf(1), fmt.Sprintf("%s has %d elements, want %v", w.Name, len(got), w.Shape)
	}
	rms := float64(w.Norm) / math.Sqrt(float64(n))
	for i, at := range w.At() {
		want := float64(w.Values[i])
		if d := deviation(float64(got[at]), want, rms); d > largest {
			largest, where = d, fmt.Sprintf("%s[%d] is %.9g, want %.9g", w.Name, at, got[at], want)
		}
	}
	if d := deviation(norm(got), float64(w.Norm), 0); d > largest {
		largest, where = d, fmt.Sprintf("the norm of %s is %.9g, want %.9g", w.Name, norm(got), w.Norm)
	}
	return largest, where
}

// Check returns an error if got deviates by more than tolerance; see Error.
func (w Want) Check(got []float32, tolerance float64) error {
	if d, where := w.Error(got); !(d <= tolerance) {
		return errors.Errorf("%s (off by %.2g, tolerance %.2g)", where, d, tolerance)
	}
	return nil
}

// deviation is |got-want| relative to the larger of |want| and floor, absolute
// where both are zero.
func deviation(got, want, floor float64) float64 {
	switch {
	case got == want || math.IsNaN(got) && math.IsNaN(want):
		return 0
	case math.IsNaN(got) || math.IsInf(got, 0) || math.IsNaN(want) || math.IsInf(want, 0):
		return math.Inf(1)
	}
	d := math.Abs(got - want)
	if size := math.Max(math.Abs(want), floor); size > 0 {
		d /= size
	}
	return d
}

// norm is the L2 norm of the finite elements.
func norm(a []float32) float64 {
	var sum float64
	for _, v := range a {
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			sum += f * f
		}
	}
	return math.Sqrt(sum)
}
