package resample

import "math"

// fraction is how many bits of a weight are below the point: a sum of samples by them
// has two bits to spare.
const fraction = 32 - 8 - 2

// axis has the weights of one direction.
type axis struct {
	from, to int
	first    []int // of the samples that a new one is made of
	taps     int   // how many these are at most, with some whose weight is 0
	weights  []int32
	exact    []float64
}

// set computes the weights for scaling so many samples to others. The taps are a
// multiple of a number if there are as many samples.
func (a *axis) set(f Filter, from, to, multiple int) {
	scale := float64(from) / float64(to)
	stretch := max(scale, 1)
	reach := f.reach * stretch
	taps := int(math.Ceil(reach))*2 + 1
	a.from, a.to, a.taps = from, to, min((taps+multiple-1)/multiple*multiple, from)
	a.first = grown(a.first, to)
	a.weights = grown(a.weights, to*a.taps)
	a.exact = grown(a.exact, a.taps)
	clear(a.weights)
	for i := range to {
		centre := float64((float64(i) + 0.5) * scale)
		first := max(int(centre-reach+0.5), 0)
		last := min(int(centre+reach+0.5), from)
		exact, sum := a.exact[:last-first], 0.0
		for j := range exact {
			exact[j] = f.weight((float64(j+first) - centre + 0.5) * (1 / stretch))
			sum += exact[j]
		}
		// All have the same number of weights, of which the first may be 0.
		a.first[i] = min(first, from-a.taps)
		weights := a.weights[i*a.taps:][first-a.first[i]:]
		for j, w := range exact {
			if sum != 0 {
				w /= sum
			}
			weights[j] = int32(w*(1<<fraction) + math.Copysign(0.5, w))
		}
	}
}

// of are the weights of a new sample.
func (a *axis) of(i int) []int32 { return a.weights[i*a.taps:][:a.taps] }

// grown returns a slice of that length, in the memory of s if it is enough.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
