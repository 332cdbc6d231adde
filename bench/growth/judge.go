package main

import (
	"fmt"
	"math"
)

// judge says in a word how the time of a series grows.
type judge struct {
	heading      string
	proportional bool // is the time to be compared with one proportional to x?
	of           func(x, y []float64) string
}

// exponent is the slope of time over x where both are drawn on logarithmic
// axes: 1 where the time is proportional to x, less where a part of it is fixed.
var exponent = judge{"grows as x to the power of", true, func(x, y []float64) string {
	if len(x) < 2 {
		return ""
	}
	return fmt.Sprintf("%.2f", slope(x, y))
}}

// slope is that of the straight line nearest to the logarithms.
func slope(x, y []float64) float64 {
	var mx, my, xx, xy float64
	for i := range x {
		mx += math.Log(x[i]) / float64(len(x))
		my += math.Log(y[i]) / float64(len(x))
	}
	for i := range x {
		dx, dy := math.Log(x[i])-mx, math.Log(y[i])-my
		xx += dx * dx
		xy += dx * dy
	}
	return xy / xx
}

// speedup is how much faster the best point is than the first.
var speedup = judge{"at best faster by", false, func(x, y []float64) string {
	best := 0
	for i := range y {
		if y[i] < y[best] {
			best = i
		}
	}
	return fmt.Sprintf("%.2f, at %g", y[0]/y[best], x[best])
}}
