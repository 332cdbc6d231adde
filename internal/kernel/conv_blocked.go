package kernel

// blockedConv computes convolutions whose images are blocked. Each pass is made when
// it is first needed.
type blockedConv struct {
	ConvShape
	forwardPass correlator
	inputPass   correlator
	weights     weightGrader
	packed      []float32 // of the forward pass, once pack was called
}

// A correlator computes a pass from images to images, of one shape.
type correlator interface {
	// packedLen returns the number of values of the packed weights.
	packedLen() int
	// pack brings the convolution's weights (K, C/Groups, KH, KW) into the order
	// that run reads.
	pack(packed, w []float32)
	// run computes y from x and the packed weights.
	run(y, x, packed []float32, e Epilogue)
	// runOnce is run with weights that are as the convolution has them and are
	// used this once.
	runOnce(y, x, w []float32, e Epilogue)
	name() string
}

// A weightGrader computes the gradient of the weights.
type weightGrader interface {
	run(dw, x, dy []float32)
	name() string
}

func newBlocked(s ConvShape) *blockedConv {
	return &blockedConv{ConvShape: s, forwardPass: chooseForward(s)}
}

func (b *blockedConv) name(p Pass) string {
	switch p {
	case InputGrad:
		return b.input().name()
	case WeightGrad:
		return b.grader().name()
	}
	return b.forwardPass.name()
}

// input and grader make the passes of the gradients when they are needed.
func (b *blockedConv) input() correlator {
	if b.inputPass == nil {
		b.inputPass = chooseInput(b.ConvShape)
	}
	return b.inputPass
}

func (b *blockedConv) grader() weightGrader {
	if b.weights == nil {
		b.weights = chooseWeights(b.ConvShape)
	}
	return b.weights
}

func (b *blockedConv) pack(w []float32) { b.forwardPass.pack(b.room(), w) }

func (b *blockedConv) forward(y, x []float32, e Epilogue) { b.forwardPass.run(y, x, b.packed, e) }

func (b *blockedConv) compute(y, x, w []float32, e Epilogue) { b.forwardPass.runOnce(y, x, w, e) }

func (b *blockedConv) inputGrad(dx, dy, w, bias []float32) {
	b.input().runOnce(dx, dy, w, Epilogue{Bias: bias})
}

func (b *blockedConv) weightGrad(dw, x, dy []float32) { b.grader().run(dw, x, dy) }

// packAndRun runs a pass with weights that are packed for this time only: where
// they change from run to run, nobody need own the memory.
func packAndRun(p correlator, y, x, w []float32, e Epilogue) {
	packed := scratch.borrow(p.packedLen())
	p.pack(packed, w)
	p.run(y, x, packed, e)
	scratch.giveBack(packed)
}
