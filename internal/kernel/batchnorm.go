package kernel

import "math"

//go:generate go run -C gen . -set batchnorm -out ../batchnorm_amd64.s -stubs ../batchnorm_amd64.go -pkg kernel

// A NormShape describes the arrays of a batch normalisation (Ioffe and Szegedy
// 2015), which takes each channel over all images and positions: (N, C, HW), or
// (N, C/Block, HW, Block) if they are Blocked, with C a multiple of Block. HW is
// 1 for rows of features. The running statistics and their momentum are the
// caller's business.
type NormShape struct {
	N, C, HW int
	Blocked  bool
}

// Norm holds what each channel is normalised by, in slices of length C:
//
//	norm(x) = (x - Mean) * InvStd * Gamma + Beta
//
// InvStd is 1 / sqrt(variance + eps). Gamma and Beta may be nil, for 1 and 0.
type Norm struct{ Mean, InvStd, Gamma, Beta []float32 }

// Stats sets mean and variance, of length C, to those of each channel of x. The
// variance is the biased one (divided by N*HW), which training normalises by.
// Sums are accumulated in float64 around a value of the channel, so that a mean
// far above the standard deviation costs no accuracy. An empty channel has NaN
// for both.
func (s NormShape) Stats(mean, variance, x []float32) {
	s.checkLengths(x)
	checkChannels(s.C, mean, variance)
	w := s.begin(normWork{x: x})
	for c := range s.C {
		w.spread(c, laneNorm{centre: w.pivot(c)})
	}
	w.sum(func(w *normWork, i, j int, c *normLanes, sums *normSums) { w.k.moments(w.x[i:j], c, sums) })
	m := float64(s.N) * float64(s.HW)
	for c := range s.C {
		d, q := w.gather(c)
		d, q = d/m, q/m
		if m == 0 {
			mean[c], variance[c] = float32(math.NaN()), float32(math.NaN())
			continue
		}
		mean[c] = float32(w.pivot(c) + d)
		variance[c] = float32(q - d*d)
	}
	w.end()
}

// Apply sets y = norm(x) + residual, and then max(y, 0) if relu is set (NaN
// stays NaN), in one pass. residual may be nil, for 0; y may be x or residual.
func (s NormShape) Apply(y, x, residual []float32, n Norm, relu bool) {
	s.checkLengths(y, x)
	s.checkLengthsOrNil(residual)
	w := s.begin(normWork{y: y, x: x, residual: residual})
	w.normalise(n)
	switch {
	case residual != nil && relu:
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) {
			w.k.applyAddReLU(w.y[i:j], w.x[i:j], w.residual[i:j], c)
		})
	case residual != nil:
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) {
			w.k.applyAdd(w.y[i:j], w.x[i:j], w.residual[i:j], c)
		})
	case relu:
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) { w.k.applyReLU(w.y[i:j], w.x[i:j], c) })
	default:
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) { w.k.apply(w.y[i:j], w.x[i:j], c) })
	}
	w.end()
}

// Reduce sets, for each channel, dbeta to the sum of dy and dgamma to the sum of
// dy * xhat, where xhat = (x - mean) * invstd: the gradients with respect to beta
// and gamma, whatever mean and invstd were made from, and what InputGrad needs.
// If relu is set, dy is the gradient of max(norm(x), 0): it counts as 0 where
// norm(x) <= 0, which is found again from x. Sums are accumulated in float64.
func (s NormShape) Reduce(dgamma, dbeta, x, dy []float32, n Norm, relu bool) {
	s.checkLengths(x, dy)
	checkChannels(s.C, dgamma, dbeta)
	w := s.begin(normWork{x: x, dy: dy})
	w.normalise(n)
	if relu {
		w.sum(func(w *normWork, i, j int, c *normLanes, sums *normSums) {
			w.k.productsReLU(w.x[i:j], w.dy[i:j], c, sums)
		})
	} else {
		w.sum(func(w *normWork, i, j int, c *normLanes, sums *normSums) { w.k.products(w.x[i:j], w.dy[i:j], c, sums) })
	}
	w.sums(dgamma, dbeta, n)
	w.end()
}

// ReduceOf is Reduce where y = max(norm(x) + residual, 0) and dy is the gradient
// of y. In the same pass it sets dz to the gradient before the ReLU, which is
// that of the residual too: dy, or 0 where y <= 0. dz may be dy or y.
func (s NormShape) ReduceOf(dz, dgamma, dbeta, y, dy, x []float32, n Norm) {
	s.checkLengths(dz, y, dy, x)
	checkChannels(s.C, dgamma, dbeta)
	w := s.begin(normWork{dx: dz, y: y, dy: dy, x: x})
	w.normalise(n)
	w.sum(func(w *normWork, i, j int, c *normLanes, sums *normSums) {
		w.k.productsOf(w.dx[i:j], w.y[i:j], w.dy[i:j], w.x[i:j], c, sums)
	})
	w.sums(dgamma, dbeta, n)
	w.end()
}

// InputGrad sets dx to the gradient with respect to x where Mean and InvStd are
// statistics of x itself (training):
//
//	dx = gamma * invstd * (dy - dbeta/m - xhat * dgamma/m),  m = N*HW
//
// with dgamma and dbeta from Reduce, and relu as there. dx may be x or dy.
func (s NormShape) InputGrad(dx, x, dy, dgamma, dbeta []float32, n Norm, relu bool) {
	s.checkLengths(dx, x, dy)
	checkChannels(s.C, dgamma, dbeta)
	w := s.begin(normWork{dx: dx, x: x, dy: dy})
	w.differentiate(n, dgamma, dbeta)
	if relu {
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) {
			w.k.inputGradReLU(w.dx[i:j], w.x[i:j], w.dy[i:j], c)
		})
	} else {
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) {
			w.k.inputGrad(w.dx[i:j], w.x[i:j], w.dy[i:j], c)
		})
	}
	w.end()
}

// InputGradEval sets dx = dy * invstd * gamma: the gradient with respect to x
// where Mean and InvStd are constants (running statistics). relu is as for
// Reduce; only then is x read. dx may be x or dy.
func (s NormShape) InputGradEval(dx, x, dy []float32, n Norm, relu bool) {
	s.checkLengths(dx, dy)
	w := s.begin(normWork{dx: dx, x: x, dy: dy})
	w.normalise(n)
	if relu {
		s.checkLengths(x)
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) {
			w.k.gainReLU(w.dx[i:j], w.x[i:j], w.dy[i:j], c)
		})
	} else {
		w.run(func(w *normWork, i, j int, c *normLanes, _ *normSums) { w.k.gain(w.dx[i:j], w.dy[i:j], c) })
	}
	w.end()
}

func (s NormShape) checkLengths(arrays ...[]float32) {
	for _, a := range arrays {
		sameLength(len(a), s.N*s.C*s.HW)
	}
}

func (s NormShape) checkLengthsOrNil(a []float32) {
	if a != nil {
		s.checkLengths(a)
	}
}

func checkChannels(c int, slices ...[]float32) {
	for _, s := range slices {
		sameLength(len(s), c)
	}
}

// orElse returns s[i], or otherwise if s is nil.
func orElse(s []float32, i int, otherwise float32) float32 {
	if s == nil {
		return otherwise
	}
	return s[i]
}
