package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/gorgonia-zoo/modelzoo/dataset"
)

// mistakesKept is the number of mistakes that a run shows.
const mistakesKept = 24

// mistake is an image that was taken for something else.
type mistake struct {
	Label, Prediction int
	// Own and Taken are the probabilities that the model gave to both.
	Own, Taken float64
	Index      int // of the image in the data set
	loss       float64
	input      []float32
}

// mistakes are the wrong predictions with the largest losses, the worst first.
type mistakes []mistake

// addBatch considers the images of a batch.
func (m *mistakes) addBatch(logits []float32, b *dataset.Batch) {
	n := len(b.Labels)
	classes, inputs := len(logits)/n, b.Images.Float32s()
	size := len(inputs) / n
	for i, label := range b.Labels {
		m.add(logits[i*classes:(i+1)*classes], label, b.Indices[i], inputs[i*size:(i+1)*size])
	}
}

// add considers an image. Of equal losses the first stands first.
func (m *mistakes) add(logits []float32, label, index int, input []float32) {
	r := rank(logits, label)
	if r.above == 0 || r.nan || math.IsNaN(r.loss) {
		return
	}
	at, _ := slices.BinarySearchFunc(*m, r.loss, func(have mistake, loss float64) int {
		if have.loss >= loss {
			return -1
		}
		return cmp.Compare(loss, have.loss)
	})
	if at == mistakesKept {
		return
	}
	kept := slices.Insert(*m, at, mistake{
		Label: label, Prediction: r.best, Own: math.Exp(-r.loss), Taken: r.confidence,
		Index: index, loss: r.loss, input: slices.Clone(input),
	})
	*m = kept[:min(len(kept), mistakesKept)]
}
