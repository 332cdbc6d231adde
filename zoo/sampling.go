package zoo

import (
	"math"
	"slices"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// Sampling is how the next token is drawn from the logits of a language model.
// The zero Sampling takes the most probable token.
type Sampling struct {
	// Temperature divides the logits: 1 draws from the model's distribution, less
	// makes the probable tokens more probable, and 0 takes the most probable one.
	Temperature float64
	// TopK draws from so many of the most probable tokens; 0 for all.
	TopK int
	// TopP draws from the most probable tokens that together have at least this
	// probability (nucleus sampling, Holtzman et al. 2019); 0 or 1 for all. It comes
	// after Temperature and TopK.
	TopP float64
	// Seed determines what is drawn.
	Seed uint64
}

func (s Sampling) validate() error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return errors.Errorf("temperature %g, want 0 or more", s.Temperature)
	case s.TopK < 0:
		return errors.Errorf("top-k %d, want at least 1, or 0 for all tokens", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return errors.Errorf("top-p %g, want 0 to 1", s.TopP)
	}
	return nil
}

// picker draws tokens.
type picker struct {
	Sampling
	order []int // of the tokens, the most probable first
	p     []float64
}

func newPicker(s Sampling, vocab int) *picker {
	return &picker{Sampling: s, order: make([]int, vocab), p: make([]float64, vocab)}
}

// from draws token i of a text.
func (k *picker) from(logits []float32, i int) (int, error) {
	for t, v := range logits {
		if v != v {
			return 0, errors.Errorf("the logit of token %d is NaN: the weights are damaged, or of another model", t)
		}
		k.order[t] = t
	}
	slices.SortStableFunc(k.order, func(a, b int) int {
		switch {
		case logits[a] > logits[b]:
			return -1
		case logits[a] < logits[b]:
			return 1
		}
		return 0
	})
	if k.Temperature == 0 {
		return k.order[0], nil
	}
	kept := k.keep(logits)
	u := float64(rng.New(k.Seed, "token", uint64(i)).Uint64()>>11) / (1 << 53)
	u *= sum(k.p[:kept])
	for n, p := range k.p[:kept] {
		if u -= p; u < 0 {
			return k.order[n], nil
		}
	}
	return k.order[kept-1], nil
}

// keep computes the probabilities in the order of the tokens, up to a factor, and
// returns how many of them are drawn from.
func (k *picker) keep(logits []float32) int {
	n := len(k.order)
	if k.TopK > 0 {
		n = min(n, k.TopK)
	}
	top := float64(logits[k.order[0]])
	for i, t := range k.order[:n] {
		if v := float64(logits[t]); v == top { // infinite ones too
			k.p[i] = 1
		} else {
			k.p[i] = math.Exp((v - top) / k.Temperature)
		}
	}
	if k.TopP == 0 || k.TopP == 1 {
		return n
	}
	want, have := k.TopP*sum(k.p[:n]), 0.0
	for i, p := range k.p[:n] {
		if have += p; have >= want {
			return i + 1
		}
	}
	return n
}

func sum(p []float64) (total float64) {
	for _, v := range p {
		total += v
	}
	return total
}
