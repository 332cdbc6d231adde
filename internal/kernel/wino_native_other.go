//go:build !amd64

package kernel

var winoSets = byTier[winoSet]{Generic: &genericWino}
