package jpeg

// Color says what the planes of an image are.
type Color int

// The colours are what the markers of a file say, and without such what libjpeg
// assumes. Those with a K are of printing inks and, as Adobe's programs write them,
// inverted.
const (
	Gray Color = iota
	YCbCr
	RGB
	CMYK
	YCCK
)

// Image is a decoded image.
type Image struct {
	Width, Height int
	Color         Color
	Planes        []Plane

	upsamplers [4]upsampler // with their memory
}

// Plane holds the samples of a component.
type Plane struct {
	// Pix has H rows of W samples, Stride apart; what is beyond W is padding. The
	// last row may be without.
	Pix          []uint8
	Stride, W, H int
	// XRatio and YRatio are the pixels of the image for one of the plane.
	XRatio, YRatio int
}
