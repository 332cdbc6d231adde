package kernel

// NLLForward is Forward for log-probabilities, of shape (N, C, Inner), in place
// of logits: the term of a position with label t is -w[t] * logProbs[t], as in
// torch.nn.functional.nll_loss. LabelSmoothing is of no concern to it.
func (c CrossEntropy) NLLForward(loss, logProbs []float32, labels []int) error {
	if err := c.check(loss, logProbs, labels); err != nil {
		return err
	}
	total := 0.0
	for i, t := range labels {
		term := 0.0
		if !c.ignores(t) {
			term = -c.weight(t) * float64(logProbs[c.at(i, t)])
		}
		if c.Reduction == ReductionNone {
			loss[i] = float32(term)
		}
		total += term
	}
	switch c.Reduction {
	case ReductionMean:
		loss[0] = float32(total / c.totalWeight(labels))
	case ReductionSum:
		loss[0] = float32(total)
	}
	return nil
}

// NLLBackward sets dlogProbs to the gradient of NLLForward with respect to
// logProbs, given dloss for loss. Its errors are those of NLLForward.
func (c CrossEntropy) NLLBackward(dlogProbs, logProbs []float32, labels []int, dloss []float32) error {
	if err := c.check(dloss, logProbs, labels); err != nil {
		return err
	}
	sameLength(len(dlogProbs), len(logProbs))
	scale := 1.0
	if c.Reduction == ReductionMean {
		scale = 1 / c.totalWeight(labels)
	}
	Fill(dlogProbs, 0)
	for i, t := range labels {
		if !c.ignores(t) {
			g := float64(dloss[min(i, len(dloss)-1)])
			dlogProbs[c.at(i, t)] = float32(-g * scale * c.weight(t))
		}
	}
	return nil
}

// at returns the index of a class of the i-th position in the logits.
func (c *CrossEntropy) at(i, class int) int {
	return (i/c.Inner*c.C+class)*c.Inner + i%c.Inner
}
