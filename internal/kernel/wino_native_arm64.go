package kernel

//go:noescape
func spreadInput4NEON(t *byte)

//go:noescape
func spreadWeight4NEON(t *byte)

//go:noescape
func spreadOutputGrad4NEON(t *byte)

//go:noescape
func collectOutput4NEON(t *byte)

//go:noescape
func collectWeightGrad4NEON(t *byte)

//go:noescape
func spreadInput2NEON(t *byte)

//go:noescape
func spreadWeight2NEON(t *byte)

//go:noescape
func spreadOutputGrad2NEON(t *byte)

//go:noescape
func collectOutput2NEON(t *byte)

//go:noescape
func collectWeightGrad2NEON(t *byte)

var neonWino = winoSet{
	{4, 3, 1, spreadInput4NEON, spreadWeight4NEON, spreadOutputGrad4NEON, collectOutput4NEON, collectWeightGrad4NEON},
	{2, 3, 1, spreadInput2NEON, spreadWeight2NEON, spreadOutputGrad2NEON, collectOutput2NEON, collectWeightGrad2NEON},
}

var winoSets = byTier[winoSet]{Generic: &genericWino, NEON: &neonWino}

// halvesSets has no entry for a tier that computes windows of 4 taps with a stride
// of two faster by their definition.
var halvesSets = byTier[winoHalves]{Generic: &genericHalves}
