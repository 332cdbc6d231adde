package kernel

var smallSets = byTier[smallSet]{
	Generic: {},
	AVX2:    {{{6, 16, smallAVX2_6x2}, {4, 16, smallAVX2_4x2}, {2, 16, smallAVX2_2x2}, {1, 16, smallAVX2_1x2}}},
	AVX512: {
		{{6, 32, smallAVX512_6x2}, {4, 32, smallAVX512_4x2}, {2, 32, smallAVX512_2x2}, {1, 32, smallAVX512_1x2}},
		{{6, 16, smallAVX512_6x1}, {4, 16, smallAVX512_4x1}, {2, 16, smallAVX512_2x1}, {1, 16, smallAVX512_1x1}},
	},
}
