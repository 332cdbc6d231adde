package dataset

import (
	"bufio"
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/jpeg"
)

// DefaultMaxPixels is the largest image, in pixels, that is decoded unless
// another limit is given: the size from which Pillow warns of a decompression
// bomb.
const DefaultMaxPixels = 89478485

// Decode reads a JPEG or PNG image, told apart by their content, as three
// channels of red, green and blue. What it makes of each format is what
// Pillow's convert("RGB") makes of it: grey is repeated, palettes are looked up,
// alpha is dropped, and CMYK and YCCK are converted without a colour profile. The
// orientation in the EXIF data of a JPEG file is applied, as by Pillow's
// ImageOps.exif_transpose. Sixteen-bit samples keep their
// upper byte, also in grey images, which Pillow clips to white. All else is equal to
// what Pillow reads, bit for bit.
//
// An image of more than maxPixels is refused before its pixels are read; 0
// stands for [DefaultMaxPixels].
func Decode(r io.Reader, dst *Image, maxPixels int) error {
	if maxPixels <= 0 {
		maxPixels = DefaultMaxPixels
	}
	in := bufio.NewReader(r)
	magic, err := in.Peek(len(pngMagic))
	if err != nil && len(magic) == 0 {
		return errors.New("empty file")
	}
	format := imageFormat(magic)
	if format == nil {
		return errors.New("neither a JPEG nor a PNG image")
	}
	p, width, height, err := format.open(in)
	if err != nil {
		return errors.WithMessagef(unexpectedEOF(err), "%s header", format.name)
	}
	if width < 1 || height < 1 {
		return errors.Errorf("%s image of %dx%d pixels", format.name, width, height)
	}
	if width > maxPixels/height {
		return errors.Errorf("%s image of %dx%d pixels: the limit is %d pixels",
			format.name, width, height, maxPixels)
	}
	if err := p.decode(dst); err != nil {
		return errors.WithMessagef(unexpectedEOF(err), "%s image of %dx%d pixels", format.name, width, height)
	}
	return nil
}

// Convert makes dst the colours of src as three channels, red, green and blue,
// as Decode does.
func Convert(dst *Image, src image.Image) (err error) {
	if src == nil || src.Bounds().Empty() {
		return errors.New("image without pixels")
	}
	defer func() {
		if r := recover(); r != nil { // its fields do not fit each other
			err = errors.Errorf("image %v cannot be read: %v", src.Bounds(), r)
		}
	}()
	convertRGB(dst, src)
	return nil
}

const (
	pngMagic  = "\x89PNG\r\n\x1a\n"
	jpegMagic = "\xff\xd8\xff"
)

// codec decodes one image format.
type codec struct {
	name  string
	magic string
	// open reads a file up to the size of its image.
	open func(io.Reader) (p picture, width, height int, err error)
}

// picture is a file of which the header was read.
type picture interface {
	// decode makes dst its colours.
	decode(dst *Image) error
}

var codecs = []codec{
	{"JPEG", jpegMagic, openJPEG},
	{"PNG", pngMagic, openPNG},
}

// pngPicture is a PNG file of which the header was read.
type pngPicture struct{ whole io.Reader }

func openPNG(in io.Reader) (picture, int, int, error) {
	var head recorder
	head.begin(in)
	c, err := png.DecodeConfig(&head)
	return pngPicture{io.MultiReader(bytes.NewReader(head.bytes), in)}, c.Width, c.Height, err
}

func (p pngPicture) decode(dst *Image) error {
	img, err := png.Decode(p.whole)
	if err == nil {
		convertRGB(dst, img)
	}
	return err
}

// imageFormat returns the codec for a file that begins with head, or nil.
func imageFormat(head []byte) *codec {
	for i := range codecs {
		if bytes.HasPrefix(head, []byte(codecs[i].magic)) {
			return &codecs[i]
		}
	}
	return nil
}

// convertRGB makes dst the colours of src, without its alpha.
func convertRGB(dst *Image, src image.Image) {
	b := src.Bounds()
	dst.Reset(3, b.Dy(), b.Dx())
	r, g, bl := dst.Plane(0), dst.Plane(1), dst.Plane(2)
	// samples copies channels that lie at their offsets in every step bytes.
	samples := func(pix []uint8, stride, step, gAt, bAt int) {
		for y, i := 0, 0; y < dst.H; y++ {
			row := pix[y*stride:]
			for x := 0; x < dst.W; x++ {
				p := row[x*step:]
				r[i], g[i], bl[i] = p[0], p[gAt], p[bAt]
				i++
			}
		}
	}
	switch s := src.(type) {
	case *image.Gray:
		samples(s.Pix, s.Stride, 1, 0, 0)
	case *image.Gray16: // samples are big-endian: the upper byte comes first
		samples(s.Pix, s.Stride, 2, 0, 0)
	case *image.RGBA:
		samples(s.Pix, s.Stride, 4, 1, 2)
	case *image.NRGBA:
		samples(s.Pix, s.Stride, 4, 1, 2)
	case *image.RGBA64:
		samples(s.Pix, s.Stride, 8, 2, 4)
	case *image.NRGBA64:
		samples(s.Pix, s.Stride, 8, 2, 4)
	case *image.Paletted:
		convertPaletted(dst, s)
	case *image.CMYK:
		convertCMYK(dst, s)
	case *image.YCbCr:
		if b.Min.X%4 != 0 || b.Min.Y%4 != 0 {
			convertAny(dst, src) // a part that may begin within a sample of colour
			return
		}
		convertYCbCr(dst, s)
	default:
		convertAny(dst, src)
	}
}

// convertAny is convertRGB for images of any type.
func convertAny(dst *Image, src image.Image) {
	b := src.Bounds()
	r, g, bl := dst.Plane(0), dst.Plane(1), dst.Plane(2)
	for y, i := 0, 0; y < dst.H; y++ {
		for x := 0; x < dst.W; x++ {
			c := straight(src.At(b.Min.X+x, b.Min.Y+y))
			r[i], g[i], bl[i] = c.R, c.G, c.B
			i++
		}
	}
}

// straight returns a colour that is not multiplied by its alpha.
func straight(c color.Color) color.NRGBA {
	return color.NRGBAModel.Convert(c).(color.NRGBA)
}

func convertPaletted(dst *Image, s *image.Paletted) {
	var table [256]color.NRGBA
	for i, c := range s.Palette {
		table[i] = straight(c)
	}
	r, g, b := dst.Plane(0), dst.Plane(1), dst.Plane(2)
	for y, i := 0, 0; y < dst.H; y++ {
		for _, v := range s.Pix[y*s.Stride:][:dst.W] {
			c := table[v]
			r[i], g[i], b[i] = c.R, c.G, c.B
			i++
		}
	}
}

// convertCMYK paints ink on white as Pillow does.
func convertCMYK(dst *Image, s *image.CMYK) {
	r, g, b := dst.Plane(0), dst.Plane(1), dst.Plane(2)
	for y, i := 0, 0; y < dst.H; y++ {
		row := s.Pix[y*s.Stride:]
		for x := range dst.W {
			ink := row[4*x:]
			light := 255 - ink[3]
			r[i], g[i], b[i] = jpeg.Under(ink[0], light), jpeg.Under(ink[1], light), jpeg.Under(ink[2], light)
			i++
		}
	}
}
