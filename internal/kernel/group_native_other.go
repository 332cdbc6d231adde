//go:build !amd64 && !arm64

package kernel

var groupTiers = byTier[groupSets]{Generic: &genericGroups}
