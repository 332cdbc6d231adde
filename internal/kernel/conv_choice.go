package kernel

import (
	"os"
	"strings"
	"sync/atomic"
)

// exact forces convolutions to be computed by their definition.
var exact atomic.Bool

func init() { exact.Store(strings.EqualFold(os.Getenv("ZOO_CONV"), "direct")) }

// SetExact says whether plans made from now on compute convolutions by their
// definition alone, without Winograd's algorithm, and returns what was said
// before. At start it is what the environment variable ZOO_CONV asks for: direct,
// or anything else for the fastest algorithm.
func SetExact(on bool) bool { return exact.Swap(on) }

// winogradTile returns the size of the tiles of outputs, 4 or 2, by which a
// convolution is computed fastest, 0 if by its definition. The rule was found by
// measuring (BenchmarkWinograd, BenchmarkConv): a tile of 4 saves more products
// but has 4 times the weights, which must be worth reading.
func winogradTile(s ConvShape) int {
	if exact.Load() || !winogradFits(s) {
		return 0
	}
	oh, ow := s.Out()
	tiles := s.N * ceilDiv(oh, 4) * ceilDiv(ow, 4)
	if tiles > 16 || tiles >= 12 && s.C*s.K <= 128*128 {
		return 4
	}
	return 2
}

// halvesPay reports whether a convolution of stride two is computed fastest by
// Winograd's algorithm, which it is from so many tiles on. They make transforming
// the weights worth it, which takes longest for the gradient of the input.
func halvesPay(s ConvShape, from int) bool {
	if exact.Load() || !halvesFit(s) || halvesSets[CurrentTier()] == nil {
		return false
	}
	oh, ow := s.Out()
	return s.N*ceilDiv(oh, 4)*ceilDiv(ow, 4) >= from
}

func choosePlanar(s ConvShape) algorithm {
	if s.Whole() {
		return newWhole(s)
	}
	return newImplicit(s)
}

func chooseForward(s ConvShape) correlator {
	if m := winogradTile(s); m > 0 {
		return newWinograd(s, m)
	}
	if halvesPay(s, 4) {
		return newHalves(s)
	}
	if s.narrowGroups() > 0 {
		return newGroupDirect(s)
	}
	return newDirect(s)
}

func chooseInput(s ConvShape) correlator {
	if m := winogradTile(s); m > 0 {
		return newWinogradInput(s, m)
	}
	if halvesPay(s, 24) {
		return newHalvesInput(s)
	}
	if s.narrowGroups() > 0 {
		return newGroupInput(s)
	}
	return newDirectInput(s)
}

// chooseWeights leaves small weights to the definition: there the transforms cost
// more than the products that they save.
func chooseWeights(s ConvShape) weightGrader {
	const small = 32 * 32
	if m := winogradTile(s); m > 0 && s.C*s.K >= small {
		return newWinogradWeights(s, m)
	}
	if halvesPay(s, 16) {
		return newHalvesWeights(s)
	}
	if s.narrowGroups() > 0 {
		return newGroupWeights(s)
	}
	return newOuterPass(s)
}
