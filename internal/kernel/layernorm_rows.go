package kernel

// A rowNorm is what a row is normalised by: z = (x - mean - rest) * scale, where
// mean and rest together are the mean to more digits than float32 has. For the
// gradient there come the mean of the gradient of z and that of its product with
// z.
type rowNorm = struct{ mean, rest, scale, sum, product float32 }

// layerNormKernels are the single-threaded loops over a row.
type layerNormKernels struct {
	addSum     func(dst, a, b []float32) (sum float64)
	deviations func(x []float32, mean float64) (sum float64)
	affine     func(y, x, weight, bias []float32, c *rowNorm)
	products   func(dweight, dbias, x, dy, weight []float32, c *rowNorm) (sum, product float64)
	inputGrad  func(dx, x, dy, weight []float32, c *rowNorm)
}

var layerNorms = byTier[layerNormKernels]{Generic: {
	addSum: addSumGo, deviations: deviationsGo, affine: rowAffineGo, products: rowProductsGo, inputGrad: rowInputGradGo,
}}

// addSumGo: dst[i] = a[i] + b[i]; the sum of dst[i]
func addSumGo(dst, a, b []float32) (sum float64) {
	for i, v := range a {
		dst[i] = v + b[i]
		sum += float64(dst[i])
	}
	return sum
}

// deviationsGo: the sum of (x[i] - mean) squared
func deviationsGo(x []float32, mean float64) (sum float64) {
	for _, v := range x {
		d := float64(v) - mean
		sum += d * d
	}
	return sum
}

// The loops below call (x[i] - mean - rest) * scale z[i].

// rowAffineGo: y[i] = z[i] * weight[i] + bias[i]
func rowAffineGo(y, x, weight, bias []float32, c *rowNorm) {
	for i, v := range x {
		y[i] = standard(v, c)*weight[i] + bias[i]
	}
}

// rowProductsGo: dweight[i] += dy[i] * z[i]; dbias[i] += dy[i]; the sums of
// g[i] = dy[i] * weight[i] and of g[i] * z[i]
func rowProductsGo(dweight, dbias, x, dy, weight []float32, c *rowNorm) (sum, product float64) {
	for i, v := range dy {
		z, g := standard(x[i], c), v*weight[i]
		dweight[i] += v * z
		dbias[i] += v
		sum += float64(g)
		product += float64(g * z)
	}
	return sum, product
}

// rowInputGradGo: dx[i] = (dy[i] * weight[i] - sum - z[i] * product) * scale
func rowInputGradGo(dx, x, dy, weight []float32, c *rowNorm) {
	for i, v := range dy {
		dx[i] = (v*weight[i] - c.sum - standard(x[i], c)*c.product) * c.scale
	}
}

// standard returns a value of a row normalised.
func standard(v float32, c *rowNorm) float32 { return (v - c.mean - c.rest) * c.scale }
