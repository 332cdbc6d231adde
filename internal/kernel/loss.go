package kernel

// Reduction says what a loss makes of its terms, one for each target.
type Reduction int

// The reductions, named as in torch. The zero value is torch's default.
const (
	ReductionMean Reduction = iota // their mean; see each loss for what it divides by
	ReductionSum                   // their sum
	ReductionNone                  // the terms themselves
)

var reductionNames = [...]string{ReductionMean: "mean", ReductionSum: "sum", ReductionNone: "none"}

// String returns the reduction's name in torch.
func (r Reduction) String() string {
	if r < 0 || int(r) >= len(reductionNames) {
		return "unknown"
	}
	return reductionNames[r]
}

// results returns the length of a loss of n terms.
func (r Reduction) results(n int) int {
	if r == ReductionNone {
		return n
	}
	return 1
}

// MSE is the squared error (x - target)^2, elementwise. The mean divides by the
// number of elements and is NaN if there are none.
type MSE struct{ Reduction Reduction }

// Forward sets loss (of length 1, or that of x for ReductionNone) to the error
// of x.
func (m MSE) Forward(loss, x, target []float32) {
	pairLoss{m.Reduction, mseLoss, mseGrad, nil, nil}.forward(loss, x, target)
}

// Backward sets dx to the gradient with respect to x, given dloss for loss. The
// gradient with respect to target is -dx. dx may be x or target.
func (m MSE) Backward(dx, x, target, dloss []float32) {
	pairLoss{m.Reduction, mseLoss, mseGrad, nil, nil}.backward(dx, x, target, dloss)
}

// BCEWithLogits is the binary cross-entropy of the probability sigmoid(x)
// against a target in [0, 1], elementwise, computed from the logit x without
// overflow:
//
//	weight * ((1-t)*x + (1 + (posWeight-1)*t) * (log(1 + exp(-|x|)) + max(-x, 0)))
//
// The mean divides by the number of elements, as torch's does, and is NaN if
// there are none.
type BCEWithLogits struct {
	// Weight scales the terms and PosWeight their positive part; nil is 1. Each
	// repeats along the elements, so one weight a class serves an (N, classes)
	// array; its length must divide theirs.
	Weight, PosWeight []float32
	Reduction         Reduction
}

// Forward sets loss (of length 1, or that of logits for ReductionNone).
func (b BCEWithLogits) Forward(loss, logits, target []float32) {
	pairLoss{b.Reduction, bceLoss, bceGrad, b.Weight, b.PosWeight}.forward(loss, logits, target)
}

// Backward sets dlogits to the gradient with respect to logits, given dloss for
// loss. dlogits may be logits or target.
func (b BCEWithLogits) Backward(dlogits, logits, target, dloss []float32) {
	pairLoss{b.Reduction, bceLoss, bceGrad, b.Weight, b.PosWeight}.backward(dlogits, logits, target, dloss)
}
