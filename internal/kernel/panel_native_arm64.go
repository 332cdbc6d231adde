package kernel

//go:noescape
func panelNEON_1x16(t *byte)

//go:noescape
func panelNEON_2x16(t *byte)

//go:noescape
func panelNEON_3x16(t *byte)

//go:noescape
func panelNEON_4x16(t *byte)

//go:noescape
func panelNEON_5x16(t *byte)

//go:noescape
func panelNEON_6x16(t *byte)

//go:noescape
func outerNEON(t *byte)

var neonPanels = []panelSet{
	{16, []panelKernel{
		panelNEON_1x16, panelNEON_2x16, panelNEON_3x16, panelNEON_4x16, panelNEON_5x16, panelNEON_6x16,
	}},
}

var (
	panelSets = byTier[[]panelSet]{Generic: &genericPanels, NEON: &neonPanels}
	outers    = byTier[outerSet]{Generic: &genericOuter, NEON: {outerNEON}}
)
