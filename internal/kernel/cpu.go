package kernel

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"
)

// Tier names a set of CPU instructions that kernels are written for. A higher
// tier of the same architecture includes the lower ones: a kernel without a
// version for the current tier uses the best one below it.
type Tier int

// The tiers. Generic is plain Go and runs everywhere; AVX2 (with FMA3) and
// AVX512 (F, VL, BW, DQ) are of amd64, NEON is of arm64.
const (
	Generic Tier = iota
	NEON
	AVX2
	AVX512
)

var tierNames = [...]string{Generic: "generic", NEON: "neon", AVX2: "avx2", AVX512: "avx512"}

// String returns the tier's name as ZOO_CPU takes it.
func (t Tier) String() string {
	if t < 0 || int(t) >= len(tierNames) {
		return "unknown"
	}
	return tierNames[t]
}

// current is the tier in use. It is set once at start from what the CPU has and
// the environment; only tests change it later.
var current atomic.Int32

func init() { current.Store(int32(chooseTier(os.Getenv("ZOO_CPU"), Tiers()))) }

// CurrentTier returns the tier the kernels use: the best one of this machine,
// or what the environment variable ZOO_CPU (generic, neon, avx2 or avx512) asks
// for. A tier this machine does not have gives the best one below it; a name
// that is no tier is ignored.
func CurrentTier() Tier { return Tier(current.Load()) }

// Tiers returns the tiers this machine can run, lowest first. Generic is always
// among them.
func Tiers() []Tier { return append([]Tier{Generic}, nativeTiers()...) }

// SetTier makes t the current tier (or the best one below it that this machine
// has) and returns the one that was current before. It is for tests and
// benchmarks that go through all Tiers; it must not be called while kernels
// run, and plans made before keep the tier they were made with.
func SetTier(t Tier) Tier {
	return Tier(current.Swap(int32(bestTier(t, Tiers()))))
}

// chooseTier returns the tier for a value of ZOO_CPU on a machine that has the
// tiers in have, which are in ascending order.
func chooseTier(name string, have []Tier) Tier {
	want := slices.Index(tierNames[:], strings.ToLower(strings.TrimSpace(name)))
	if want < 0 {
		return have[len(have)-1]
	}
	return bestTier(Tier(want), have)
}

// bestTier returns the highest tier of have that is not above want.
func bestTier(want Tier, have []Tier) Tier {
	best := Generic
	for _, t := range have {
		if t <= want {
			best = t
		}
	}
	return best
}
