package kernel

import "testing"

// onEachTier runs f as a subtest on every tier of this machine.
func onEachTier(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for _, tier := range Tiers() {
		t.Run(tier.String(), func(t *testing.T) {
			defer SetTier(SetTier(tier))
			f(t)
		})
	}
}

func TestChooseTier(t *testing.T) {
	amd64, old := []Tier{Generic, AVX2, AVX512}, []Tier{Generic, AVX2}
	arm64 := []Tier{Generic, NEON}
	tests := []struct {
		name string
		have []Tier
		want Tier
	}{
		{"", amd64, AVX512},
		{"", old, AVX2},
		{"", arm64, NEON},
		{"", []Tier{Generic}, Generic},
		{"generic", amd64, Generic},
		{"avx2", amd64, AVX2},
		{" AVX512 ", amd64, AVX512},
		{"avx512", old, AVX2},
		{"avx512", arm64, NEON},
		{"neon", amd64, Generic},
		{"neon", arm64, NEON},
		{"sse9", amd64, AVX512},
	}
	for _, test := range tests {
		if got := chooseTier(test.name, test.have); got != test.want {
			t.Errorf("ZOO_CPU=%q on %v: %v, want %v", test.name, test.have, got, test.want)
		}
	}
}

func TestSetTier(t *testing.T) {
	start := CurrentTier()
	defer SetTier(start)
	for _, tier := range Tiers() {
		SetTier(tier)
		if got := CurrentTier(); got != tier {
			t.Errorf("after SetTier(%v): %v", tier, got)
		}
	}
	if got := Tier(99).String(); got != "unknown" {
		t.Errorf("Tier(99) is called %q", got)
	}
}
