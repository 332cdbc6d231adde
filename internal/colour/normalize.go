package colour

// Normalize gives dst the values of src from 0 to 1, less mean, over std: (v/255 - mean)
// / std in float32 in the order of PyTorch, and so to its bits. Both have one length.
func Normalize(dst []float32, src []uint8, mean, std float32) {
	dst = dst[:len(src)]
	if !normalizeLanes(dst, src, mean, std) {
		normalizeGo(dst, src, mean, std)
	}
}

func normalizeGo(dst []float32, src []uint8, mean, std float32) {
	for i, v := range src {
		dst[i] = (float32(v)/255 - mean) / std
	}
}
