package kernel

import "math"

// A pairLoss is a loss whose terms come each from one x and one target.
type pairLoss struct {
	reduction         Reduction
	loss, grad        func(x, target, posWeight float64) float64
	weight, posWeight []float32 // repeated along the elements; nil: 1
}

// mseLoss: (x - target)^2
func mseLoss(x, target, _ float64) float64 { return (x - target) * (x - target) }

// mseGrad is the derivative of mseLoss with respect to x.
func mseGrad(x, target, _ float64) float64 { return 2 * (x - target) }

// bceLoss: -(p*t*log(s) + (1-t)*log(1-s)), where s = sigmoid(x)
func bceLoss(x, t, p float64) float64 {
	return (1-t)*x + (1+(p-1)*t)*(math.Log1p(math.Exp(-math.Abs(x)))+max(-x, 0))
}

// bceGrad is the derivative of bceLoss with respect to x.
func bceGrad(x, t, p float64) float64 { return (p*t+1-t)*sigmoid(x) - p*t }

type pairLossArgs struct {
	pairLoss
	out, x, target []float32 // out: terms, or the gradient
	dloss          []float32
	scale          float64
	partial        []float64 // sums of the terms of each piece
}

func (l pairLoss) check(a, b, dx, loss []float32) {
	n := len(a)
	sameLength(len(b), n)
	sameLength(len(loss), l.reduction.results(n))
	if dx != nil {
		sameLength(len(dx), n)
	}
	for _, w := range [][]float32{l.weight, l.posWeight} {
		if w != nil && n > 0 && (len(w) == 0 || n%len(w) != 0) {
			sameLength(len(w), n)
		}
	}
}

func (l pairLoss) forward(loss, x, target []float32) {
	l.check(x, target, nil, loss)
	if l.reduction == ReductionNone {
		pairLossRegion.run(pieces(len(x)), pairLossArgs{pairLoss: l, out: loss, x: x, target: target})
		return
	}
	partial := sums.borrow(pieces(len(x)))
	pairLossRegion.run(len(partial), pairLossArgs{pairLoss: l, x: x, target: target, partial: partial})
	total := 0.0
	for _, s := range partial {
		total += s
	}
	sums.giveBack(partial)
	if l.reduction == ReductionMean {
		total /= float64(len(x))
	}
	loss[0] = float32(total)
}

func (l pairLoss) backward(dx, x, target, dloss []float32) {
	l.check(x, target, dx, dloss)
	scale := 1.0
	if l.reduction == ReductionMean {
		scale = 1 / float64(len(x))
	}
	pairGradRegion.run(pieces(len(x)), pairLossArgs{pairLoss: l, out: dx, x: x, target: target, dloss: dloss, scale: scale})
}

// weights returns the weights of element i.
func (l *pairLoss) weights(i int) (weight, posWeight float64) {
	weight, posWeight = 1, 1
	if l.weight != nil {
		weight = float64(l.weight[i%len(l.weight)])
	}
	if l.posWeight != nil {
		posWeight = float64(l.posWeight[i%len(l.posWeight)])
	}
	return weight, posWeight
}

var pairLossRegion = newRegion(func(a *pairLossArgs, piece int) {
	begin, end := bounds(piece, len(a.x))
	total := 0.0
	for i := begin; i < end; i++ {
		w, p := a.weights(i)
		v := w * a.loss(float64(a.x[i]), float64(a.target[i]), p)
		if a.out != nil {
			a.out[i] = float32(v)
		}
		total += v
	}
	if a.partial != nil {
		a.partial[piece] = total
	}
})

var pairGradRegion = newRegion(func(a *pairLossArgs, piece int) {
	begin, end := bounds(piece, len(a.x))
	for i := begin; i < end; i++ {
		w, p := a.weights(i)
		g := a.dloss[0]
		if a.reduction == ReductionNone {
			g = a.dloss[i]
		}
		a.out[i] = float32(a.scale * float64(g) * w * a.grad(float64(a.x[i]), float64(a.target[i]), p))
	}
})
