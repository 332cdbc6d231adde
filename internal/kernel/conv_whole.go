package kernel

// wholeConv computes convolutions whose window is the whole input, which leave one
// pixel: matrix products, as those of a linear layer. With images as rows,
//
//	y = x wᵀ    dx = dy w    dw = dyᵀ x
//
// The transpose of one is how a generator begins, and how a discriminator ends.
type wholeConv struct {
	n, in, out int // images, values of one, output channels
	channels   int // of the input
	weights    []float32
}

// Whole reports whether the window is the whole input: with planar images the
// convolution is a matrix product.
func (s ConvShape) Whole() bool {
	return s.Groups == 1 && s.spanH() == s.H && s.spanW() == s.W && s.KH == s.H && s.KW == s.W &&
		s.PadTop == 0 && s.PadLeft == 0 && s.PadBottom < s.StrideH && s.PadRight < s.StrideW
}

func newWhole(s ConvShape) *wholeConv {
	return &wholeConv{n: s.N, in: s.C * s.H * s.W, out: s.K, channels: s.C}
}

func (c *wholeConv) name(Pass) string { return "matrix product" }

func (c *wholeConv) packedLen() int { return c.in * c.out }

func (c *wholeConv) room() []float32 {
	if c.weights == nil {
		c.weights = Aligned(c.packedLen())
	}
	return c.weights
}

func (c *wholeConv) pack(w []float32) { copy(c.room(), w) }

func (c *wholeConv) forward(y, x []float32, e Epilogue) { c.compute(y, x, c.weights, e) }

// compute starts with the bias and the residual, to which the product is added.
func (c *wholeConv) compute(y, x, w []float32, e Epilogue) {
	beta := float32(1)
	switch {
	case e.Bias == nil && e.Residual == nil:
		beta = 0
	case e.Bias == nil:
		copy(y, e.Residual)
	case e.Residual == nil:
		for n := range c.n {
			copy(y[n*c.out:], e.Bias)
		}
	default:
		AddBias(y, e.Residual, e.Bias, c.n, c.out, 1)
	}
	Gemm(false, true, c.n, c.out, c.in, 1, x, c.in, w, c.in, beta, y, c.out)
	if e.ReLU {
		ReLU(y, y)
	}
}

func (c *wholeConv) inputGrad(dx, dy, w, bias []float32) {
	Gemm(false, false, c.n, c.in, c.out, 1, dy, c.out, w, c.in, 0, dx, c.in)
	if bias != nil {
		AddBias(dx, dx, bias, c.n, c.channels, c.in/c.channels)
	}
}

func (c *wholeConv) weightGrad(dw, x, dy []float32) {
	Gemm(true, false, c.out, c.in, c.n, 1, dy, c.out, x, c.in, 0, dw, c.in)
}
