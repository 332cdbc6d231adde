package colour

// ToHSV converts as Pillow's convert("HSV"): hue, saturation and value from 0 to
// 255.
func ToHSV(r, g, b uint8) (h, s, v uint8) {
	hi, lo := max(r, g, b), min(r, g, b)
	if hi == lo {
		return 0, 0, hi
	}
	span, middle := float32(hi-lo), r+g+b-hi-lo
	// Pillow divides the distance from the largest channel for all three. For that one
	// it is 0 and for the least 1, so that one quotient is left.
	part := float32(hi-middle) / span
	var hue float32
	switch {
	case hi == r && lo == b:
		hue = 1 - part
	case hi == r:
		hue = part - 1
	case hi == g && lo == r:
		hue = 3 - part
	case hi == g:
		hue = part + 1
	case lo == g:
		hue = 5 - part
	default:
		hue = part + 3
	}
	turn := float64(hue)/6 + 1
	if turn >= 1 {
		turn--
	}
	return uint8(float64(float32(turn)) * 255), uint8(float64(span/float32(hi)) * 255), hi
}

// FromHSV converts back as Pillow's convert("RGB") of an HSV image.
func FromHSV(h, s, v uint8) (r, g, b uint8) {
	sixth := float64(h) * 6 / 255
	sector := int(sixth)
	f := float64(float32(sixth - float64(sector)))
	fs := float64(float32(s) / 255)
	// The conversions keep the products from being fused into the sums.
	near := func(less float64) uint8 { return uint8(float64(float64(v)*(1-less)) + 0.5) }
	p, q, t := near(fs), near(float64(fs*f)), near(float64(fs*(1-f)))
	switch sector {
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	case 5:
		return v, p, q
	}
	return v, t, p // 0, and 6 where the circle closes
}
