package kernel

// layRowsNative does what assembly can and reports whether it has.
func layRowsNative(dst, src []float32, rows, n, step, dstPitch, srcPitch int) bool {
	if CurrentTier() == Generic || n < 4 || step > 2 {
		return false
	}
	f := layRows8Step1
	switch {
	case n < 8 && step == 1:
		f = layRows4Step1
	case n < 8:
		f = layRows4Step2
	case step == 2:
		f = layRows8Step2
	}
	f(&dst[0], &src[0], rows, n, 4*dstPitch, 4*srcPitch)
	return true
}

// gatherNative does what assembly can and reports whether it has.
func gatherNative(dst, src []float32, groups, groupStep int, taps []int64, index []int32) bool {
	if CurrentTier() == Generic {
		return false
	}
	switch len(index) {
	case 8:
		gather8(&dst[0], &src[0], groups, 4*groupStep, &taps[0], len(taps), &index[0])
	case 4:
		gather4(&dst[0], &src[0], groups, 4*groupStep, &taps[0], len(taps), &index[0])
	default:
		return false
	}
	return true
}

// interleaveNative does what assembly can and returns how many pairs that are.
func interleaveNative(dst, even, odd []float32) int {
	blocks := len(odd) / 8
	if CurrentTier() == Generic || blocks == 0 {
		return 0
	}
	_, _ = dst[16*blocks-1], even[8*blocks-1]
	interleave8(&dst[0], &even[0], &odd[0], blocks)
	return 8 * blocks
}
