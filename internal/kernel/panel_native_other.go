//go:build !amd64

package kernel

var (
	panelSets = byTier[[]panelSet]{Generic: &genericPanels}
	outers    = byTier[outerSet]{Generic: &genericOuter}
)
