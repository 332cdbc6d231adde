package kernel

import "unsafe"

//go:noescape
func tileNEON_8x3(t *byte)

//go:noescape
func tileNEON_8x2(t *byte)

//go:noescape
func tileNEON_8x1(t *byte)

//go:noescape
func tileNEON_1x4(t *byte)

//go:noescape
func tileNEON_1x1(t *byte)

// neonTile completes a kernel that leaves the sums in scratch.
func neonTile(vectors int, sum func(t *byte)) tileKernel {
	return func(t *byte) {
		sum(t)
		(*tileArgs)(unsafe.Pointer(t)).finish(vectors, 4)
	}
}

var tileSets = byTier[tileSet]{
	Generic: genericTiles,
	NEON: {
		lanes: 4,
		classes: []tileClass{
			{8, []tileKernel{neonTile(1, tileNEON_8x1), neonTile(2, tileNEON_8x2), neonTile(3, tileNEON_8x3)}},
			{1, []tileKernel{neonTile(1, tileNEON_1x1), goTile(1, 2, 4), goTile(1, 3, 4), neonTile(4, tileNEON_1x4)}},
		},
		code: plainCode,
	},
}
