package kernel

//go:noescape
func addNEON(dst, a, b []float32)

//go:noescape
func mulNEON(dst, a, b []float32)

//go:noescape
func scaleNEON(dst, a []float32, s float32)

//go:noescape
func axpyNEON(dst, a []float32, s float32)

//go:noescape
func shiftNEON(dst, a []float32, s float32)

//go:noescape
func sumNEON(a, b []float32) float64

//go:noescape
func dotNEON(a, b []float32) float64

//go:noescape
func reluNEON(y, x []float32)

//go:noescape
func reluGradNEON(dx, x, dy []float32)

//go:noescape
func addReLUNEON(y, a, b []float32)

//go:noescape
func leakyNEON(y, x []float32, slope float32)

//go:noescape
func leakyGradNEON(dx, x, dy []float32, slope float32)

//go:noescape
func momentsNEON(x []float32, c *normLanes, sums *normSums)

//go:noescape
func productsNEON(x, dy []float32, c *normLanes, sums *normSums)

//go:noescape
func productsReLUNEON(x, dy []float32, c *normLanes, sums *normSums)

//go:noescape
func productsOfNEON(dz, y, dy, x []float32, c *normLanes, sums *normSums)

//go:noescape
func applyNEON(y, x []float32, c *normLanes)

//go:noescape
func applyReLUNEON(y, x []float32, c *normLanes)

//go:noescape
func applyAddNEON(y, x, residual []float32, c *normLanes)

//go:noescape
func applyAddReLUNEON(y, x, residual []float32, c *normLanes)

//go:noescape
func inputGradNEON(dx, x, dy []float32, c *normLanes)

//go:noescape
func inputGradReLUNEON(dx, x, dy []float32, c *normLanes)

//go:noescape
func gainNEON(dx, dy []float32, c *normLanes)

//go:noescape
func gainReLUNEON(dx, x, dy []float32, c *normLanes)

// The loops in assembly. Of the activations only the simple ones have a version;
// the rest are the twins.
func init() {
	elementwise[NEON] = &elementwiseKernels{
		add: addNEON, mul: mulNEON, scale: scaleNEON, axpy: axpyNEON, shift: shiftNEON, sum: sumNEON, dot: dotNEON,
	}
	batchNorms[NEON] = &batchNormKernels{
		moments: momentsNEON, products: productsNEON, productsReLU: productsReLUNEON, productsOf: productsOfNEON,
		apply: applyNEON, applyReLU: applyReLUNEON, applyAdd: applyAddNEON, applyAddReLU: applyAddReLUNEON,
		inputGrad: inputGradNEON, inputGradReLU: inputGradReLUNEON, gain: gainNEON, gainReLU: gainReLUNEON,
	}
	a := *activations[Generic]
	a.relu, a.reluGrad, a.addReLU, a.leaky, a.leakyGrad = reluNEON, reluGradNEON, addReLUNEON, leakyNEON, leakyGradNEON
	activations[NEON] = &a
}
