//go:build !amd64

package resample

// tapsTogether is what the number of taps across has to be a multiple of.
func tapsTogether() int { return 1 }

func rowAcross(dst, src []uint8, a *axis) { acrossGo(dst, src, a) }

func rowDown(dst, src []uint8, weights, sums []int32) { downGo(dst, src, weights, sums) }

func nearestLanes(dst, src []uint8, size, width int, l Line, n int) bool { return false }
