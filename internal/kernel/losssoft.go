package kernel

import "math"

// SoftCrossEntropy is the softmax cross-entropy of logits, of shape (N, C),
// against a target of the same shape, the probabilities of the classes, with the
// semantics of torch.nn.functional.cross_entropy. With e the label smoothing and
// lp the log-softmax of the logits, the term of a row with target t is
//
//	-sum over c of ((1-e)*t[c] + e/C) * lp[c]
//
// Targets need not add up to 1.
type SoftCrossEntropy struct {
	N, C           int
	LabelSmoothing float32 // from 0 to 1
	Reduction      Reduction
}

// Forward sets loss, of length 1, or N for ReductionNone.
func (c SoftCrossEntropy) Forward(loss, logits, target []float32) {
	c.check(loss, logits, target)
	lines := softmaxLines(c.C)
	partial := sums.borrow((c.N + lines - 1) / lines)
	a := softCrossEntropyArgs{SoftCrossEntropy: c, logits: logits, target: target, partial: partial, lines: lines}
	if c.Reduction == ReductionNone {
		a.out = loss
	}
	softCrossEntropyRegion.run(len(partial), a)
	if c.Reduction != ReductionNone {
		total := 0.0
		for _, s := range partial {
			total += s
		}
		if c.Reduction == ReductionMean {
			total /= float64(c.N)
		}
		loss[0] = float32(total)
	}
	sums.giveBack(partial)
}

// Backward sets dlogits to the gradient with respect to logits, given dloss for
// loss. dlogits may be logits.
func (c SoftCrossEntropy) Backward(dlogits, logits, target, dloss []float32) {
	c.check(dloss, logits, target)
	sameLength(len(dlogits), len(logits))
	lines := softmaxLines(c.C)
	a := softCrossEntropyArgs{SoftCrossEntropy: c, logits: logits, target: target, out: dlogits, dloss: dloss, lines: lines}
	softCrossEntropyGradRegion.run((c.N+lines-1)/lines, a)
}

func (c *SoftCrossEntropy) check(loss, logits, target []float32) {
	sameLength(len(logits), c.N*c.C)
	sameLength(len(target), c.N*c.C)
	sameLength(len(loss), c.Reduction.results(c.N))
}

type softCrossEntropyArgs struct {
	SoftCrossEntropy
	logits, target []float32
	out            []float32 // terms of the loss, or the gradient
	dloss          []float32
	partial        []float64 // sums of the terms of each piece
	lines          int       // rows in a piece
}

var softCrossEntropyRegion = newRegion(func(a *softCrossEntropyArgs, piece int) {
	s := takeSoftmaxWork()
	total := 0.0
	for row := piece * a.lines; row < min((piece+1)*a.lines, a.N); row++ {
		term := a.term(s, row)
		if a.out != nil {
			a.out[row] = float32(term)
		}
		total += term
	}
	a.partial[piece] = total
	softmaxWorks.put(s)
})

var softCrossEntropyGradRegion = newRegion(func(a *softCrossEntropyArgs, piece int) {
	s := takeSoftmaxWork()
	for row := piece * a.lines; row < min((piece+1)*a.lines, a.N); row++ {
		a.grad(s, row)
	}
	softmaxWorks.put(s)
})

// row returns the logits and the target of a row.
func (a *softCrossEntropyArgs) row(i int) (x, t []float32) {
	return a.logits[i*a.C:][:a.C], a.target[i*a.C:][:a.C]
}

// term returns the loss of a row.
func (a *softCrossEntropyArgs) term(s *softmaxWork, row int) float64 {
	x, t := a.row(row)
	m := s.lineMax(x)
	logSum := math.Log(s.k.sumExp(x, m))
	hit, spread := a.smoothing()
	term := 0.0
	for c, v := range x {
		// The conversions keep the products from being fused into the sums.
		p := float64(hit*float64(t[c])) + spread
		term += float64(p * (logSum - float64(v-m)))
	}
	return term
}

// grad computes the gradient of a row,
//
//	g * (p[k] * sum over c of t[c]  -  t[k])
//
// with p the softmax and t the smoothed target.
func (a *softCrossEntropyArgs) grad(s *softmaxWork, row int) {
	x, t := a.row(row)
	d := a.out[row*a.C:][:a.C]
	g := float64(a.dloss[0])
	switch a.Reduction {
	case ReductionMean:
		g /= float64(a.N)
	case ReductionNone:
		g = float64(a.dloss[row])
	}
	hit, spread := a.smoothing()
	whole := 0.0
	for _, v := range t {
		whole += float64(v)
	}
	whole = float64(hit*whole) + float64(spread*float64(a.C))
	sum := s.k.exps(d, x, s.lineMax(x))
	s.e.scale(d, d, float32(g*whole/sum))
	s.e.axpy(d, t, -float32(g*hit))
	if spread != 0 {
		s.e.shift(d, d, -float32(g*spread))
	}
}

// smoothing returns what a smoothed target is of the given one: hit*t + spread.
func (a *softCrossEntropyArgs) smoothing() (hit, spread float64) {
	e := float64(a.LabelSmoothing)
	return 1 - e, e / float64(a.C)
}
