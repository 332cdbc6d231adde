package dataset

import "github.com/gorgonia-zoo/modelzoo/internal/jpeg"

// convertJPEG makes dst the colours of a JPEG image, as Pillow's convert("RGB")
// does: inks are taken for inverted, as Adobe's programs write them, and black is
// drawn over the others.
func convertJPEG(dst *Image, s *jpeg.Image) {
	dst.Reset(3, s.Height, s.Width)
	rows := make([][]uint8, len(s.Planes))
	ups := make([]*upsampler, len(s.Planes))
	for i := range s.Planes {
		p := &s.Planes[i]
		ups[i] = newUpsampler(p.Stride, p.W, p.H, p.XRatio, p.YRatio)
		rows[i] = make([]uint8, ups[i].outWidth())
	}
	convert := converters[s.Color]
	for y := range dst.H {
		for i := range s.Planes {
			if p := &s.Planes[i]; p.XRatio == 1 && p.YRatio == 1 {
				rows[i] = p.Pix[y*p.Stride:][:dst.W]
			} else {
				ups[i].row(rows[i], p.Pix, y)
			}
		}
		at := y * dst.W
		convert(dst.Plane(0)[at:][:dst.W], dst.Plane(1)[at:][:dst.W], dst.Plane(2)[at:][:dst.W], rows)
	}
}

// converters make a row of colours of the rows of an image's planes.
var converters = map[jpeg.Color]func(r, g, b []uint8, rows [][]uint8){
	jpeg.Gray: func(r, g, b []uint8, rows [][]uint8) {
		copy(r, rows[0])
		copy(g, rows[0])
		copy(b, rows[0])
	},
	jpeg.RGB: func(r, g, b []uint8, rows [][]uint8) {
		copy(r, rows[0])
		copy(g, rows[1])
		copy(b, rows[2])
	},
	jpeg.YCbCr: func(r, g, b []uint8, rows [][]uint8) {
		luma, cb, cr := rows[0][:len(r)], rows[1][:len(r)], rows[2][:len(r)]
		g, b = g[:len(r)], b[:len(r)]
		for x := range r {
			r[x], g[x], b[x] = ycbcrToRGB(luma[x], cb[x], cr[x])
		}
	},
	jpeg.CMYK: func(r, g, b []uint8, rows [][]uint8) {
		for x := range r {
			light := rows[3][x]
			r[x], g[x], b[x] = under(255-rows[0][x], light), under(255-rows[1][x], light), under(255-rows[2][x], light)
		}
	},
	jpeg.YCCK: func(r, g, b []uint8, rows [][]uint8) {
		for x := range r {
			c, m, y := ycbcrToRGB(rows[0][x], rows[1][x], rows[2][x])
			light := rows[3][x]
			r[x], g[x], b[x] = under(c, light), under(m, light), under(y, light)
		}
	},
}

// under is the light that an ink lets through of what black has left.
func under(ink, light uint8) uint8 {
	v := uint32(ink)*uint32(light) + 128
	return uint8(uint32(light) - (v+v>>8)>>8)
}
