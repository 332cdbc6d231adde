//go:build !amd64 && !arm64

package kernel

var winoSets = byTier[winoSet]{Generic: &genericWino}
