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

// strips calls f for the strips of positions of a piece: labels of w positions
// from one image, the first of them the given one, whose logit of class 0 has
// index at.
func (a *crossEntropyArgs) strips(piece int, f func(a *crossEntropyArgs, piece, position, at, w int)) {
	end := min((piece+1)*a.lines, len(a.labels))
	for p := piece * a.lines; p < end; {
		image, i := p/a.Inner, p%a.Inner
		w := min(strip, a.Inner-i, end-p)
		f(a, piece, p, image*a.C*a.Inner+i, w)
		p += w
	}
}

var crossEntropyRegion = newRegion(func(a *crossEntropyArgs, piece int) {
	a.strips(piece, crossEntropyStrip)
})

var crossEntropyGradRegion = newRegion(func(a *crossEntropyArgs, piece int) {
	a.strips(piece, crossEntropyGradStrip)
})

// crossEntropyStrip computes the terms of w positions.
func crossEntropyStrip(a *crossEntropyArgs, piece, position, at, w int) {
	var most [strip]float32
	var total, smooth [strip]float64
	m, sum := most[:w], total[:w]
	stripMax(m, a.logits, at, a.C, a.Inner)
	stripSumExp(sum, m, a.logits, at, a.C, a.Inner)
	for j, s := range sum {
		sum[j] = math.Log(s) // the log-softmax is x - m - sum
	}
	e := float64(a.LabelSmoothing)
	if e > 0 {
		for k := range a.C {
			wk := a.weight(k)
			for j, v := range a.logits[at+k*a.Inner:][:w] {
				smooth[j] += wk * (sum[j] - float64(v-m[j]))
			}
		}
	}
	for j, t := range a.labels[position:][:w] {
		term := 0.0
		if !a.ignores(t) {
			nll := sum[j] - float64(a.logits[at+t*a.Inner+j]-m[j])
			term = (1-e)*a.weight(t)*nll + e/float64(a.C)*smooth[j]
		}
		if a.out != nil {
			a.out[position+j] = float32(term)
		}
		a.partial[piece] += term
	}
}

// crossEntropyGradStrip computes the gradients of w positions:
//
//	dx[k] = g * ((1-e)*w[t]*(p[k] - [k == t]) + e/C*(p[k]*W - w[k]))
//
// with p the softmax and W the sum of all weights.
func crossEntropyGradStrip(a *crossEntropyArgs, _, position, at, w int) {
	var most, perExp [strip]float32
	var total [strip]float64
	m, sum := most[:w], total[:w]
	stripMax(m, a.logits, at, a.C, a.Inner)
	stripSumExp(sum, m, a.logits, at, a.C, a.Inner)
	var g [strip]float64
	e, labels := float64(a.LabelSmoothing), a.labels[position:][:w]
	smoothing := e / float64(a.C)
	for j, t := range labels {
		if a.ignores(t) {
			continue
		}
		g[j] = a.scale * float64(a.dloss[min(position+j, len(a.dloss)-1)])
		perExp[j] = float32(g[j] * ((1-e)*a.weight(t) + smoothing*a.classes) / sum[j])
	}
	for k := range a.C {
		d, x := a.out[at+k*a.Inner:][:w], a.logits[at+k*a.Inner:][:w]
		wk := a.weight(k)
		for j := range d {
			if perExp[j] == 0 {
				d[j] = 0
				continue
			}
			d[j] = exp32(x[j]-m[j])*perExp[j] - float32(g[j]*smoothing*wk)
		}
	}
	for j, t := range labels {
		if !a.ignores(t) {
			a.out[at+t*a.Inner+j] -= float32(g[j] * (1 - e) * a.weight(t))
		}
	}
}
