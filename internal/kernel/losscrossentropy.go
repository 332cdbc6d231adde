package kernel

import (
	"math"

	"github.com/pkg/errors"
)

// CrossEntropy is the softmax cross-entropy of logits, of shape (N, C, Inner),
// against class labels, of shape (N, Inner), with the semantics of
// torch.nn.functional.cross_entropy. With w the class weights, e the label
// smoothing and lp the log-softmax of the logits over the C classes, the term
// of a position with label t is
//
//	-(1-e) * w[t] * lp[t]  -  e/C * sum over c of w[c] * lp[c]
type CrossEntropy struct {
	N, C int
	// Inner is the number of trailing positions (d1*d2*...), each with a label of
	// its own: 1 for logits of shape (N, C).
	Inner int
	// Weight holds a weight for each class; nil is 1 for all. A mean divides by
	// the sum of the weights of the labels, not by their number.
	Weight []float32
	// IgnoreIndex is a label whose positions are left out, if HasIgnore is set
	// (torch always has one, -100). Their terms and gradients are 0, and a mean
	// does not count them; a mean over none is NaN.
	IgnoreIndex int
	HasIgnore   bool
	// LabelSmoothing is e above, from 0 to 1 (Szegedy et al. 2016).
	LabelSmoothing float32
	Reduction      Reduction
}

// Forward sets loss, of length 1 or for ReductionNone of shape (N, Inner). It
// returns an error for a label that is no class and for a smoothing outside
// [0, 1].
func (c CrossEntropy) Forward(loss, logits []float32, labels []int) error {
	if err := c.check(loss, logits, labels); err != nil {
		return err
	}
	lines := c.lines()
	n := (len(labels) + lines - 1) / lines
	partial := sums.borrow(n)
	a := crossEntropyArgs{CrossEntropy: c, logits: logits, labels: labels, partial: partial, lines: lines}
	if c.Reduction == ReductionNone {
		a.out = loss
	}
	crossEntropyRegion.run(n, a)
	if c.Reduction != ReductionNone {
		total := 0.0
		for _, s := range partial {
			total += s
		}
		if c.Reduction == ReductionMean {
			total /= c.totalWeight(labels)
		}
		loss[0] = float32(total)
	}
	sums.giveBack(partial)
	return nil
}

// Backward sets dlogits to the gradient with respect to logits, given dloss for
// loss. Its errors are those of Forward. dlogits may be logits.
func (c CrossEntropy) Backward(dlogits, logits []float32, labels []int, dloss []float32) error {
	if err := c.check(dloss, logits, labels); err != nil {
		return err
	}
	sameLength(len(dlogits), len(logits))
	lines := c.lines()
	a := crossEntropyArgs{CrossEntropy: c, logits: logits, labels: labels, out: dlogits, dloss: dloss, lines: lines, scale: 1, classes: c.classWeight()}
	if c.Reduction == ReductionMean {
		a.scale = 1 / c.totalWeight(labels)
	}
	crossEntropyGradRegion.run((len(labels)+lines-1)/lines, a)
	return nil
}

func (c *CrossEntropy) check(loss, logits []float32, labels []int) error {
	sameLength(len(labels), c.N*c.Inner)
	sameLength(len(logits), c.N*c.C*c.Inner)
	sameLength(len(loss), c.Reduction.results(len(labels)))
	if c.Weight != nil {
		sameLength(len(c.Weight), c.C)
	}
	if !(c.LabelSmoothing >= 0 && c.LabelSmoothing <= 1) {
		return errors.Errorf("cross-entropy: label smoothing is %v, want 0 to 1", c.LabelSmoothing)
	}
	for i, t := range labels {
		if (t < 0 || t >= c.C) && !c.ignores(t) {
			return errors.Errorf("cross-entropy: label %d is %d, want 0 to %d (%d classes)", i, t, c.C-1, c.C)
		}
	}
	return nil
}

func (c *CrossEntropy) ignores(label int) bool { return c.HasIgnore && label == c.IgnoreIndex }

// weight returns the weight of a class.
func (c *CrossEntropy) weight(class int) float64 { return float64(orElse(c.Weight, class, 1)) }

// totalWeight returns what a mean divides by.
func (c *CrossEntropy) totalWeight(labels []int) float64 {
	total := 0.0
	for _, t := range labels {
		if !c.ignores(t) {
			total += c.weight(t)
		}
	}
	return total
}

// classWeight returns the sum of the weights of all classes.
func (c *CrossEntropy) classWeight() float64 {
	total := 0.0
	for i := range c.C {
		total += c.weight(i)
	}
	return total
}

// lines returns how many positions make a piece of work.
func (c *CrossEntropy) lines() int { return softmaxLines(c.C) }

type crossEntropyArgs struct {
	CrossEntropy
	logits  []float32
	labels  []int
	out     []float32 // terms of the loss, or the gradient
	dloss   []float32
	scale   float64   // what a mean multiplies by
	classes float64   // the sum of the weights of all classes
	partial []float64 // sums of the terms of each piece
	lines   int       // positions in a piece
}

var crossEntropyRegion = newRegion(func(a *crossEntropyArgs, piece int) {
	s := takeSoftmaxWork()
	total := 0.0
	a.each(piece, func(position, at, w int) {
		if a.Inner == 1 {
			x := a.logits[at:][:a.C]
			m := s.lineMax(x)
			total += a.term(position, at, m, math.Log(s.k.sumExp(x, m)))
			return
		}
		s.begin(w)
		s.stripMax(a.logits, at, a.C, a.Inner)
		for j, sum := range s.stripSumExp(a.logits, at, a.C, a.Inner) {
			total += a.term(position+j, at+j, s.m[j], math.Log(sum))
		}
	})
	a.partial[piece] = total
	softmaxWorks.put(s)
})

var crossEntropyGradRegion = newRegion(func(a *crossEntropyArgs, piece int) {
	s := takeSoftmaxWork()
	a.each(piece, func(position, at, w int) {
		if a.Inner == 1 {
			a.lineGrad(s, position, at)
		} else {
			a.stripGrad(s, position, at, w)
		}
	})
	softmaxWorks.put(s)
})

// each calls f for the positions of a piece: one by one if Inner is 1, else for
// strips of w from one image. at is the index of the first one's logit of class
// 0.
func (a *crossEntropyArgs) each(piece int, f func(position, at, w int)) {
	eachStrip(piece*a.lines, min((piece+1)*a.lines, len(a.labels)), a.C, a.Inner, f)
}

// term returns the loss of a position and stores it, if terms are wanted. The
// log-softmax of a logit x is x - m - logSum.
func (a *crossEntropyArgs) term(position, at int, m float32, logSum float64) float64 {
	label, term := a.labels[position], 0.0
	if !a.ignores(label) {
		minusLog := func(class int) float64 { return logSum - float64(a.logits[at+class*a.Inner]-m) }
		e := float64(a.LabelSmoothing)
		term = (1 - e) * a.weight(label) * minusLog(label)
		if e > 0 {
			smooth := 0.0
			for class := range a.C {
				smooth += a.weight(class) * minusLog(class)
			}
			term += e / float64(a.C) * smooth
		}
	}
	if a.out != nil {
		a.out[position] = float32(term)
	}
	return term
}

// The gradient with respect to the logit of class k at a position with label t is
//
//	g * ((1-e)*w[t]*(p[k] - [k == t]) + e/C*(p[k]*W - w[k]))
//	  = p[k] * whole - w[k]*spread - [k == t] * hit
//
// with p the softmax, W the sum of all weights and e the label smoothing.
type crossEntropyFactors struct{ whole, spread, hit float64 }

// factors returns those of a position; zeros if it is ignored.
func (a *crossEntropyArgs) factors(position int) (f crossEntropyFactors) {
	label := a.labels[position]
	if a.ignores(label) {
		return f
	}
	g := a.scale * float64(a.dloss[0])
	if a.Reduction == ReductionNone {
		g = float64(a.dloss[position])
	}
	e := float64(a.LabelSmoothing)
	f.hit = g * (1 - e) * a.weight(label)
	f.spread = g * e / float64(a.C)
	f.whole = f.hit + f.spread*a.classes
	return f
}

// lineGrad computes the gradient of a position whose logits are neighbours.
func (a *crossEntropyArgs) lineGrad(s *softmaxWork, position, at int) {
	x, d := a.logits[at:][:a.C], a.out[at:][:a.C]
	label := a.labels[position]
	if a.ignores(label) {
		clear(d)
		return
	}
	f := a.factors(position)
	sum := s.k.exps(d, x, s.lineMax(x))
	s.e.scale(d, d, float32(f.whole/sum))
	switch {
	case f.spread == 0:
	case a.Weight == nil:
		s.e.shift(d, d, -float32(f.spread))
	default:
		s.e.axpy(d, a.Weight, -float32(f.spread))
	}
	d[label] -= float32(f.hit)
}

// stripGrad computes the gradients of w positions.
func (a *crossEntropyArgs) stripGrad(s *softmaxWork, position, at, w int) {
	s.begin(w)
	s.stripMax(a.logits, at, a.C, a.Inner)
	whole, spread := s.row, s.part
	for j, sum := range s.stripSumExp(a.logits, at, a.C, a.Inner) {
		f := a.factors(position + j)
		whole[j], spread[j] = float32(f.whole/sum), float32(f.spread)
	}
	for k := range a.C {
		d := a.out[at+k*a.Inner:][:w]
		s.k.expDiff(d, a.logits[at+k*a.Inner:][:w], s.m)
		s.e.mul(d, d, whole)
		if a.LabelSmoothing > 0 {
			s.e.axpy(d, spread, -float32(a.weight(k)))
		}
	}
	for j, label := range a.labels[position:][:w] {
		if a.ignores(label) {
			for k := range a.C {
				a.out[at+k*a.Inner+j] = 0 // not 0 * NaN
			}
			continue
		}
		a.out[at+label*a.Inner+j] -= float32(a.factors(position + j).hit)
	}
}
