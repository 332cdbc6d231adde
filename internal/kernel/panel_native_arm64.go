package kernel

//go:noescape
func panelNEON_1x16_16(t *byte)

//go:noescape
func panelNEON_2x16_16(t *byte)

//go:noescape
func panelNEON_3x16_16(t *byte)

//go:noescape
func panelNEON_4x16_16(t *byte)

//go:noescape
func panelNEON_5x16_16(t *byte)

//go:noescape
func panelNEON_6x16_16(t *byte)

//go:noescape
func panelNEON_1x16_7(t *byte)

//go:noescape
func panelNEON_2x16_7(t *byte)

//go:noescape
func panelNEON_3x16_7(t *byte)

//go:noescape
func panelNEON_4x16_7(t *byte)

//go:noescape
func panelNEON_5x16_7(t *byte)

//go:noescape
func panelNEON_6x16_7(t *byte)

//go:noescape
func panelNEON_1x16_3(t *byte)

//go:noescape
func panelNEON_2x16_3(t *byte)

//go:noescape
func panelNEON_3x16_3(t *byte)

//go:noescape
func panelNEON_4x16_3(t *byte)

//go:noescape
func panelNEON_5x16_3(t *byte)

//go:noescape
func panelNEON_6x16_3(t *byte)

//go:noescape
func panelNEON_1x16_1(t *byte)

//go:noescape
func panelNEON_2x16_1(t *byte)

//go:noescape
func panelNEON_3x16_1(t *byte)

//go:noescape
func panelNEON_4x16_1(t *byte)

//go:noescape
func panelNEON_5x16_1(t *byte)

//go:noescape
func panelNEON_6x16_1(t *byte)

//go:noescape
func outerNEON_16(t *byte)

//go:noescape
func outerNEON_7(t *byte)

//go:noescape
func outerNEON_3(t *byte)

//go:noescape
func outerNEON_1(t *byte)

var panelTiers = byTier[panelTier]{Generic: &genericPanels, NEON: &neonPanels}

var neonPanels = panelTier{
	panels: []panelSet{
		{16, 16, []panelKernel{
			panelNEON_1x16_16, panelNEON_2x16_16, panelNEON_3x16_16, panelNEON_4x16_16, panelNEON_5x16_16, panelNEON_6x16_16,
		}},
		{16, 7, []panelKernel{
			panelNEON_1x16_7, panelNEON_2x16_7, panelNEON_3x16_7, panelNEON_4x16_7, panelNEON_5x16_7, panelNEON_6x16_7,
		}},
		{16, 3, []panelKernel{
			panelNEON_1x16_3, panelNEON_2x16_3, panelNEON_3x16_3, panelNEON_4x16_3, panelNEON_5x16_3, panelNEON_6x16_3,
		}},
		{16, 1, []panelKernel{
			panelNEON_1x16_1, panelNEON_2x16_1, panelNEON_3x16_1, panelNEON_4x16_1, panelNEON_5x16_1, panelNEON_6x16_1,
		}},
	},
	outers: []outerSet{{16, outerNEON_16}, {7, outerNEON_7}, {3, outerNEON_3}, {1, outerNEON_1}},
}
