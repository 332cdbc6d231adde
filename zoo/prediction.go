package zoo

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// Prediction is what a classifier says of an image.
type Prediction struct {
	Logits        []float32 // by class
	Probabilities []float32 // their softmax

	classes []string
}

// Class is one class of a Prediction.
type Class struct {
	Index       int     `json:"index"`
	Name        string  `json:"class"` // the index, if the file of weights names no classes
	Probability float32 `json:"probability"`
}

func newPrediction(logits []float32, classes []string) Prediction {
	return Prediction{logits, softmax(logits), classes}
}

// softmax returns the probabilities of logits.
func softmax(logits []float32) []float32 {
	p := make([]float32, len(logits))
	if len(logits) == 0 {
		return p
	}
	most := float64(slices.Max(logits))
	var sum float64
	for _, v := range logits {
		sum += math.Exp(float64(v) - most)
	}
	for i, v := range logits {
		p[i] = float32(math.Exp(float64(v)-most) / sum)
	}
	return p
}

// Top returns the k most probable classes, or all if there are fewer, the most
// probable first.
func (p Prediction) Top(k int) []Class {
	order := make([]int, len(p.Logits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.Logits[b], p.Logits[a]) })
	top := make([]Class, max(0, min(k, len(order))))
	for i := range top {
		c := order[i]
		top[i] = Class{c, className(p.classes, c), p.Probabilities[c]}
	}
	return top
}

func className(classes []string, i int) string {
	if i < len(classes) {
		return classes[i]
	}
	return strconv.Itoa(i)
}
