//go:build !amd64

package kernel

var dotSets = byTier[dotSet]{Generic: genericDots}
