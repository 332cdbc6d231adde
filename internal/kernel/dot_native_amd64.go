package kernel

var dotSets = byTier[dotSet]{
	Generic: genericDots,
	AVX2:    {[]dotKernel{{4, 3, 8, dotAVX2_4x3}, {1, 9, 8, dotAVX2_1x9}}},
	AVX512:  {[]dotKernel{{8, 3, 16, dotAVX512_8x3}, {4, 6, 16, dotAVX512_4x6}, {1, 9, 16, dotAVX512_1x9}}},
}
