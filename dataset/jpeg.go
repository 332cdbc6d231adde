package dataset

import (
	"io"
	"sync"

	"github.com/gorgonia-zoo/modelzoo/internal/jpeg"
)

// jpegPicture is a JPEG file of which the header was read.
type jpegPicture struct {
	decoder jpeg.Decoder
	head    recorder
}

// jpegPictures are those that are not in use, with their memory.
var jpegPictures = sync.Pool{New: func() any { return new(jpegPicture) }}

func openJPEG(in io.Reader) (picture, int, int, error) {
	p := jpegPictures.Get().(*jpegPicture)
	p.head.begin(in)
	width, height, err := p.decoder.Open(&p.head)
	p.head.stop()
	return p, width, height, err
}

// decode turns the picture upright.
func (p *jpegPicture) decode(dst *Image) error {
	img, err := p.decoder.Decode()
	if err != nil {
		return err
	}
	dst.Reset(3, img.Height, img.Width)
	img.RGB(dst.Plane(0), dst.Plane(1), dst.Plane(2))
	dst.orient(jpegOrientation(p.head.bytes))
	p.head.in = nil
	jpegPictures.Put(p)
	return nil
}
