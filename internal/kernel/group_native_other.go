//go:build !amd64

package kernel

var groupTiers = byTier[groupSets]{Generic: &genericGroups}
