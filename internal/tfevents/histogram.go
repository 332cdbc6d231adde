package tfevents

import (
	"math"
	"slices"
	"sort"
)

// limits are the upper ends of TensorFlow's buckets: they grow by a tenth from
// 1e-12 to 1e20, mirrored at 0. A value at an end is in the bucket above it.
var limits = bucketLimits()

func bucketLimits() []float64 {
	var up []float64
	for v := 1e-12; v < 1e20; v *= 1.1 {
		up = append(up, v)
	}
	up = append(up, math.MaxFloat64)
	var all []float64
	for _, v := range slices.Backward(up) {
		all = append(all, -v)
	}
	return append(append(all, 0), up...)
}

// histogram counts values in the buckets.
type histogram struct {
	min, max, sum, squares float64
	n                      int
	counts                 []float64
}

func newHistogram(values []float32) *histogram {
	h := &histogram{counts: make([]float64, len(limits))}
	for _, v := range values {
		h.add(float64(v))
	}
	return h
}

func (h *histogram) add(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	if h.n == 0 {
		h.min, h.max = v, v
	}
	h.n++
	h.min, h.max = min(h.min, v), max(h.max, v)
	h.sum += v
	h.squares += v * v
	h.counts[sort.Search(len(limits), func(i int) bool { return limits[i] > v })]++
}

// buckets are the buckets with their upper ends. Of those without a value that
// lie side by side, one that is as wide as all of them stands for them.
func (h *histogram) buckets() (ends, counts []float64) {
	for i, n := range h.counts {
		if last := len(counts) - 1; n == 0 && last >= 0 && counts[last] == 0 {
			ends[last] = limits[i]
			continue
		}
		ends, counts = append(ends, limits[i]), append(counts, n)
	}
	return ends, counts
}

// encode gives the histogram as a HistogramProto.
func (h *histogram) encode() []byte {
	ends, counts := h.buckets()
	b := double(nil, 1, h.min)
	b = double(b, 2, h.max)
	b = double(b, 3, float64(h.n))
	b = double(b, 4, h.sum)
	b = double(b, 5, h.squares)
	return doubles(doubles(b, 6, ends), 7, counts)
}
