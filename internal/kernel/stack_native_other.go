//go:build !amd64

package kernel

var stackSets = byTier[stackSet]{Generic: &genericStacks}
