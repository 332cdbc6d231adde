package dataset

import (
	"math"
	"slices"
	"sync"

	"github.com/pkg/errors"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/gofont/gosmallcaps"
	"golang.org/x/image/font/gofont/gosmallcapsitalic"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// goFonts are all faces of the Go fonts. Their order is part of what a seed
// means.
var goFonts = [][]byte{
	goregular.TTF, goitalic.TTF, gomedium.TTF, gomediumitalic.TTF, gobold.TTF, gobolditalic.TTF,
	gomono.TTF, gomonoitalic.TTF, gomonobold.TTF, gomonobolditalic.TTF,
	gosmallcaps.TTF, gosmallcapsitalic.TTF,
}

type point struct{ x, y float64 }

// glyph is the outline of a digit: closed polygons, y downwards, its height 1
// and the centre of its bounding box at the origin. What lies to the right of
// an edge, on the screen, is inside.
type glyph [][]point

// glyphShapes returns the ten digits of every face.
var glyphShapes = sync.OnceValues(func() ([][]glyph, error) {
	faces := make([][]glyph, len(goFonts))
	for i, ttf := range goFonts {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			return nil, errors.WithMessage(err, "Go font")
		}
		for digit := '0'; digit <= '9'; digit++ {
			g, err := outline(f, digit)
			if err != nil {
				return nil, errors.WithMessagef(err, "Go font: digit %c", digit)
			}
			faces[i] = append(faces[i], g)
		}
	}
	return faces, nil
})

// outline loads a glyph and brings it to its size and place.
func outline(f *sfnt.Font, r rune) (glyph, error) {
	var buf sfnt.Buffer
	index, err := f.GlyphIndex(&buf, r)
	if err != nil {
		return nil, err
	}
	segments, err := f.LoadGlyph(&buf, index, fixed.I(int(f.UnitsPerEm())), nil)
	if err != nil {
		return nil, err
	}
	g := flatten(segments)
	if len(g) == 0 {
		return nil, errors.New("the glyph is empty")
	}
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range slices.Concat(g...) {
		lo = point{min(lo.x, p.x), min(lo.y, p.y)}
		hi = point{max(hi.x, p.x), max(hi.y, p.y)}
	}
	height := hi.y - lo.y
	for _, contour := range g {
		for i, p := range contour {
			contour[i] = point{(p.x - (lo.x+hi.x)/2) / height, (p.y - (lo.y+hi.y)/2) / height}
		}
	}
	return g, nil
}

// curvePoints is how many pieces a curve is cut into: enough for 28 pixels.
const curvePoints = 4

// flatten turns the lines and curves of a glyph into polygons.
func flatten(segments sfnt.Segments) glyph {
	var g glyph
	var contour []point
	end := func() {
		if n := len(contour); n > 1 && contour[0] == contour[n-1] {
			contour = contour[:n-1]
		}
		if len(contour) > 2 {
			g = append(g, contour)
		}
		contour = nil
	}
	add := func(p point) {
		if n := len(contour); n == 0 || contour[n-1] != p {
			contour = append(contour, p)
		}
	}
	for _, s := range segments {
		var arg [3]point
		for i, a := range s.Args {
			arg[i] = point{float64(a.X), float64(a.Y)}
		}
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			end()
			add(arg[0])
		case sfnt.SegmentOpLineTo:
			add(arg[0])
		default: // the Go fonts are TrueType: all curves are quadratic
			from := contour[len(contour)-1]
			for i := 1; i <= curvePoints; i++ {
				t := float64(i) / curvePoints
				u := 1 - t
				add(point{
					u*u*from.x + 2*u*t*arg[0].x + t*t*arg[1].x,
					u*u*from.y + 2*u*t*arg[0].y + t*t*arg[1].y,
				})
			}
		}
	}
	end()
	return g
}

// embolden moves the edges of a closed polygon by d to their left, on a screen
// with y downwards: to the outside of TrueType's outlines, which have their ink
// on the right, and so also into their holes. Corners are kept, but none is
// drawn out to more than miterLimit times d. It works in place.
func embolden(contour []point, d float64) []point {
	const miterLimit = 2
	n := len(contour)
	first, before := contour[0], contour[n-1]
	in := direction(before, first)
	for i, p := range contour {
		next := first
		if i+1 < n {
			next = contour[i+1]
		}
		out := direction(p, next)
		// The corner moves along the sum of the two normals, and so far that
		// both edges move by d.
		x, y := in.y+out.y, -in.x-out.x
		scale := d * miterLimit
		if length := x*x + y*y; length > 0 {
			scale = min(2/length, miterLimit/math.Sqrt(length)) * d
		}
		contour[i] = point{p.x + scale*x, p.y + scale*y}
		in = out
	}
	return contour
}

// direction returns the unit vector from a to b.
func direction(a, b point) point {
	x, y := b.x-a.x, b.y-a.y
	if length := math.Hypot(x, y); length > 0 {
		return point{x / length, y / length}
	}
	return point{}
}
