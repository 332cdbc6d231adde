package kernel

//go:noescape
func groupNEON_1x1(t *byte)

//go:noescape
func groupNEON_2x1(t *byte)

//go:noescape
func groupNEON_3x1(t *byte)

//go:noescape
func groupNEON_4x1(t *byte)

//go:noescape
func groupNEON_5x1(t *byte)

//go:noescape
func groupNEON_6x1(t *byte)

//go:noescape
func groupNEON_1x2(t *byte)

//go:noescape
func groupNEON_2x2(t *byte)

//go:noescape
func groupNEON_3x2(t *byte)

//go:noescape
func groupNEON_4x2(t *byte)

//go:noescape
func groupNEON_5x2(t *byte)

//go:noescape
func groupNEON_6x2(t *byte)

//go:noescape
func groupNEON_1x4(t *byte)

//go:noescape
func groupNEON_2x4(t *byte)

//go:noescape
func groupNEON_3x4(t *byte)

//go:noescape
func groupNEON_4x4(t *byte)

//go:noescape
func groupNEON_5x4(t *byte)

//go:noescape
func groupNEON_6x4(t *byte)

//go:noescape
func groupNEON_1x8(t *byte)

//go:noescape
func groupNEON_2x8(t *byte)

//go:noescape
func groupNEON_3x8(t *byte)

//go:noescape
func groupNEON_4x8(t *byte)

//go:noescape
func groupNEON_5x8(t *byte)

//go:noescape
func groupNEON_6x8(t *byte)

//go:noescape
func groupOuterNEON_1x1(t *byte)

//go:noescape
func groupOuterNEON_1x2(t *byte)

//go:noescape
func groupOuterNEON_1x3(t *byte)

//go:noescape
func groupOuterNEON_2x1(t *byte)

//go:noescape
func groupOuterNEON_2x2(t *byte)

//go:noescape
func groupOuterNEON_2x3(t *byte)

//go:noescape
func groupOuterNEON_4x1(t *byte)

//go:noescape
func groupOuterNEON_4x2(t *byte)

//go:noescape
func groupOuterNEON_4x3(t *byte)

//go:noescape
func groupOuterNEON_8x1(t *byte)

//go:noescape
func groupOuterNEON_8x2(t *byte)

//go:noescape
func groupOuterNEON_8x3(t *byte)

var groupTiers = byTier[groupSets]{Generic: &genericGroups, NEON: &neonGroups}

var neonGroups = groupSets{
	{1, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupNEON_1x1, groupNEON_2x1, groupNEON_3x1, groupNEON_4x1, groupNEON_5x1, groupNEON_6x1,
	}}, [groupRun]outerKernel{groupOuterNEON_1x1, groupOuterNEON_1x2, groupOuterNEON_1x3}},
	{2, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupNEON_1x2, groupNEON_2x2, groupNEON_3x2, groupNEON_4x2, groupNEON_5x2, groupNEON_6x2,
	}}, [groupRun]outerKernel{groupOuterNEON_2x1, groupOuterNEON_2x2, groupOuterNEON_2x3}},
	{4, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupNEON_1x4, groupNEON_2x4, groupNEON_3x4, groupNEON_4x4, groupNEON_5x4, groupNEON_6x4,
	}}, [groupRun]outerKernel{groupOuterNEON_4x1, groupOuterNEON_4x2, groupOuterNEON_4x3}},
	{8, panelSet{width: Block, run: Block, kernels: []panelKernel{
		groupNEON_1x8, groupNEON_2x8, groupNEON_3x8, groupNEON_4x8, groupNEON_5x8, groupNEON_6x8,
	}}, [groupRun]outerKernel{groupOuterNEON_8x1, groupOuterNEON_8x2, groupOuterNEON_8x3}},
}
