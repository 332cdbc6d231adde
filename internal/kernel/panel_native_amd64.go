package kernel

var panelTiers = byTier[panelTier]{Generic: &genericPanels, AVX2: &avx2Panels, AVX512: &avx512Panels}

var avx2Panels = panelTier{
	panels: []panelSet{
		{16, 16, []panelKernel{
			panelAVX2_1x16_16, panelAVX2_2x16_16, panelAVX2_3x16_16, panelAVX2_4x16_16, panelAVX2_5x16_16, panelAVX2_6x16_16,
		}},
		{16, 7, []panelKernel{
			panelAVX2_1x16_7, panelAVX2_2x16_7, panelAVX2_3x16_7, panelAVX2_4x16_7, panelAVX2_5x16_7, panelAVX2_6x16_7,
		}},
		{16, 5, []panelKernel{
			panelAVX2_1x16_5, panelAVX2_2x16_5, panelAVX2_3x16_5, panelAVX2_4x16_5, panelAVX2_5x16_5, panelAVX2_6x16_5,
		}},
		{16, 4, []panelKernel{
			panelAVX2_1x16_4, panelAVX2_2x16_4, panelAVX2_3x16_4, panelAVX2_4x16_4, panelAVX2_5x16_4, panelAVX2_6x16_4,
		}},
		{16, 3, []panelKernel{
			panelAVX2_1x16_3, panelAVX2_2x16_3, panelAVX2_3x16_3, panelAVX2_4x16_3, panelAVX2_5x16_3, panelAVX2_6x16_3,
		}},
		{16, 1, []panelKernel{
			panelAVX2_1x16_1, panelAVX2_2x16_1, panelAVX2_3x16_1, panelAVX2_4x16_1, panelAVX2_5x16_1, panelAVX2_6x16_1,
		}},
	},
	outers: []outerSet{{16, outerAVX2_16}, {7, outerAVX2_7}, {5, outerAVX2_5}, {4, outerAVX2_4}, {3, outerAVX2_3}, {1, outerAVX2_1}},
}

var avx512Panels = panelTier{
	panels: []panelSet{
		{32, 16, []panelKernel{
			panelAVX512_1x32_16, panelAVX512_2x32_16, panelAVX512_3x32_16, panelAVX512_4x32_16, panelAVX512_5x32_16, panelAVX512_6x32_16,
			panelAVX512_7x32_16, panelAVX512_8x32_16, panelAVX512_9x32_16, panelAVX512_10x32_16, panelAVX512_11x32_16, panelAVX512_12x32_16,
		}},
		{16, 16, []panelKernel{
			panelAVX512_1x16_16, panelAVX512_2x16_16, panelAVX512_3x16_16, panelAVX512_4x16_16, panelAVX512_5x16_16, panelAVX512_6x16_16,
			panelAVX512_7x16_16, panelAVX512_8x16_16, panelAVX512_9x16_16, panelAVX512_10x16_16, panelAVX512_11x16_16, panelAVX512_12x16_16,
		}},
		{16, 7, []panelKernel{
			panelAVX512_1x16_7, panelAVX512_2x16_7, panelAVX512_3x16_7, panelAVX512_4x16_7, panelAVX512_5x16_7, panelAVX512_6x16_7,
			panelAVX512_7x16_7, panelAVX512_8x16_7, panelAVX512_9x16_7, panelAVX512_10x16_7, panelAVX512_11x16_7, panelAVX512_12x16_7,
		}},
		{16, 5, []panelKernel{
			panelAVX512_1x16_5, panelAVX512_2x16_5, panelAVX512_3x16_5, panelAVX512_4x16_5, panelAVX512_5x16_5, panelAVX512_6x16_5,
			panelAVX512_7x16_5, panelAVX512_8x16_5, panelAVX512_9x16_5, panelAVX512_10x16_5, panelAVX512_11x16_5, panelAVX512_12x16_5,
		}},
		{16, 4, []panelKernel{
			panelAVX512_1x16_4, panelAVX512_2x16_4, panelAVX512_3x16_4, panelAVX512_4x16_4, panelAVX512_5x16_4, panelAVX512_6x16_4,
			panelAVX512_7x16_4, panelAVX512_8x16_4, panelAVX512_9x16_4, panelAVX512_10x16_4, panelAVX512_11x16_4, panelAVX512_12x16_4,
		}},
		{16, 3, []panelKernel{
			panelAVX512_1x16_3, panelAVX512_2x16_3, panelAVX512_3x16_3, panelAVX512_4x16_3, panelAVX512_5x16_3, panelAVX512_6x16_3,
			panelAVX512_7x16_3, panelAVX512_8x16_3, panelAVX512_9x16_3, panelAVX512_10x16_3, panelAVX512_11x16_3, panelAVX512_12x16_3,
		}},
		{16, 1, []panelKernel{
			panelAVX512_1x16_1, panelAVX512_2x16_1, panelAVX512_3x16_1, panelAVX512_4x16_1, panelAVX512_5x16_1, panelAVX512_6x16_1,
			panelAVX512_7x16_1, panelAVX512_8x16_1, panelAVX512_9x16_1, panelAVX512_10x16_1, panelAVX512_11x16_1, panelAVX512_12x16_1,
		}},
	},
	outers: []outerSet{{16, outerAVX512_16}, {7, outerAVX512_7}, {5, outerAVX512_5}, {4, outerAVX512_4}, {3, outerAVX512_3}, {1, outerAVX512_1}},
}
