//go:build !amd64 && !arm64

package kernel

var dotSets = byTier[dotSet]{Generic: genericDots}
