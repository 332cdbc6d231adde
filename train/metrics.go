package train

import (
	"math"

	"github.com/pkg/errors"
)

// Metrics are the sums of what is measured of a classifier, over any number of
// batches. The zero Metrics has seen nothing.
type Metrics struct {
	// N counts the images, Wrong those whose class does not have the largest
	// logit, and Wrong5 those whose class is not among the five largest. Of equal
	// logits the first counts as the larger, as in torch.argmax.
	N, Wrong, Wrong5 int
	// NaN counts the images with a NaN among their logits. They are wrong in
	// every respect and are not in the confusion matrix.
	NaN int
	// LossSum is the sum of the cross-entropies (natural logarithm).
	LossSum float64
	// Confusion counts images by their class and by the one they were taken for:
	// Confusion[label][prediction].
	Confusion [][]int
	// Images counts the images of each class.
	Images []int
	// Calibration says how much the probabilities are worth.
	Calibration Calibration
}

// Add counts images of which logits (n, classes) and the n labels are given.
func (m *Metrics) Add(logits []float32, labels []int) error {
	if len(labels) == 0 || len(logits)%len(labels) != 0 || len(logits) == 0 {
		return errors.Errorf("%d logits for %d images", len(logits), len(labels))
	}
	classes := len(logits) / len(labels)
	m.grow(classes)
	for i, label := range labels {
		if label < 0 || label >= classes {
			return errors.Errorf("label %d of an image, want 0 to %d: the logits are those of %d classes", label, classes-1, classes)
		}
		m.one(logits[i*classes:(i+1)*classes], label)
	}
	return nil
}

func (m *Metrics) grow(classes int) {
	for len(m.Confusion) < classes {
		m.Confusion = append(m.Confusion, make([]int, classes))
		m.Images = append(m.Images, 0)
	}
}

func (m *Metrics) one(logits []float32, label int) {
	m.N++
	m.Images[label]++
	r := rank(logits, label)
	m.LossSum += r.loss
	if r.above >= 1 {
		m.Wrong++
	}
	if r.above >= 5 {
		m.Wrong5++
	}
	if r.nan {
		m.NaN++
		return
	}
	m.Confusion[label][r.best]++
	m.Calibration.add(r.confidence, r.above == 0)
}

// ranking is where the right class stands among the logits of an image.
type ranking struct {
	above      int     // classes that are ahead of it
	best       int     // the class with the largest logit
	confidence float64 // the probability of that class
	loss       float64 // cross-entropy
	nan        bool    // there is a NaN; then all classes are ahead
}

func rank(logits []float32, label int) ranking {
	var r ranking
	own := logits[label]
	for c, v := range logits {
		if v != v {
			return ranking{above: math.MaxInt, loss: math.NaN(), nan: true}
		}
		if v > own || v == own && c < label {
			r.above++
		}
		if v > logits[r.best] {
			r.best = c
		}
	}
	// log(sum(exp)) with the largest logit taken out, lest exp overflow.
	top, sum := float64(logits[r.best]), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	r.confidence = 1 / sum
	r.loss = top + math.Log(sum) - float64(own)
	return r
}

// Loss returns the mean cross-entropy, NaN without images.
func (m *Metrics) Loss() float64 { return m.LossSum / float64(m.N) }

// Top1 returns the part of the images that are right, in [0, 1].
func (m *Metrics) Top1() float64 { return part(m.N-m.Wrong, m.N) }

// Top5 returns the part of the images whose class is among the five largest
// logits, in [0, 1].
func (m *Metrics) Top5() float64 { return part(m.N-m.Wrong5, m.N) }

func part(n, of int) float64 { return float64(n) / float64(of) }
