package jpeg

// RGB writes the colours of the image, row after row, as Pillow's convert("RGB") makes
// them: inks are taken for inverted, as Adobe's programs write them, and black is
// drawn over the others.
func (m *Image) RGB(r, g, b []uint8) {
	for i := range m.Planes {
		m.upsamplers[i].begin(&m.Planes[i])
	}
	var rows [4][]uint8
	convert := converters[m.Color]
	for y := range m.Height {
		for i := range m.Planes {
			rows[i] = m.upsamplers[i].row(y)[:m.Width]
		}
		at := y * m.Width
		convert(r[at:][:m.Width], g[at:][:m.Width], b[at:][:m.Width], &rows)
	}
}

// converters make a row of colours of the rows of an image's planes.
var converters = [...]func(r, g, b []uint8, rows *[4][]uint8){
	Gray: func(r, g, b []uint8, rows *[4][]uint8) {
		copy(r, rows[0])
		copy(g, rows[0])
		copy(b, rows[0])
	},
	RGB: func(r, g, b []uint8, rows *[4][]uint8) {
		copy(r, rows[0])
		copy(g, rows[1])
		copy(b, rows[2])
	},
	YCbCr: func(r, g, b []uint8, rows *[4][]uint8) {
		colours(r, g, b, rows[0], rows[1], rows[2])
	},
	CMYK: func(r, g, b []uint8, rows *[4][]uint8) {
		for x, light := range rows[3] {
			r[x], g[x], b[x] = Under(255-rows[0][x], light), Under(255-rows[1][x], light), Under(255-rows[2][x], light)
		}
	},
	YCCK: func(r, g, b []uint8, rows *[4][]uint8) {
		colours(r, g, b, rows[0], rows[1], rows[2])
		for x, light := range rows[3] {
			r[x], g[x], b[x] = Under(r[x], light), Under(g[x], light), Under(b[x], light)
		}
	},
}

// Under is the light that an ink lets through of what black has left.
func Under(ink, light uint8) uint8 {
	v := uint32(ink)*uint32(light) + 128
	return uint8(uint32(light) - (v+v>>8)>>8)
}

// coloursGo is the JFIF conversion, R = Y + 1.402 (Cr-128) and so on, in 16-bit fixed
// point, with the products looked up.
func coloursGo(r, g, b, y, cb, cr []uint8) {
	n := len(r)
	g, b, y, cb, cr = g[:n], b[:n], y[:n], cb[:n], cr[:n]
	for x := range r {
		l, u, v := int32(y[x]), cb[x], cr[x]
		r[x] = clip(l + products[v].r)
		g[x] = clip(l + (products[u].gu+products[v].gv)>>16)
		b[x] = clip(l + products[u].b)
	}
}

// products are what a sample of colour adds.
var products = func() (t [256]struct{ r, gu, gv, b int32 }) {
	const half = 1 << 15
	for i := range t {
		v := int32(i) - 128
		t[i].r, t[i].b = (91881*v+half)>>16, (116130*v+half)>>16
		t[i].gu, t[i].gv = -22554*v, -46802*v+half
	}
	return t
}()

func clip(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
