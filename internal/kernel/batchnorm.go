package kernel

import "math"

//go:generate go run -C gen . -set batchnorm -out ../batchnorm_amd64.s -stubs ../batchnorm_amd64.go -pkg kernel

// Batch normalisation (Ioffe and Szegedy 2015) of x, of shape (n, c, hw): each
// channel over all images and positions. hw is 1 for rows of features. The
// running statistics and their momentum are the caller's business.

// BatchNormStats sets mean and variance, of length c, to those of each channel
// of x. The variance is the biased one (divided by n*hw), which training
// normalises by. Sums are accumulated in float64 around a value of the channel,
// so that a mean far above the standard deviation costs no accuracy. An empty
// channel has NaN for both.
func BatchNormStats(mean, variance []float32, x []float32, n, c, hw int) {
	sameLength(len(x), n*c*hw)
	sameLength(len(mean), c)
	sameLength(len(variance), c)
	g := newChannelGrid(n, c, hw)
	partial := sums.borrow(2 * g.rows * c)
	momentsRegion.run(g.blocks(), momentsArgs{batchNorms.get(), g, x, partial})
	m := float64(n) * float64(hw)
	for i := range c {
		s, q := g.gather(partial, i)
		s, q = s/m, q/m
		if m == 0 {
			mean[i], variance[i] = float32(math.NaN()), float32(math.NaN())
			continue
		}
		mean[i] = float32(g.pivot(x, i) + s)
		variance[i] = float32(q - s*s)
	}
	sums.giveBack(partial)
}

// BatchNormApply sets y = (x - mean) * invstd * gamma + beta, channel by
// channel, and then max(y, 0) if relu is set (NaN stays NaN). gamma and beta may
// be nil, for 1 and 0; y may be x. invstd is 1 / sqrt(variance + eps).
func BatchNormApply(y, x, mean, invstd, gamma, beta []float32, n, c, hw int, relu bool) {
	sameLength(len(x), n*c*hw)
	sameLength(len(y), n*c*hw)
	checkChannels(c, mean, invstd)
	checkChannelsOrNil(c, gamma, beta)
	k := batchNorms.get()
	loop := k.apply
	if relu {
		loop = k.applyReLU
	}
	g := newChannelGrid(n, c, hw)
	applyRegion.run(g.blocks(), applyArgs{loop, g, y, x, mean, invstd, gamma, beta})
}

// BatchNormReduce sets, for each channel, dbeta to the sum of dy and dgamma to
// the sum of dy * xhat, where xhat = (x - mean) * invstd: the gradients with
// respect to beta and gamma, whatever mean and invstd were made from, and what
// BatchNormInputGrad needs. Sums are accumulated in float64.
func BatchNormReduce(dgamma, dbeta, x, dy, mean, invstd []float32, n, c, hw int) {
	sameLength(len(x), n*c*hw)
	sameLength(len(dy), n*c*hw)
	checkChannels(c, dgamma, dbeta, mean, invstd)
	g := newChannelGrid(n, c, hw)
	partial := sums.borrow(2 * g.rows * c)
	productsRegion.run(g.blocks(), productsArgs{batchNorms.get(), g, x, dy, mean, partial})
	for i := range c {
		s, d := g.gather(partial, i)
		dbeta[i] = float32(s)
		dgamma[i] = float32(d * float64(invstd[i]))
	}
	sums.giveBack(partial)
}

// BatchNormInputGrad sets dx to the gradient with respect to x where mean and
// invstd are statistics of x itself (training):
//
//	dx = gamma * invstd * (dy - dbeta/m - xhat * dgamma/m),  m = n*hw
//
// with dgamma and dbeta from BatchNormReduce. gamma may be nil, for 1; dx may
// be x or dy.
func BatchNormInputGrad(dx, x, dy, mean, invstd, gamma, dgamma, dbeta []float32, n, c, hw int) {
	sameLength(len(dx), n*c*hw)
	sameLength(len(x), n*c*hw)
	sameLength(len(dy), n*c*hw)
	checkChannels(c, mean, invstd, dgamma, dbeta)
	checkChannelsOrNil(c, gamma)
	g := newChannelGrid(n, c, hw)
	inputGradRegion.run(g.blocks(), inputGradArgs{batchNorms.get(), g, dx, x, dy, mean, invstd, gamma, dgamma, dbeta})
}

// BatchNormInputGradEval sets dx = dy * invstd * gamma: the gradient with
// respect to x where mean and invstd are constants (running statistics). gamma
// may be nil, for 1; dx may be dy.
func BatchNormInputGradEval(dx, dy, invstd, gamma []float32, n, c, hw int) {
	sameLength(len(dx), n*c*hw)
	sameLength(len(dy), n*c*hw)
	checkChannels(c, invstd)
	checkChannelsOrNil(c, gamma)
	g := newChannelGrid(n, c, hw)
	inputGradEvalRegion.run(g.blocks(), inputGradEvalArgs{elementwise.get(), g, dx, dy, invstd, gamma})
}

// batchNormKernels are the single-threaded loops over a plane of one channel.
type batchNormKernels struct {
	moments          func(x []float32, pivot float64) (sum, squares float64)
	products         func(x, dy []float32, mean float64) (sum, dot float64)
	apply, applyReLU func(y, x []float32, mean, scale, shift float32)
	inputGrad        func(dx, x, dy []float32, mean, a, b, c float32)
}

var batchNorms = byTier[batchNormKernels]{Generic: {
	moments: momentsGo, products: productsGo, apply: applyGo, applyReLU: applyReLUGo, inputGrad: inputGradGo,
}}

// momentsGo: the sums of d and of d*d, where d = x[i] - pivot
func momentsGo(x []float32, pivot float64) (sum, squares float64) {
	for _, v := range x {
		d := float64(v) - pivot
		sum += d
		squares += d * d
	}
	return sum, squares
}

// productsGo: the sums of dy[i] and of (x[i] - mean) * dy[i]
func productsGo(x, dy []float32, mean float64) (sum, dot float64) {
	for i, v := range dy {
		g := float64(v)
		sum += g
		dot += (float64(x[i]) - mean) * g
	}
	return sum, dot
}

// applyGo: y[i] = (x[i] - mean) * scale + shift
func applyGo(y, x []float32, mean, scale, shift float32) {
	for i, v := range x {
		y[i] = (v-mean)*scale + shift
	}
}

// applyReLUGo: y[i] = max((x[i] - mean) * scale + shift, 0)
func applyReLUGo(y, x []float32, mean, scale, shift float32) {
	for i, v := range x {
		v = (v-mean)*scale + shift
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

// inputGradGo: dx[i] = a * dy[i] + b * (x[i] - mean) + c
func inputGradGo(dx, x, dy []float32, mean, a, b, c float32) {
	for i, v := range dy {
		dx[i] = a*v + (b*(x[i]-mean) + c)
	}
}

func checkChannels(c int, slices ...[]float32) {
	for _, s := range slices {
		sameLength(len(s), c)
	}
}

func checkChannelsOrNil(c int, slices ...[]float32) {
	for _, s := range slices {
		if s != nil {
			sameLength(len(s), c)
		}
	}
}

// orElse returns s[i], or otherwise if s is nil.
func orElse(s []float32, i int, otherwise float32) float32 {
	if s == nil {
		return otherwise
	}
	return s[i]
}

// gather adds up the two partial sums of a channel, in order.
func (g *channelGrid) gather(partial []float64, channel int) (first, second float64) {
	for row := range g.rows {
		p := partial[2*(row*g.c+channel):]
		first += p[0]
		second += p[1]
	}
	return first, second
}

// pivot returns the value that sums over a channel of x are taken around: its
// first one. The variance is at least the square of any value's distance from
// the mean over the number of values, which bounds what cancels. An infinite
// value is no pivot, as the mean of a channel with one is infinite and not NaN.
func (g *channelGrid) pivot(x []float32, channel int) float64 {
	v := float64(x[channel*g.hw])
	if math.IsInf(v, 0) {
		return 0
	}
	return v
}

type momentsArgs struct {
	k       *batchNormKernels
	grid    channelGrid
	x       []float32
	partial []float64 // (rows of blocks, c, 2)
}

var momentsRegion = newRegion(func(a *momentsArgs, piece int) {
	g := &a.grid
	row, n0, n1, c0, c1 := g.block(piece)
	for n := n0; n < n1; n++ {
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			s, q := a.k.moments(a.x[i:j], g.pivot(a.x, c))
			p := a.partial[2*(row*g.c+c):]
			p[0] += s
			p[1] += q
		}
	}
})

type productsArgs struct {
	k           *batchNormKernels
	grid        channelGrid
	x, dy, mean []float32
	partial     []float64 // (rows of blocks, c, 2)
}

var productsRegion = newRegion(func(a *productsArgs, piece int) {
	g := &a.grid
	row, n0, n1, c0, c1 := g.block(piece)
	for n := n0; n < n1; n++ {
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			s, d := a.k.products(a.x[i:j], a.dy[i:j], float64(a.mean[c]))
			p := a.partial[2*(row*g.c+c):]
			p[0] += s
			p[1] += d
		}
	}
})

type applyArgs struct {
	loop                            func(y, x []float32, mean, scale, shift float32)
	grid                            channelGrid
	y, x, mean, invstd, gamma, beta []float32
}

var applyRegion = newRegion(func(a *applyArgs, piece int) {
	g := &a.grid
	_, n0, n1, c0, c1 := g.block(piece)
	for n := n0; n < n1; n++ {
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			scale := a.invstd[c] * orElse(a.gamma, c, 1)
			a.loop(a.y[i:j], a.x[i:j], a.mean[c], scale, orElse(a.beta, c, 0))
		}
	}
})

type inputGradArgs struct {
	k                                             *batchNormKernels
	grid                                          channelGrid
	dx, x, dy, mean, invstd, gamma, dgamma, dbeta []float32
}

var inputGradRegion = newRegion(func(a *inputGradArgs, piece int) {
	g := &a.grid
	_, n0, n1, c0, c1 := g.block(piece)
	m := float64(g.n) * float64(g.hw)
	for n := n0; n < n1; n++ {
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			invstd := float64(a.invstd[c])
			scale := invstd * float64(orElse(a.gamma, c, 1))
			slope := -scale * invstd * float64(a.dgamma[c]) / m
			shift := -scale * float64(a.dbeta[c]) / m
			a.k.inputGrad(a.dx[i:j], a.x[i:j], a.dy[i:j], a.mean[c], float32(scale), float32(slope), float32(shift))
		}
	}
})

type inputGradEvalArgs struct {
	k                     *elementwiseKernels
	grid                  channelGrid
	dx, dy, invstd, gamma []float32
}

var inputGradEvalRegion = newRegion(func(a *inputGradEvalArgs, piece int) {
	g := &a.grid
	_, n0, n1, c0, c1 := g.block(piece)
	for n := n0; n < n1; n++ {
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			a.k.scale(a.dx[i:j], a.dy[i:j], a.invstd[c]*orElse(a.gamma, c, 1))
		}
	}
})
