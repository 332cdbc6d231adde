//go:build !amd64 && !arm64

package kernel

var winoSets = byTier[winoSet]{Generic: &genericWino}

// halvesSets has no entry for a tier that computes windows of 4 taps with a stride
// of two faster by their definition.
var halvesSets = byTier[winoHalves]{Generic: &genericHalves}
