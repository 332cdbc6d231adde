//go:build !amd64

package kernel

// smallSets is without kernels: what they are for is left to Gemm.
var smallSets = byTier[smallSet]{Generic: {}}
