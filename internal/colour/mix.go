package colour

// Mix returns from + factor*(to-from), clipped to a byte: Pillow's Image.blend, in
// float32 and truncated.
func Mix(from, to uint8, factor float32) uint8 {
	// The conversion keeps the product from being fused into the sum.
	x := float32(from) + float32(factor*float32(int(to)-int(from)))
	switch {
	case x <= 0:
		return 0
	case x >= 255:
		return 255
	}
	return uint8(x)
}
