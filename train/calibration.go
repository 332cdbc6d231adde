package train

import "math"

// calibrationBins is the number of bins of Guo et al. 2017.
const calibrationBins = 15

// Calibration compares how sure a classifier is of its predictions with how often
// it is right. Bin i has the images whose largest probability is in
// (i/15, (i+1)/15]. Images without a probability, for a NaN among their logits,
// are in none.
type Calibration [calibrationBins]CalibrationBin

// CalibrationBin sums up images of about the same confidence.
type CalibrationBin struct {
	N     int     `json:"n"`
	Right int     `json:"right"`
	Sum   float64 `json:"sum"` // of the confidences
}

// Confidence is the mean of the largest probabilities, 0 without images.
func (b CalibrationBin) Confidence() float64 { return b.Sum / float64(max(b.N, 1)) }

// Accuracy is the part of the images that are right, 0 without images.
func (b CalibrationBin) Accuracy() float64 { return share(b.Right, b.N) }

// add counts an image.
func (c *Calibration) add(confidence float64, right bool) {
	if math.IsNaN(confidence) {
		return
	}
	i := min(max(int(math.Ceil(confidence*calibrationBins))-1, 0), calibrationBins-1)
	c[i].N++
	c[i].Sum += confidence
	if right {
		c[i].Right++
	}
}

// Error is the expected calibration error: the mean over images of what lies
// between the confidence and the accuracy of their bin. NaN without images.
func (c *Calibration) Error() float64 {
	gap, n := 0.0, 0
	for _, b := range c {
		gap += math.Abs(b.Sum - float64(b.Right))
		n += b.N
	}
	return gap / float64(n)
}
