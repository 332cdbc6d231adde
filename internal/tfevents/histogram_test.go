package tfevents

import (
	"math"
	"slices"
	"sort"
	"testing"
)

func TestLimits(t *testing.T) {
	if !slices.IsSorted(limits) || limits[0] != -math.MaxFloat64 || limits[len(limits)-1] != math.MaxFloat64 {
		t.Error("the limits are not in order from the least number to the greatest")
	}
	zero := slices.Index(limits, 0)
	first := 1e-12
	if zero*2+1 != len(limits) || limits[zero+1] != first || limits[zero+2] != first*1.1 || limits[zero-1] != -1e-12 {
		t.Errorf("%d limits, around 0: %v", len(limits), limits[zero-1:zero+3])
	}
}

// The bucket is the first whose end is above the value, on the ends too.
func TestBucketOfEveryValue(t *testing.T) {
	var values []float32
	for _, end := range limits {
		v := float32(end)
		values = append(values, v, math.Nextafter32(v, 0), math.Nextafter32(v, 1e30), math.Nextafter32(v, -1e30))
	}
	for bits := uint32(0); bits < 1<<31; bits += 99991 {
		v := math.Float32frombits(bits)
		values = append(values, v, -v)
	}
	for _, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		if want := sort.Search(len(limits), func(i int) bool { return limits[i] > float64(v) }); bucket(v) != want {
			t.Fatalf("%g is in bucket %d, want %d", v, bucket(v), want)
		}
	}
}

func TestBuckets(t *testing.T) {
	one := limits[slices.IndexFunc(limits, func(v float64) bool { return v > 1 })]
	below := limits[slices.Index(limits, one)-1]
	for _, c := range []struct {
		name         string
		values       []float32
		ends, counts []float64
	}{
		{"nothing", nil, []float64{math.MaxFloat64}, []float64{0}},
		{"zeros", []float32{0, 0}, []float64{0, 1e-12, math.MaxFloat64}, []float64{0, 2, 0}},
		{"ones", []float32{1, 1, 1}, []float64{below, one, math.MaxFloat64}, []float64{0, 3, 0}},
		{"greatest", []float32{math.MaxFloat32}, []float64{limits[len(limits)-2], math.MaxFloat64}, []float64{0, 1}},
		{"least", []float32{-math.MaxFloat32}, []float64{-math.MaxFloat64, limits[1], math.MaxFloat64}, []float64{0, 1, 0}},
	} {
		ends, counts := newHistogram(c.values).buckets()
		if !slices.Equal(ends, c.ends) || !slices.Equal(counts, c.counts) {
			t.Errorf("%s: %v of %v, want %v of %v", c.name, counts, ends, c.counts, c.ends)
		}
	}
}
