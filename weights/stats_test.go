package weights

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestStats(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	none := math.NaN()
	for _, c := range []struct {
		name   string
		values any
		want   Stats
	}{
		{"float32", []float32{1, 2, 3, 4}, Stats{Min: 1, Max: 4, Mean: 2.5, Std: math.Sqrt(1.25)}},
		{"one", []float32{-3}, Stats{Min: -3, Max: -3, Mean: -3}},
		{"not finite", []float32{nan, 2, inf, 4, nan}, Stats{Min: 2, Max: 4, Mean: 3, Std: 1, NaN: 2, Inf: 1}},
		{"only NaN", []float32{nan}, Stats{Min: none, Max: none, Mean: none, Std: none, NaN: 1}},
		{"far from zero", []float32{16777214, 16777216}, Stats{Min: 16777214, Max: 16777216, Mean: 16777215, Std: 1}},
		{"large", []float32{math.MaxFloat32, math.MaxFloat32}, Stats{Min: math.MaxFloat32, Max: math.MaxFloat32, Mean: math.MaxFloat32}},
		{"empty", []float32{}, Stats{Min: none, Max: none, Mean: none, Std: none}},
		{"int64", []int64{-1, 1}, Stats{Min: -1, Max: 1, Std: 1}},
		{"uint64", []uint64{4}, Stats{Min: 4, Max: 4, Mean: 4}},
		{"bytes", []byte{0, 255}, Stats{Max: 255, Mean: 127.5, Std: 127.5}},
		{"none that can be kept", "text", Stats{Min: none, Max: none, Mean: none, Std: none}},
	} {
		got := (&Tensor{Values: c.values}).Stats()
		if d := cmp.Diff(c.want, got, cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
}
