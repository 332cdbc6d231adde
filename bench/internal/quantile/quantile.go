// Package quantile sums up times that were measured repeatedly.
package quantile

import (
	"math"
	"slices"
)

// Of returns quantile q of values, in [0, 1], linear between neighbours; NaN of
// none.
func Of(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (at-float64(i))*(sorted[j]-sorted[i])
}

// Median returns the quantile 1/2.
func Median(values []float64) float64 { return Of(values, 0.5) }
