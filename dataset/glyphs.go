package dataset

import (
	"image"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

const (
	glyphSide = 28

	// GlyphTrainLen and GlyphValLen are the lengths of glyphs unless others are
	// asked for: two or three epochs are a minute's training of ResNet-20 on
	// two cores.
	GlyphTrainLen = 12000
	GlyphValLen   = 2000

	// Mean and deviation of the training pixels, measured (see the test).
	glyphMean = 0.2029
	glyphStd  = 0.2081
)

// What is drawn at random for a glyph. Lengths are in pixels of the image.
const (
	glyphMinHeight = 12.0 // of the upright digit
	glyphMaxHeight = 22.0
	glyphStretch   = 0.25 // width by a factor of 1-x to 1+x
	glyphRotation  = 0.35 // radians to either side
	glyphShear     = 0.3  // x per y to either side
	glyphShift     = 3.0  // of the centre in x and in y to either side
	glyphThin      = -0.3 // movement of the outline, to the outside
	glyphBold      = 0.7
	glyphMinInk    = 0.45 // light of the ink, 1 is white
	glyphMaxPaper  = 0.25 // light of the paper
	glyphMaxNoise  = 0.12 // deviation of the noise
)

// Glyphs is an endless source of 28x28 grey images of the digits 0 to 9, light
// on dark as MNIST's, of which it shows a part: they are drawn when asked for
// from the twelve Go fonts (golang.org/x/image/font/gofont), with a random
// affine map, stroke weight, ink, paper and noise.
//
// Image i depends on nothing but the seed, the split and i: it is the same
// whatever the length, and the images of two splits are drawn from generators
// that never meet. Its label is i modulo 10, so that classes are balanced.
type Glyphs struct {
	seed    uint64
	purpose string // names the generators of the split
	length  int
	shapes  [][]glyph
}

func openGlyphs(_ *kind, _ string, o Options) (train, val Dataset, err error) {
	if o.TrainLen == 0 {
		o.TrainLen = GlyphTrainLen
	}
	if o.ValLen == 0 {
		o.ValLen = GlyphValLen
	}
	if train, err = NewGlyphs(o.Seed, "train", o.TrainLen); err != nil {
		return nil, nil, err
	}
	if val, err = NewGlyphs(o.Seed, "val", o.ValLen); err != nil {
		return nil, nil, err
	}
	return train, val, nil
}

// NewGlyphs returns the first length images of a split, which may have any
// name: "train" and "val" are those of Open.
func NewGlyphs(seed uint64, split string, length int) (*Glyphs, error) {
	if length < 1 {
		return nil, errors.Errorf("glyphs: %d images: want at least 1", length)
	}
	shapes, err := glyphShapes()
	if err != nil {
		return nil, err
	}
	return &Glyphs{seed, "glyphs/" + split, length, shapes}, nil
}

// Len returns the number of images.
func (d *Glyphs) Len() int { return d.length }

// Classes returns the ten digits.
func (d *Glyphs) Classes() []string { return digits }

// Shape returns (1, 28, 28).
func (d *Glyphs) Shape() (c, h, w int) { return 1, glyphSide, glyphSide }

// Get draws image i.
func (d *Glyphs) Get(i int, dst *Image) (label int, err error) {
	if err := checkIndex(i, d.length); err != nil {
		return 0, err
	}
	label = i % len(digits)
	r := rand.New(rng.New(d.seed, d.purpose, uint64(i)))
	face := d.shapes[r.IntN(len(d.shapes))]
	dst.Reset(1, glyphSide, glyphSide)
	fillGlyph(dst.Pix, face[label], drawPose(r))
	develop(dst.Pix, r)
	return label, nil
}

// pose is how a glyph lies in the image.
type pose struct {
	a, b, c, d float64 // linear part: x' = a x + b y, y' = c x + d y
	x, y       float64 // where its centre goes
	weight     float64 // movement of the outline to the outside
}

// drawPose draws a pose for a glyph of height 1 with its centre at the origin.
func drawPose(r *rand.Rand) pose {
	height := uniform(r, glyphMinHeight, glyphMaxHeight)
	width := height * uniform(r, 1-glyphStretch, 1+glyphStretch)
	shear := uniform(r, -glyphShear, glyphShear)
	sin, cos := math.Sincos(uniform(r, -glyphRotation, glyphRotation))
	return pose{
		// Rotation of (shear of (scaling)).
		a: width * cos, b: height * (shear*cos - sin),
		c: width * sin, d: height * (shear*sin + cos),
		x:      glyphSide/2 + uniform(r, -glyphShift, glyphShift),
		y:      glyphSide/2 + uniform(r, -glyphShift, glyphShift),
		weight: uniform(r, glyphThin, glyphBold),
	}
}

// place returns a contour of a glyph as it lies in the image, its outline moved
// by the weight.
func (p pose) place(dst []point, contour []point) []point {
	for _, q := range contour {
		dst = append(dst, point{p.a*q.x + p.b*q.y + p.x, p.c*q.x + p.d*q.y + p.y})
	}
	return embolden(dst, p.weight)
}

// rasterizer is what drawing needs: kept, as images are drawn by the thousand.
type rasterizer struct {
	vector.Rasterizer
	points []point
}

var rasterizers = sync.Pool{New: func() any { return new(rasterizer) }}

// fillGlyph writes how much of each pixel the glyph covers, 255 for all of it.
func fillGlyph(pix []uint8, g glyph, p pose) {
	z := rasterizers.Get().(*rasterizer)
	defer rasterizers.Put(z)
	z.Reset(glyphSide, glyphSide)
	z.DrawOp = draw.Src
	for _, contour := range g {
		z.points = p.place(z.points[:0], contour)
		last := z.points[len(z.points)-1]
		z.MoveTo(float32(last.x), float32(last.y))
		for _, q := range z.points {
			z.LineTo(float32(q.x), float32(q.y))
		}
	}
	r := image.Rect(0, 0, glyphSide, glyphSide)
	z.Draw(&image.Alpha{Pix: pix, Stride: glyphSide, Rect: r}, r, image.Opaque, image.Point{})
}

// develop turns coverage into light: paper, ink and noise.
func develop(pix []uint8, r *rand.Rand) {
	ink := 255 * uniform(r, glyphMinInk, 1)
	paper := 255 * uniform(r, 0, glyphMaxPaper)
	noise := 255 * uniform(r, 0, glyphMaxNoise)
	for i, v := range pix {
		cover := float64(v) / 255
		light := paper + float64((ink-paper)*cover) + float64(noise*r.NormFloat64())
		pix[i] = uint8(min(max(math.Round(light), 0), 255))
	}
}
