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

// topBits is how many bits of a float32 say about how large it is: all but 20 of the
// fraction. Values that agree in them are an eighth apart at most.
const topBits = 12

// starts are, by those bits, the bucket of the least value that has them.
var starts = bucketStarts()

func bucketStarts() (list [1 << topBits]uint16) {
	const rest = 32 - topBits
	for top := range list {
		bits := uint32(top) << rest
		if top>>(topBits-1) == 1 { // negative: the largest fraction is the least
			bits |= 1<<rest - 1
		}
		least := float64(math.Float32frombits(bits))
		list[top] = uint16(sort.Search(len(limits), func(i int) bool { return limits[i] > least }))
	}
	return list
}

// bucket returns the bucket of a finite value.
func bucket(v float32) int {
	i := int(starts[math.Float32bits(v)>>(32-topBits)])
	for limits[i] <= float64(v) {
		i++
	}
	return i
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
		h.add(v)
	}
	return h
}

func (h *histogram) add(value float32) {
	v := float64(value)
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
	h.counts[bucket(value)]++
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
