package colour

// Weights of red, green and blue in the luminance of ITU-R BT.601, as the
// sixteen-bit integers that Pillow uses.
const (
	Red   = 19595
	Green = 38470
	Blue  = 7471
	One   = 1 << 16
)

// Luma returns the luminance of a colour as Pillow's convert("L") does.
func Luma(r, g, b uint8) uint8 {
	return uint8((Red*uint32(r) + Green*uint32(g) + Blue*uint32(b) + One/2) / One)
}
