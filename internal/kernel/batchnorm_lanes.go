package kernel

// normLanes holds the coefficients of a plane for the loops of this file: element
// i of a plane takes those of lane i%Block. In the blocked layout a plane is that
// of Block channels side by side; of a single channel, all lanes are equal. scale
// and gain are the same number.
type normLanes = struct {
	mean, scale, shift, gain, slope, offset [Block]float32
	centre                                  [Block]float64
}

// normSums are two sums of each lane, all the first ones first.
type normSums = [2 * Block]float64

// batchNormKernels are the single-threaded loops over a plane. Those with sums
// add to them.
type batchNormKernels struct {
	moments                  func(x []float32, c *normLanes, sums *normSums)
	products, productsReLU   func(x, dy []float32, c *normLanes, sums *normSums)
	productsOf               func(dz, y, dy, x []float32, c *normLanes, sums *normSums)
	apply, applyReLU         func(y, x []float32, c *normLanes)
	applyAdd, applyAddReLU   func(y, x, residual []float32, c *normLanes)
	inputGrad, inputGradReLU func(dx, x, dy []float32, c *normLanes)
	gain                     func(dx, dy []float32, c *normLanes)
	gainReLU                 func(dx, x, dy []float32, c *normLanes)
}

var batchNorms = byTier[batchNormKernels]{Generic: {
	moments: momentsGo, products: productsGo, productsReLU: productsReLUGo, productsOf: productsOfGo,
	apply: applyGo, applyReLU: applyReLUGo, applyAdd: applyAddGo, applyAddReLU: applyAddReLUGo,
	inputGrad: inputGradGo, inputGradReLU: inputGradReLUGo, gain: gainGo, gainReLU: gainReLUGo,
}}

// momentsGo: sums of d and of d*d, where d = x[i] - centre
func momentsGo(x []float32, c *normLanes, sums *normSums) {
	for i, v := range x {
		d := float64(v) - c.centre[i%Block]
		sums[i%Block] += d
		sums[Block+i%Block] += d * d
	}
}

// productsGo: sums of dy[i] and of (x[i] - centre) * dy[i]
func productsGo(x, dy []float32, c *normLanes, sums *normSums) {
	for i, v := range dy {
		addProduct(x[i], v, i%Block, c, sums)
	}
}

// productsReLUGo: as productsGo, with 0 for dy[i] where
// (x[i] - mean) * scale + shift <= 0
func productsReLUGo(x, dy []float32, c *normLanes, sums *normSums) {
	for i, v := range dy {
		addProduct(x[i], alive(normalised(x[i], i%Block, c), v), i%Block, c, sums)
	}
}

// productsOfGo: dz[i] = dy[i], or 0 where y[i] <= 0; and as productsGo for dz
func productsOfGo(dz, y, dy, x []float32, c *normLanes, sums *normSums) {
	for i, v := range dy {
		v = alive(y[i], v)
		dz[i] = v
		addProduct(x[i], v, i%Block, c, sums)
	}
}

// applyGo: y[i] = (x[i] - mean) * scale + shift
func applyGo(y, x []float32, c *normLanes) {
	for i, v := range x {
		y[i] = normalised(v, i%Block, c)
	}
}

// applyReLUGo: y[i] = max((x[i] - mean) * scale + shift, 0)
func applyReLUGo(y, x []float32, c *normLanes) {
	for i, v := range x {
		y[i] = notBelow0(normalised(v, i%Block, c))
	}
}

// applyAddGo: y[i] = (x[i] - mean) * scale + shift + residual[i]
func applyAddGo(y, x, residual []float32, c *normLanes) {
	for i, v := range x {
		y[i] = normalised(v, i%Block, c) + residual[i]
	}
}

// applyAddReLUGo: y[i] = max((x[i] - mean) * scale + shift + residual[i], 0)
func applyAddReLUGo(y, x, residual []float32, c *normLanes) {
	for i, v := range x {
		y[i] = notBelow0(normalised(v, i%Block, c) + residual[i])
	}
}

// inputGradGo: dx[i] = gain * dy[i] + (slope * (x[i] - mean) + offset)
func inputGradGo(dx, x, dy []float32, c *normLanes) {
	for i, v := range dy {
		l := i % Block
		dx[i] = c.gain[l]*v + (c.slope[l]*(x[i]-c.mean[l]) + c.offset[l])
	}
}

// inputGradReLUGo: as inputGradGo, with 0 for dy[i] where
// (x[i] - mean) * scale + shift <= 0
func inputGradReLUGo(dx, x, dy []float32, c *normLanes) {
	for i, v := range dy {
		l := i % Block
		dx[i] = c.gain[l]*alive(normalised(x[i], l, c), v) + (c.slope[l]*(x[i]-c.mean[l]) + c.offset[l])
	}
}

// gainGo: dx[i] = gain * dy[i]
func gainGo(dx, dy []float32, c *normLanes) {
	for i, v := range dy {
		dx[i] = c.gain[i%Block] * v
	}
}

// gainReLUGo: dx[i] = gain * dy[i], or 0 where (x[i] - mean) * scale + shift <= 0
func gainReLUGo(dx, x, dy []float32, c *normLanes) {
	for i, v := range dy {
		dx[i] = alive(normalised(x[i], i%Block, c), c.gain[i%Block]*v)
	}
}

// normalised returns x normalised by the given lane.
func normalised(x float32, lane int, c *normLanes) float32 {
	return (x-c.mean[lane])*c.scale[lane] + c.shift[lane]
}

// notBelow0 is the ReLU: NaN stays NaN.
func notBelow0(v float32) float32 {
	if v < 0 {
		return 0
	}
	return v
}

// alive returns the gradient of the ReLU at y, its argument or result, that dy
// brings.
func alive(y, dy float32) float32 {
	if y <= 0 {
		return 0
	}
	return dy
}

func addProduct(x, dy float32, lane int, c *normLanes, sums *normSums) {
	g := float64(dy)
	sums[lane] += g
	sums[Block+lane] += (float64(x) - c.centre[lane]) * g
}
