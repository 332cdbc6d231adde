//go:build !amd64

package kernel

var panelTiers = byTier[panelTier]{Generic: &genericPanels}
