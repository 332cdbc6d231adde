package kernel

var (
	avx2Panels = []panelSet{
		{16, []panelKernel{
			panelAVX2_1x16, panelAVX2_2x16, panelAVX2_3x16, panelAVX2_4x16, panelAVX2_5x16, panelAVX2_6x16,
		}},
	}
	avx512Panels = []panelSet{
		{32, []panelKernel{
			panelAVX512_1x32, panelAVX512_2x32, panelAVX512_3x32, panelAVX512_4x32, panelAVX512_5x32, panelAVX512_6x32,
			panelAVX512_7x32, panelAVX512_8x32, panelAVX512_9x32, panelAVX512_10x32, panelAVX512_11x32, panelAVX512_12x32,
		}},
		{16, []panelKernel{
			panelAVX512_1x16, panelAVX512_2x16, panelAVX512_3x16, panelAVX512_4x16, panelAVX512_5x16, panelAVX512_6x16,
			panelAVX512_7x16, panelAVX512_8x16, panelAVX512_9x16, panelAVX512_10x16, panelAVX512_11x16, panelAVX512_12x16,
		}},
	}
)

var (
	panelSets = byTier[[]panelSet]{Generic: &genericPanels, AVX2: &avx2Panels, AVX512: &avx512Panels}
	outers    = byTier[outerSet]{Generic: &genericOuter, AVX2: {outerAVX2}, AVX512: {outerAVX512}}
)
