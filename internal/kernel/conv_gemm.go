package kernel

// implicit computes convolutions as matrix products of the weights with the
// shifted planes of a field, without ever writing out the shifted copies.
type implicit struct {
	ConvShape
	forwardPass *sweep
	inputPass   *inputPass  // nil until it is needed
	weights     *weightPass // nil until it is needed
	packing     []float32   // the weights that packPanel packs
	packPanel   func(int)
}

func newImplicit(s ConvShape) *implicit {
	c := &implicit{ConvShape: s}
	oh, ow := s.Out()
	f := forwardField(s)
	sum := newCorrelation(f, s.Groups, s.K/s.Groups, oh, ow, tapOffsets(s, f))
	c.forwardPass = newSweep(f, []sweepPhase{{correlation: sum, stepH: 1, stepW: 1}}, 1, s.N, oh, ow)
	c.packPanel = c.packForwardPanel
	return c
}

// tapOffsets returns where every tap of every channel of a group lies in the
// input's field, in bytes, in the order of the weights.
func tapOffsets(s ConvShape, f *field) []int64 {
	off := make([]int64, 0, s.C/s.Groups*s.KH*s.KW)
	for channel := range s.C / s.Groups {
		for kh := range s.KH {
			for kw := range s.KW {
				dh, dw := kh*s.DilationH, kw*s.DilationW
				at := f.at(dh%s.StrideH, dw%s.StrideW, dh/s.StrideH, dw/s.StrideW)
				off = append(off, int64(4*(channel*f.channel()+at)))
			}
		}
	}
	return off
}

// macs returns the number of multiplications of a pass.
func (s ConvShape) macs() int { return s.outLen() * (s.C / s.Groups) * s.KH * s.KW }

func (c *implicit) pack(w []float32) {
	sum := c.forwardPass.phases[0]
	c.packing = w
	Parallel(sum.groups*sum.panels, c.packPanel)
	c.packing = nil
}

// packForwardPanel packs the weights of one panel of output channels.
func (c *implicit) packForwardPanel(panel int) {
	sum := c.forwardPass.phases[0].correlation
	depth, row := len(sum.off), panel%sum.panels*sum.class.rows
	from := (panel/sum.panels*sum.m + row) * depth
	transposeBand(sum.panel(panel), sum.class.rows, c.packing[from:], depth, min(sum.class.rows, sum.m-row), depth)
}

// compute packs into the plan's own memory.
func (c *implicit) compute(y, x, w []float32, e Epilogue) {
	c.pack(w)
	c.forward(y, x, e)
}

func (c *implicit) forward(y, x []float32, e Epilogue) {
	if e.Bias != nil {
		c.forwardPass.phases[0].setBias(e.Bias)
	}
	c.forwardPass.run(x, target{y: y, residual: e.Residual, bias: e.Bias != nil, relu: e.ReLU}, c.macs())
}

func (c *implicit) name(Pass) string { return "implicit GEMM" }

func (c *implicit) inputGrad(dx, dy, w, bias []float32) {
	if c.inputPass == nil {
		c.inputPass = newInputPass(c.ConvShape)
	}
	c.inputPass.run(dx, dy, w)
	if bias != nil {
		AddBias(dx, dx, bias, c.N, c.C, c.H*c.W)
	}
}

func (c *implicit) weightGrad(dw, x, dy []float32) {
	if c.weights == nil {
		c.weights = newWeightPass(c.ConvShape)
	}
	c.weights.run(dw, x, dy)
}
