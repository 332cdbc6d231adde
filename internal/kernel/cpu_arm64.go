package kernel

// nativeTiers returns the tiers above Generic of this machine. Every arm64 CPU
// that Go supports has NEON (ASIMD).
func nativeTiers() []Tier { return []Tier{NEON} }
