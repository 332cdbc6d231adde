package kernel

var stackSets = byTier[stackSet]{
	Generic: &genericStacks,
	AVX2:    {rows: 4, lanes: 8, kernels: []stackKernel{stackAVX2_4x1, stackAVX2_4x2, stackAVX2_4x3}},
}
