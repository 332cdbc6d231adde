package weights

import "math"

// Stats describe the values of a tensor.
type Stats struct {
	// Min, Max, Mean and Std, the standard deviation of the whole (divided by n),
	// are of the finite values; NaN if there are none.
	Min, Max, Mean, Std float64
	// NaN and Inf count the values that are not finite.
	NaN, Inf int
}

// Stats returns the statistics of the values.
func (t *Tensor) Stats() Stats {
	switch v := t.Values.(type) {
	case []float32:
		return stats(v)
	case []int64:
		return stats(v)
	case []uint64:
		return stats(v)
	case []byte:
		return stats(v)
	}
	return stats[byte](nil)
}

func stats[T float32 | int64 | uint64 | uint8](values []T) Stats {
	s := Stats{Min: math.Inf(1), Max: math.Inf(-1)}
	n, sum := 0, 0.0
	for _, x := range values {
		switch v := float64(x); {
		case math.IsNaN(v):
			s.NaN++
		case math.IsInf(v, 0):
			s.Inf++
		default:
			s.Min, s.Max = min(s.Min, v), max(s.Max, v)
			sum += v
			n++
		}
	}
	if n == 0 {
		nan := math.NaN()
		s.Min, s.Max, s.Mean, s.Std = nan, nan, nan, nan
		return s
	}
	s.Mean = sum / float64(n)
	squares := 0.0 // of what is left of the mean: no digits cancel
	for _, x := range values {
		if v := float64(x); !math.IsNaN(v) && !math.IsInf(v, 0) {
			squares += (v - s.Mean) * (v - s.Mean)
		}
	}
	s.Std = math.Sqrt(squares / float64(n))
	return s
}
