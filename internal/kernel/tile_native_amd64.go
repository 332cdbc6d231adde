package kernel

import (
	"math/bits"
	"unsafe"
)

var avx512Tiles = &tileSet{
	lanes: 16,
	classes: []tileClass{
		{8, []tileKernel{tileAVX512_8x1, tileAVX512_8x2, tileAVX512_8x3}},
		{4, []tileKernel{tileAVX512_4x1, tileAVX512_4x2, tileAVX512_4x3, tileAVX512_4x4, tileAVX512_4x5, tileAVX512_4x6}},
		{1, []tileKernel{tileAVX512_1x1, tileAVX512_1x2, tileAVX512_1x3, tileAVX512_1x4, tileAVX512_1x5, tileAVX512_1x6}},
	},
	code: plainCode,
}

var avx2Tiles = &tileSet{
	lanes: 8,
	classes: []tileClass{
		{4, []tileKernel{tileAVX2_4x1, tileAVX2_4x2, tileAVX2_4x3}},
		{1, []tileKernel{tileAVX2_1x1, tileAVX2_1x2, tileAVX2_1x3, tileAVX2_1x4, tileAVX2_1x5, tileAVX2_1x6}},
	},
	code: avx2Code,
}

var tileSets = byTier[tileSet]{Generic: genericTiles, AVX2: avx2Tiles, AVX512: avx512Tiles}

// compressOrders[m] lists the set bits of m: the permutation that moves the
// valid ones of eight columns to the front. firstLanes[n] has the lowest n of
// eight columns set. AVX2 has no masks but takes vectors like these.
var (
	compressOrders [256][8]int32
	firstLanes     [9][8]int32
)

func init() {
	for m := range compressOrders {
		next := 0
		for j := range 8 {
			if m>>j&1 != 0 {
				compressOrders[m][next] = int32(j)
				next++
			}
		}
	}
	for n := range firstLanes {
		for j := range n {
			firstLanes[n][j] = -1
		}
	}
}

// avx2Code gives the addresses of the two vectors that stand for a mask. They
// are of package variables, which stay where they are.
func avx2Code(mask uint64) (valid, stored uint64) {
	order, lanes := &compressOrders[mask], &firstLanes[bits.OnesCount64(mask)]
	return uint64(uintptr(unsafe.Pointer(order))), uint64(uintptr(unsafe.Pointer(lanes)))
}
