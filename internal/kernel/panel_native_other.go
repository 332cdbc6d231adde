//go:build !amd64 && !arm64

package kernel

var panelTiers = byTier[panelTier]{Generic: &genericPanels}
