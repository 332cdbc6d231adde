package kernel

var (
	avx2Wino = winoSet{
		{4, 3, 1, spreadInput4AVX2, spreadWeight4AVX2, spreadOutputGrad4AVX2, collectOutput4AVX2, collectWeightGrad4AVX2},
		{2, 3, 1, spreadInput2AVX2, spreadWeight2AVX2, spreadOutputGrad2AVX2, collectOutput2AVX2, collectWeightGrad2AVX2},
	}
	avx2Halves = winoHalves{
		winoKernels{4, 2, 2, spreadInputHalf1AVX2, spreadWeightHalfAVX2, spreadOutputGradHalfAVX2, collectOutputHalf2AVX2, collectWeightGradHalfAVX2},
		winoKernels{4, 2, 2, spreadInputHalf2AVX2, spreadWeightHalfAVX2, spreadOutputGradHalfAVX2, collectOutputHalf1AVX2, collectWeightGradHalfAVX2},
	}
	avx512Halves = winoHalves{
		winoKernels{4, 2, 2, spreadInputHalf1AVX512, spreadWeightHalfAVX512, spreadOutputGradHalfAVX512, collectOutputHalf2AVX512, collectWeightGradHalfAVX512},
		winoKernels{4, 2, 2, spreadInputHalf2AVX512, spreadWeightHalfAVX512, spreadOutputGradHalfAVX512, collectOutputHalf1AVX512, collectWeightGradHalfAVX512},
	}
	avx512Wino = winoSet{
		{4, 3, 1, spreadInput4AVX512, spreadWeight4AVX512, spreadOutputGrad4AVX512, collectOutput4AVX512, collectWeightGrad4AVX512},
		{2, 3, 1, spreadInput2AVX512, spreadWeight2AVX512, spreadOutputGrad2AVX512, collectOutput2AVX512, collectWeightGrad2AVX512},
	}
)

var winoSets = byTier[winoSet]{Generic: &genericWino, AVX2: &avx2Wino, AVX512: &avx512Wino}

// halvesSets has no entry for a tier that computes windows of 4 taps with a stride
// of two faster by their definition.
var halvesSets = byTier[winoHalves]{Generic: &genericHalves, AVX2: &avx2Halves, AVX512: &avx512Halves}
