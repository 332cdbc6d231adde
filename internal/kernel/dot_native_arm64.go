package kernel

import "unsafe"

//go:noescape
func dotNEON_4x4(t *byte)

// neonDot is dotNEON_4x4, which leaves the lanes of the sums in scratch, and
// the rest of the work.
func neonDot(t *byte) {
	dotNEON_4x4(t)
	d := (*dotArgs)(unsafe.Pointer(t))
	sums := unsafe.Slice(d.sums, 16)
	for i := range sums {
		lanes := d.scratch[4*i:][:4]
		sums[i] += (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
	}
}

var dotSets = byTier[dotSet]{
	Generic: genericDots,
	NEON:    {[]dotKernel{{4, 4, 4, neonDot}, goDot(1, 9, 4)}},
}
