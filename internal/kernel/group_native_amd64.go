package kernel

var groupTiers = byTier[groupSets]{Generic: &genericGroups, AVX2: &avx2Groups, AVX512: &avx512Groups}

var avx2Groups = groupSets{
	{1, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX2_1x1, groupAVX2_2x1, groupAVX2_3x1, groupAVX2_4x1, groupAVX2_5x1, groupAVX2_6x1,
	}}, [groupRun]outerKernel{groupOuterAVX2_1x1, groupOuterAVX2_1x2, groupOuterAVX2_1x3}},
	{2, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX2_1x2, groupAVX2_2x2, groupAVX2_3x2, groupAVX2_4x2, groupAVX2_5x2, groupAVX2_6x2,
	}}, [groupRun]outerKernel{groupOuterAVX2_2x1, groupOuterAVX2_2x2, groupOuterAVX2_2x3}},
	{4, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX2_1x4, groupAVX2_2x4, groupAVX2_3x4, groupAVX2_4x4, groupAVX2_5x4, groupAVX2_6x4,
	}}, [groupRun]outerKernel{groupOuterAVX2_4x1, groupOuterAVX2_4x2, groupOuterAVX2_4x3}},
	{8, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX2_1x8, groupAVX2_2x8, groupAVX2_3x8, groupAVX2_4x8, groupAVX2_5x8, groupAVX2_6x8,
	}}, [groupRun]outerKernel{groupOuterAVX2_8x1, groupOuterAVX2_8x2, groupOuterAVX2_8x3}},
}

var avx512Groups = groupSets{
	{1, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX512_1x1, groupAVX512_2x1, groupAVX512_3x1, groupAVX512_4x1, groupAVX512_5x1, groupAVX512_6x1,
		groupAVX512_7x1, groupAVX512_8x1, groupAVX512_9x1, groupAVX512_10x1, groupAVX512_11x1, groupAVX512_12x1,
	}}, [groupRun]outerKernel{groupOuterAVX512_1x1, groupOuterAVX512_1x2, groupOuterAVX512_1x3}},
	{2, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX512_1x2, groupAVX512_2x2, groupAVX512_3x2, groupAVX512_4x2, groupAVX512_5x2, groupAVX512_6x2,
		groupAVX512_7x2, groupAVX512_8x2, groupAVX512_9x2, groupAVX512_10x2, groupAVX512_11x2, groupAVX512_12x2,
	}}, [groupRun]outerKernel{groupOuterAVX512_2x1, groupOuterAVX512_2x2, groupOuterAVX512_2x3}},
	{4, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX512_1x4, groupAVX512_2x4, groupAVX512_3x4, groupAVX512_4x4, groupAVX512_5x4, groupAVX512_6x4,
		groupAVX512_7x4, groupAVX512_8x4, groupAVX512_9x4, groupAVX512_10x4, groupAVX512_11x4, groupAVX512_12x4,
	}}, [groupRun]outerKernel{groupOuterAVX512_4x1, groupOuterAVX512_4x2, groupOuterAVX512_4x3}},
	{8, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupAVX512_1x8, groupAVX512_2x8, groupAVX512_3x8, groupAVX512_4x8, groupAVX512_5x8, groupAVX512_6x8,
		groupAVX512_7x8, groupAVX512_8x8, groupAVX512_9x8, groupAVX512_10x8, groupAVX512_11x8, groupAVX512_12x8,
	}}, [groupRun]outerKernel{groupOuterAVX512_8x1, groupOuterAVX512_8x2, groupOuterAVX512_8x3}},
}
