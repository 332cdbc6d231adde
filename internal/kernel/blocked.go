package kernel

// blocked computes convolutions whose images are blocked. Each pass is made when
// it is first needed.
type blocked struct {
	ConvShape
	forwardPass correlator
	inputPass   correlator
	weights     weightGrader
}

// A correlator computes a pass from images to images, of one shape.
type correlator interface {
	// pack brings the convolution's weights (K, C/Groups, KH, KW) into the order
	// that run reads.
	pack(w []float32)
	// run computes y from x and the packed weights.
	run(y, x []float32, e Epilogue)
	name() string
}

// A weightGrader computes the gradient of the weights.
type weightGrader interface {
	run(dw, x, dy []float32)
}

func newBlocked(s ConvShape) *blocked {
	return &blocked{ConvShape: s, forwardPass: newDirect(s)}
}

func (b *blocked) name() string { return b.forwardPass.name() }

func (b *blocked) pack(w []float32) { b.forwardPass.pack(w) }

func (b *blocked) forward(y, x []float32, e Epilogue) { b.forwardPass.run(y, x, e) }

func (b *blocked) inputGrad(dx, dy, w []float32) {
	if b.inputPass == nil {
		b.inputPass = newDirectInput(b.ConvShape)
	}
	b.inputPass.pack(w)
	b.inputPass.run(dx, dy, Epilogue{})
}

func (b *blocked) weightGrad(dw, x, dy []float32) {
	if b.weights == nil {
		b.weights = newOuterPass(b.ConvShape)
	}
	b.weights.run(dw, x, dy)
}
