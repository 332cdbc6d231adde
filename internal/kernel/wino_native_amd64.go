package kernel

var (
	avx2Wino = winoSet{
		{4, spreadInput4AVX2, spreadWeight4AVX2, spreadOutputGrad4AVX2, collectOutput4AVX2, collectWeightGrad4AVX2},
		{2, spreadInput2AVX2, spreadWeight2AVX2, spreadOutputGrad2AVX2, collectOutput2AVX2, collectWeightGrad2AVX2},
	}
	avx512Wino = winoSet{
		{4, spreadInput4AVX512, spreadWeight4AVX512, spreadOutputGrad4AVX512, collectOutput4AVX512, collectWeightGrad4AVX512},
		{2, spreadInput2AVX512, spreadWeight2AVX512, spreadOutputGrad2AVX512, collectOutput2AVX512, collectWeightGrad2AVX512},
	}
)

var winoSets = byTier[winoSet]{Generic: &genericWino, AVX2: &avx2Wino, AVX512: &avx512Wino}
