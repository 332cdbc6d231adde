package kernel

// The loops in assembly, by tier. What a tier has no version of is the twin.
func init() {
	elementwise[AVX2] = &elementwiseKernels{
		add: addAVX2, mul: mulAVX2, scale: scaleAVX2, axpy: axpyAVX2, shift: shiftAVX2, sum: sumAVX2, dot: dotAVX2,
	}
	elementwise[AVX512] = &elementwiseKernels{
		add: addAVX512, mul: mulAVX512, scale: scaleAVX512, axpy: axpyAVX512, shift: shiftAVX512, sum: sumAVX512, dot: dotAVX512,
	}
	activations[AVX2] = &activationKernels{
		relu: reluAVX2, reluGrad: reluGradAVX2, addReLU: addReLUAVX2,
		leaky: leakyAVX2, leakyGrad: leakyGradAVX2,
		sigmoid: sigmoidAVX2, sigmoidGrad: sigmoidGradAVX2,
		tanh: tanhAVX2, tanhGrad: tanhGradAVX2,
		gelu: geluAVX2, geluGrad: geluGradAVX2,
		geluTanh: geluTanhAVX2, geluTanhGrad: geluTanhGradAVX2,
	}
	activations[AVX512] = &activationKernels{
		relu: reluAVX512, reluGrad: reluGradAVX512, addReLU: addReLUAVX512,
		leaky: leakyAVX512, leakyGrad: leakyGradAVX512,
		sigmoid: sigmoidAVX512, sigmoidGrad: sigmoidGradAVX512,
		tanh: tanhAVX512, tanhGrad: tanhGradAVX512,
		gelu: geluAVX512, geluGrad: geluGradAVX512,
		geluTanh: geluTanhAVX512, geluTanhGrad: geluTanhGradAVX512,
	}
	batchNorms[AVX2] = &batchNormKernels{
		moments: momentsAVX2, products: productsAVX2, productsReLU: productsReLUAVX2, productsOf: productsOfAVX2,
		apply: applyAVX2, applyReLU: applyReLUAVX2, applyAdd: applyAddAVX2, applyAddReLU: applyAddReLUAVX2,
		inputGrad: inputGradAVX2, inputGradReLU: inputGradReLUAVX2, gain: gainAVX2, gainReLU: gainReLUAVX2,
	}
	batchNorms[AVX512] = &batchNormKernels{
		moments: momentsAVX512, products: productsAVX512, productsReLU: productsReLUAVX512, productsOf: productsOfAVX512,
		apply: applyAVX512, applyReLU: applyReLUAVX512, applyAdd: applyAddAVX512, applyAddReLU: applyAddReLUAVX512,
		inputGrad: inputGradAVX512, inputGradReLU: inputGradReLUAVX512, gain: gainAVX512, gainReLU: gainReLUAVX512,
	}
	windowLoops[AVX2] = &windowKernels{max: maxWindowsAVX2, maxGrad: maxWindowsGradAVX2, sum: sumWindowsAVX2, sumGrad: sumWindowsGradAVX2}
	pools[AVX2] = &poolKernels{
		maxRow: maxRowAVX2, take: takeAVX2, max3: maxPool3AVX2, max2: maxPool2AVX2, argmax3: argmaxPool3AVX2, argmax2: argmaxPool2AVX2,
	}
	softmaxes[AVX2] = &softmaxKernels{
		exps: expsAVX2, sumExp: sumExpAVX2, expDiff: expDiffAVX2,
		softmaxGrad: softmaxGradAVX2, logSoftmaxGrad: logSoftmaxGradAVX2,
		lanes: 8, vectorMax: vectorMaxAVX2,
	}
	layerNorms[AVX2] = &layerNormKernels{
		addSum: addSumAVX2, deviations: deviationsAVX2, affine: rowAffineAVX2, products: rowProductsAVX2, inputGrad: rowInputGradAVX2,
	}
	lstmCells[AVX2] = &cellKernels{cell: cellAVX2, grad: cellGradAVX2}
	randoms[AVX2] = &randomKernels{mask: dropoutMaskAVX2}
	optimisers[AVX2] = &optimiserKernels{
		sgd: sgdAVX2, momentum: momentumAVX2, adam: adamAVX2, amsGrad: amsGradAVX2,
		rmsProp: rmsPropAVX2, rmsPropMomentum: rmsPropMomentumAVX2, rmsPropCentered: rmsPropCenteredAVX2, rmsPropCenteredMomentum: rmsPropCenteredMomentumAVX2,
	}
	windowLoops[AVX512] = &windowKernels{max: maxWindowsAVX512, maxGrad: maxWindowsGradAVX512, sum: sumWindowsAVX512, sumGrad: sumWindowsGradAVX512}
	pools[AVX512] = &poolKernels{
		maxRow: maxRowAVX512, take: takeAVX512, max3: maxPool3AVX512, max2: maxPool2AVX512, argmax3: argmaxPool3AVX512, argmax2: argmaxPool2AVX512,
	}
	softmaxes[AVX512] = &softmaxKernels{
		exps: expsAVX512, sumExp: sumExpAVX512, expDiff: expDiffAVX512,
		softmaxGrad: softmaxGradAVX512, logSoftmaxGrad: logSoftmaxGradAVX512,
		lanes: 16, vectorMax: vectorMaxAVX512,
	}
	layerNorms[AVX512] = &layerNormKernels{
		addSum: addSumAVX512, deviations: deviationsAVX512, affine: rowAffineAVX512, products: rowProductsAVX512, inputGrad: rowInputGradAVX512,
	}
	lstmCells[AVX512] = &cellKernels{cell: cellAVX512, grad: cellGradAVX512}
	randoms[AVX512] = &randomKernels{mask: dropoutMaskAVX512}
	optimisers[AVX512] = &optimiserKernels{
		sgd: sgdAVX512, momentum: momentumAVX512, adam: adamAVX512, amsGrad: amsGradAVX512,
		rmsProp: rmsPropAVX512, rmsPropMomentum: rmsPropMomentumAVX512, rmsPropCentered: rmsPropCenteredAVX512, rmsPropCenteredMomentum: rmsPropCenteredMomentumAVX512,
	}
}
